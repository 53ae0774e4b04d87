"""How large packets may be, as a step of the way."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis.case import Case
from netdoctor.model.probe import Outcome
from netdoctor.model.report import Hop
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim


def size_hops(case: Case, route: Route | None) -> Iterator[Hop]:
    """One for each sweep of sizes of which anything came."""
    for seen in case.of(Aim.PATH_MTU, route=route):
        detail = seen.observed.observation.detail
        if "mtu" not in detail or seen.aimed.backend is None:
            continue
        said = f"{detail['mtu']} bytes"
        if seen.outcome is Outcome.TIMEOUT:
            said += ", larger ones vanish"
        elif detail.get("tooBigFrom"):
            said += f", as {detail['tooBigFrom']} says"
        name = f"Packet size {seen.observed.node or 'source'} to {seen.aimed.backend.node}"
        yield Hop(name, f"{detail['localMTU']} bytes, or a word of how many", said, ok=seen.ok)
