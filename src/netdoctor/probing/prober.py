"""What sends probes: probe pods in a cluster, or namespaces of the embedded lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from netdoctor.model.probe import NotTested, Observed, ProbePod


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """What came back. Every probe of the plan is either among `observed` or counted in `not_tested`.

    The positions in `observed` are those that the pods really took: a label that had to be left out is not there.
    `warnings` are sentences about what differs from the plan, `notes` about what stays in the cluster as it was asked
    for. Untrusted text.
    """

    observed: tuple[Observed, ...]
    not_tested: tuple[NotTested, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Prober(Protocol):
    """Sends the probes of a plan."""

    def run(self, pods: Sequence[ProbePod], progress: Callable[[str], None]) -> ProbeRun:
        """Run all pods and wait for them; `progress` gets one line at a time for the person who waits.

        Leaves nothing behind, whether it returns or raises.

        Raises:
            KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP came, and everything has been removed.
        """
        ...
