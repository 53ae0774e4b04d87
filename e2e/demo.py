"""`make demo`: three tiers that cannot talk, why, the repair, and the proof, in the embedded lab."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NETDOCTOR = str(Path(sys.executable).with_name("netdoctor"))
LAB = "policy-three-tiers"
NAME = f"demo-{os.getpid()}"
CHECK = ["netdoctor", "check", "svc/backend-api", "-n", "production", "--from", "deploy/frontend", "--lab", NAME]


def main() -> None:
    """Break, diagnose, repair, diagnose; nothing is left."""
    tell("Three tiers with one NetworkPolicy each, as in many a course")
    run(["netdoctor", "lab", "up", LAB, "--name", NAME])
    try:
        tell("The frontend does not reach its backend. Why?")
        run(CHECK, expected=1)
        tell("Do what it says")
        run(["netdoctor", "lab", "kubectl", NAME, *suggested_fix()])
        tell("And now?")
        run(CHECK)
    finally:
        tell("Clean up")
        run(["netdoctor", "lab", "down", NAME])


def tell(text: str) -> None:
    """A heading between the steps."""
    print(f"\n== {text}", flush=True)


def run(command: Sequence[str], expected: int = 0) -> None:
    """Show a command, run it, and end the demo where its exit code is not the expected one."""
    print(f"$ {shlex.join(command)}", flush=True)
    code = subprocess.run([NETDOCTOR, *command[1:]], check=False).returncode
    if code != expected:
        sys.exit(f"demo: exit code {code}, expected {expected}: {shlex.join(command)}")


def suggested_fix() -> list[str]:
    """What the first fix of the first cause gives kubectl to do, as a runbook would read it."""
    command = [NETDOCTOR, *CHECK[1:], "--quiet", "-o", "json"]
    report = subprocess.run(command, check=False, stdout=subprocess.PIPE).stdout
    return shlex.split(json.loads(report)["causes"][0]["fixes"][0]["command"])[1:]


if __name__ == "__main__":
    main()
