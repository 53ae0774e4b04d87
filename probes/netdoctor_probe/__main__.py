"""``python -m netdoctor_probe [--plan FILE]``: reads a plan, prints observations as JSON lines.

The plan comes from FILE (``-`` is stdin), else from the environment variable NETDOCTOR_PLAN. Exit code 0 when
every probe has its observation, whatever it says; 2 when there is no valid plan.

``--serve PORT SECONDS`` answers at a port for so long, and ``--mesh NETWORK FILE SECONDS [MESSAGE]`` asks those who do:
the part in a mesh of the node that the environment variable NODE_NAME names. What it saw is one line, on stdout and in
the file MESSAGE, a container's terminationMessagePath. ``--idle SECONDS`` does nothing, beside a container that does
something.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from netdoctor_probe import agent
from netdoctor_probe.wire import Observation, WireError, decode_plan, encode_end, encode_observation


def main(arguments: list[str]) -> int:
    """Does what the arguments, or the environment, ask for; returns the exit code."""
    # Process 1 of a container ignores a signal without a handler: the pod would linger for its grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    match arguments:
        case ["--serve", port, seconds]:
            from netdoctor_probe.mesh.serve import serve  # noqa: PLC0415 - plans do without

            serve(int(port), float(seconds), lambda: print("serving", flush=True))
            return 0
        case ["--idle", seconds]:
            time.sleep(float(seconds))
            return 0
        case ["--mesh", network, file, seconds]:
            return _ask_peers(network, file, float(seconds))
        case ["--mesh", network, file, seconds, message]:
            return _ask_peers(network, file, float(seconds), message)
    return _run_plan(arguments)


def _ask_peers(network: str, file: str, seconds: float, message: str = "") -> int:
    from netdoctor_probe.mesh.document import decode_mesh, encode_said  # noqa: PLC0415
    from netdoctor_probe.mesh.member import ask_peers  # noqa: PLC0415

    try:
        mesh = decode_mesh(_text_of(file))
        said = encode_said(ask_peers(mesh, os.environ["NODE_NAME"], network, seconds))
    except (ValueError, KeyError, OSError) as error:
        print(f"netdoctor_probe: {error}", file=sys.stderr)
        return 2
    print(said, flush=True)
    if message:
        with suppress(OSError):  # then whoever waits for it says that it did not come
            Path(message).write_text(said, encoding="utf-8")
    return 0


def _run_plan(arguments: list[str]) -> int:
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
        case ["--plan", file]:
            return _text_of(file)
        case [] if "NETDOCTOR_PLAN" in os.environ:
            return os.environ["NETDOCTOR_PLAN"]
        case []:
            raise WireError("no plan: set NETDOCTOR_PLAN, or give --plan FILE")
        case _:
            raise WireError(f"unknown arguments {' '.join(arguments)}: only --plan FILE is known")


def _text_of(file: str) -> str:
    return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
