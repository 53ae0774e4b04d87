"""Probe agents in the embedded lab: processes of this program, in namespaces that stand for their pods."""

from __future__ import annotations

import importlib
import os
import selectors
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from netdoctor.lab import kernel
from netdoctor.lab.client import Lab
from netdoctor.lab.place import Place

_AGENT = "netdoctor_probe.__main__"


@dataclass(slots=True)
class Agent:
    """One agent under way, and all that it has said."""

    process: int
    pipe: int
    said: bytes = b""


class Agents:
    """Those of one run. None of them outlives it, nor do the probe pods that the lab has made for it."""

    def __init__(self, lab: Lab, modules: Collection[str]) -> None:
        """`modules` are of the agent: loaded once, before there are many of it."""
        self._lab = lab
        self._all: list[Agent] = []
        for module in (_AGENT, *modules):
            importlib.import_module(module)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self._all:
            _end(agent)
        self._lab.release()

    def start(
        self, place: Place, arguments: Sequence[str], names: Mapping[str, str], stdin: str | None = None
    ) -> Agent:
        """Start one: with these arguments, variables beside those of this process, and what it is to read."""
        read, write = os.pipe()

        def run() -> int:
            if stdin is not None:
                document = os.memfd_create("stdin")
                os.write(document, stdin.encode())
                os.lseek(document, 0, os.SEEK_SET)
                os.dup2(document, 0)
            for standard in (1, 2):
                os.dup2(write, standard)
            kernel.close_files()
            os.environ.update(names)
            return int(importlib.import_module(_AGENT).main([*arguments]))

        process = self._lab.run(place, run)
        os.close(write)
        os.close(place.network)
        agent = Agent(process, read)
        self._all.append(agent)
        return agent


def follow(agents: Collection[Agent], seconds: float, done: Callable[[Agent], bool] = lambda _: False) -> None:
    """Read what all say until they are done or have ended; at most so many seconds."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for agent in agents:
            selector.register(agent.pipe, selectors.EVENT_READ, agent)
        while selector.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                part = os.read(key.fd, 1 << 16)
                key.data.said += part
                if not part or done(key.data):
                    selector.unregister(key.fd)


def _end(agent: Agent) -> None:
    """End an agent, if it has not ended: its last process dies with the one that is killed."""
    os.close(agent.pipe)
    ended, _ = os.waitpid(agent.process, os.WNOHANG)
    if not ended:
        os.kill(agent.process, 9)
        os.waitpid(agent.process, 0)
