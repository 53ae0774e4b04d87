"""What a probe agent says of its plan, wherever it runs: line by line, as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netdoctor.model.probe import Observation, Observed, Position, Probe
from netdoctor_probe.wire import WireError, decode_line


@dataclass(slots=True)
class Heard:
    """The observations by their probe's id; `end` is of how many the agent says that they are all."""

    seen: dict[str, Observation] = field(default_factory=dict)
    end: int | None = None
    _words: str = ""  # the last line that is of something else: why it ended, mostly

    def take(self, line: str) -> None:
        """A line: an observation, the end, or words of something else that went wrong."""
        try:
            decoded = decode_line(line)
        except WireError:
            self._words = line.strip() or self._words
            return
        if isinstance(decoded, Observation):
            self.seen[decoded.id] = decoded
        else:
            self.end = decoded

    @property
    def last_words(self) -> str:
        """For the end of a sentence; empty where there are none. Untrusted text."""
        return f"; its last words: {self._words}" if self._words else ""

    def observed(
        self, probes: Sequence[Probe], position: Position, node: str | None = None, ip: str | None = None
    ) -> Iterator[Observed]:
        """What came back, in the plan's order; `node` and `ip` are where the agent ran."""
        for probe in probes:
            if observation := self.seen.get(probe.id):
                yield Observed(probe, position, observation, node, ip)

    def missing(self, probes: Sequence[Probe]) -> int:
        """How many of the plan's probes nothing was said of."""
        return sum(probe.id not in self.seen for probe in probes)
