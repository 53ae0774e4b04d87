"""``python -m e2e.bench [--rounds N] [--wide SHARE] [--plugin NAME] [--size PODS/POLICIES]``: what processes cost.

CPU seconds and peak memory. Each command runs on synthetic clusters of growing size, from files; the least of several
rounds counts, since other work on the machine only ever adds. Printed beside it: by how much the cost grows for each
doubling of the pods, and of the classes of pods that policies tell apart; and how many times the program's start-up
it is.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from e2e.bench.clusters import Shape
from e2e.bench.files import Size, written
from netdoctor.scenarios.ask import NETDOCTOR

_SIZES = ("1000/500", "2000/500", "5000/1000", "10000/2000")
_HEAD = ("command", "input", "pods", "policies", "classes", "CPU s", "×2 pods", "×2 classes", "×start", "peak MB")
_WIDTHS = (20, 6, 7, 9, 8, 7, 8, 11, 7, 8)


@dataclass(frozen=True)
class Cost:
    """Of one process: user and system time together, and the most memory at a time."""

    seconds: float
    megabytes: float


Arguments = Callable[[Size], list[str]]


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wide", type=float, default=0.01, help="share of policies for the whole cluster")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", action="append", metavar="PODS/POLICIES", help="ascending; can be repeated")
    parser.add_argument("--plugin", choices=("calico", "cilium"), default="", help="whose policies a third are")
    options = parser.parse_args()
    start = _least(["version"], options.rounds)
    print(f"netdoctor version: {start.seconds:.2f} s CPU, {start.megabytes:.0f} MB (least of {options.rounds})")
    _print(_HEAD)
    with tempfile.TemporaryDirectory() as folder:
        pairs = (map(int, size.split("/")) for size in options.size or _SIZES)
        shapes = [Shape(pods, policies, options.wide, options.seed, options.plugin) for pods, policies in pairs]
        # Elsewhere, and one after the other: a process starts with the memory of the one that starts it.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
            sizes = list(elsewhere.map(partial(written, folder=Path(folder)), shapes))
        for name, form, among, arguments in _commands(sizes):
            before: tuple[Size, Cost] | None = None
            for size in among:
                plugin = options.plugin or "calico"
                cost = _least([*arguments(size), "--cni", plugin, "--snapshot", str(size.files[form])], options.rounds)
                _print_cost(name, form, size, cost, start, before)
                before = size, cost


def _commands(sizes: Sequence[Size]) -> Iterator[tuple[str, str, Sequence[Size], Arguments]]:
    """Name, form of input, on which clusters, and the arguments."""
    for form in ("yaml", "json"):
        yield "matrix", form, sizes, lambda _: ["matrix"]
        yield "matrix -o csv", form, sizes, lambda _: ["matrix", "-o", "csv"]
    yield "can (denied, fixes)", "json", sizes[-1:], lambda size: ["can", *size.denied]
    yield "matrix -o wide", "yaml", sizes[:1], lambda _: ["matrix", "-o", "wide"]
    yield "lint", "yaml", sizes[:1], lambda _: ["lint"]


def _least(arguments: Sequence[str], rounds: int) -> Cost:
    costs = [_cost(arguments) for _ in range(rounds)]
    return Cost(min(cost.seconds for cost in costs), min(cost.megabytes for cost in costs))


def _cost(arguments: Sequence[str]) -> Cost:
    """Of one run; a denied flow (1) is an answer, too.

    Raises:
        RuntimeError: the command failed.
    """
    process = subprocess.Popen([*NETDOCTOR, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"netdoctor {' '.join(arguments)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _print_cost(  # noqa: PLR0913, PLR0917 - a line of the table
    name: str, form: str, size: Size, cost: Cost, start: Cost, before: tuple[Size, Cost] | None
) -> None:
    of_pods = of_classes = ""
    if before:
        smaller, less = before
        of_pods = _per_doubling(less.seconds, cost.seconds, smaller.shape.pods, size.shape.pods)
        of_classes = _per_doubling(less.seconds, cost.seconds, smaller.classes, size.classes)
    counts = size.shape.pods, size.shape.policies, size.classes
    times = f"{cost.seconds:.2f}", of_pods, of_classes, f"{cost.seconds / start.seconds:.1f}", f"{cost.megabytes:.0f}"
    _print((name, form, *map(str, counts), *times))


def _per_doubling(less: float, more: float, smaller: int, bigger: int) -> str:
    return f"{(more / less) ** (1 / math.log2(bigger / smaller)):.2f}"


def _print(cells: Sequence[str]) -> None:
    line = "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
