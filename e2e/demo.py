"""`make demo`: three tiers that cannot talk, why, the repair, and the proof. Needs a cluster that is up."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from e2e.cluster import Cluster

MANIFESTS = Path(__file__).parent / "scenarios" / "policy-namespace-label-missing" / "manifests.yaml"
NETDOCTOR = str(Path(sys.executable).with_name("netdoctor"))
CHECK = ["netdoctor", "check", "svc/backend-api", "-n", "production", "--from", "deploy/frontend"]


def main() -> None:
    """Break, diagnose, repair, diagnose; the cluster is left as it was."""
    cluster = Cluster("policy")
    try:
        tell("Three tiers with one NetworkPolicy each, as in many a course")
        run(cluster, ["kubectl", "apply", "-f", str(MANIFESTS)])
        for tier in ("frontend", "backend-api", "database"):
            run(cluster, ["kubectl", "rollout", "status", f"deploy/{tier}", "-n", "production", "--timeout=120s"])
        tell("The frontend does not reach its backend. Why?")
        run(cluster, CHECK, expected=1)
        tell("Do what it says")
        run(cluster, suggested_fix(cluster))
        tell("And now?")
        run(cluster, CHECK)
    finally:
        tell("Clean up")
        run(cluster, ["kubectl", "delete", "-f", str(MANIFESTS), "--ignore-not-found"])


def tell(text: str) -> None:
    """A heading between the steps."""
    print(f"\n== {text}", flush=True)


def run(cluster: Cluster, command: Sequence[str], expected: int = 0) -> None:
    """Show a command, run it, and end the demo where its exit code is not the expected one."""
    print(f"$ {shlex.join(command)}", flush=True)
    code = subprocess.run(_inside(cluster, command), check=False).returncode
    if code != expected:
        sys.exit(f"demo: exit code {code}, expected {expected}: {shlex.join(command)}")


def suggested_fix(cluster: Cluster) -> list[str]:
    """The command of the first fix of the first cause, as a runbook would read it."""
    report = subprocess.run(
        _inside(cluster, [*CHECK, "--quiet", "-o", "json"]), check=False, stdout=subprocess.PIPE
    ).stdout
    return shlex.split(json.loads(report)["causes"][0]["fixes"][0]["command"])


def _inside(cluster: Cluster, command: Sequence[str]) -> list[str]:
    return cluster.command([NETDOCTOR if command[0] == "netdoctor" else command[0], *command[1:]])


if __name__ == "__main__":
    main()
