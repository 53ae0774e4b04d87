"""The last steps of a URL: the TLS handshake and the HTTP answer."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.diagnosis.case import Case
from netdoctor.diagnosis.seen_hop import seen_hop
from netdoctor.diagnosis.served import certificates_shown
from netdoctor.model.report import Hop
from netdoctor.path.path import Route
from netdoctor.probing.aims import Aim


def url_hops(case: Case, route: Route) -> Iterator[Hop]:
    """What certificate is shown, and what the URL says; of a port that is meant for TLS, the first only."""
    target = case.path.target
    if handshakes := case.of(Aim.TLS, route=route):
        shown = f" ({_list(certificates_shown(handshakes))})" if certificates_shown(handshakes) else ""
        yield seen_hop(f"TLS{shown}", f"a certificate for {target.host}", handshakes)
    if noted := certificates_shown(case.of(Aim.TLS_NOTED, route=route)):
        yield Hop(f"TLS {route.label}", "nothing: it was not asked for", _list(noted), ok=None)
    if requests := case.of(Aim.URL, route=route):
        statuses = {s.observed.observation.detail.get("status") for s in requests if s.ok} - {None}
        said = f" (HTTP status {', '.join(sorted(map(str, statuses)))})" if statuses else ""
        yield seen_hop(f"GET {target.text}{said}", "an HTTP answer", requests)


def _list(shown: tuple[str, ...]) -> str:
    return "; ".join(shown)
