"""What `check` is asked for, and what it cannot be asked for together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netdoctor.cli.reading import Access
from netdoctor.model.errors import InputError
from netdoctor.probing.kube.options import ProbeOptions

NO_TARGET = "give one or more targets, or all Services with --all or -A"


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; without targets and `all_services`, the checks that a file has recorded.

    `timeout` (seconds) is of one probe's attempt, `samples` are None where nobody asks for a number; `ca_file` has
    certificates (PEM).
    """

    targets: tuple[str, ...]
    source: str | None
    namespace: str | None
    all_services: bool
    all_namespaces: bool
    save: str | None
    snapshot: str | None
    access: Access
    no_probe: bool
    dry_run: bool
    attach: bool
    timeout: float
    samples: int | None
    source_port: int
    ca_file: str | None
    options: ProbeOptions

    @property
    def probe(self) -> bool:
        """Whether anything is sent."""
        return not (self.no_probe or self.snapshot)

    def require_possible(self) -> None:
        """Raise InputError: what is asked for does not go together."""
        if not self.targets and not self.all_services and not (self.snapshot and not self.source):
            raise InputError(NO_TARGET, hint="netdoctor check svc/NAME")
        for because in self._impossible():
            raise InputError(because)

    def _impossible(self) -> Iterator[str]:
        if self.targets and self.all_services:
            yield NO_TARGET
        if not self.probe:
            of_probes = {
                "--attach": self.attach,
                "--samples": self.samples is not None,
                "--source-port": self.source_port,
                "--ca-file": self.ca_file,
            }
            why = "nothing is probed with --no-probe or --snapshot"
            yield from (f"{flag}: {why}" for flag, given in of_probes.items() if given)
        if self.snapshot and (self.access.context or self.access.kubeconfig):
            yield "--snapshot: a file needs no --context and no --kubeconfig"
        if self.access.lab and self.dry_run:
            yield "--dry-run: a lab makes no pods"
        if self.dry_run and self.save:
            yield "--save: nothing is seen with --dry-run"
