"""HTTPS: one GET over TLS, whatever the certificate, to see what is served there: `tls` judges certificates."""

from __future__ import annotations

from datetime import UTC, datetime

from netdoctor_probe import secured, tcp
from netdoctor_probe.attempt import Seen, repeated
from netdoctor_probe.certificate import rfc3339
from netdoctor_probe.http import request, response_from
from netdoctor_probe.kernel import local_address
from netdoctor_probe.loop import Task
from netdoctor_probe.secured import Connection
from netdoctor_probe.wire import Observation, Outcome, Probe


def run(probe: Probe) -> Task[Observation]:
    """Connects and shakes hands as `tls` does, without verifying; asks as `http` does. `probe.name` is SNI and Host.

    Detail: that of `http`, and clock = this machine's time (RFC 3339), to compare with the `date` header.
    Outcomes: ok = any valid HTTP/1 response, whatever its status; badResponse; tlsError; reset; and those of `tcp`.
    """
    context = secured.unverified()

    def attempt(until: float) -> Task[Seen]:
        with (yield from tcp.connect(probe.host, probe.port, until)) as sock:
            local = local_address(sock)
            connection = Connection(sock, context, probe.name or probe.host)
            yield from connection.handshake(until)
            connection.send(request(probe))
            response = yield from response_from(lambda: connection.receive(until))
        detail = {"localAddress": local, "clock": rfc3339(datetime.now(UTC)), **response.detail()}
        return Seen(Outcome.OK, probe.host, detail)

    return repeated(probe, attempt)
