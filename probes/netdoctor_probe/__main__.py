"""``python -m netdoctor_probe [--plan FILE]``: reads a plan, prints observations as JSON lines.

The plan comes from FILE (``-`` is stdin), else from the environment variable NETDOCTOR_PLAN. Exit code 0 when
every probe has its observation, whatever it says; 2 when there is no valid plan.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from netdoctor_probe import agent
from netdoctor_probe.wire import Observation, WireError, decode_plan, encode_end, encode_observation


def main(arguments: list[str]) -> int:
    """Runs the plan that the arguments or the environment name; returns the exit code."""
    # Process 1 of a container ignores a signal without a handler: the pod would linger for its grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    try:
        plan = decode_plan(_plan_text(arguments))
    except (WireError, OSError, UnicodeDecodeError) as error:
        print(f"netdoctor_probe: {error}", file=sys.stderr)
        return 2
    count = 0

    def emit(observation: Observation) -> None:
        nonlocal count
        count += 1
        print(encode_observation(observation), flush=True)

    agent.run(plan, emit)
    print(encode_end(count), flush=True)
    return 0


def _plan_text(arguments: list[str]) -> str:
    match arguments:
        case ["--plan", "-"]:
            return sys.stdin.read()
        case ["--plan", file]:
            return Path(file).read_text(encoding="utf-8")
        case [] if "NETDOCTOR_PLAN" in os.environ:
            return os.environ["NETDOCTOR_PLAN"]
        case []:
            raise WireError("no plan: set NETDOCTOR_PLAN, or give --plan FILE")
        case _:
            raise WireError(f"unknown arguments {' '.join(arguments)}: only --plan FILE is known")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
