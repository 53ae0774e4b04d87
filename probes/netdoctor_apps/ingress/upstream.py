"""The proxy's own requests, to endpoints in turn."""

from __future__ import annotations

import http.client
import itertools
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from .table import Backend

_CONNECT = 5.0  # seconds, as ingress-nginx's proxy-connect-timeout
_READ = 60.0  # seconds, as its proxy-read-timeout
_TRIES = 3  # as its proxy-next-upstream-tries

Send = Callable[[http.client.HTTPConnection], None]


class NoAnswerError(Exception):
    """There is no answer to pass on: the status that says so instead, and why."""

    def __init__(self, status: int, because: str) -> None:
        super().__init__(because)
        self.status = status


class Upstreams:
    """Connections to backends, whose endpoints take turns."""

    def __init__(self) -> None:
        self._turns: Mapping[str, Iterator[int]] = defaultdict(itertools.count)
        self._unverified = ssl.create_default_context()
        self._unverified.check_hostname = False
        self._unverified.verify_mode = ssl.CERT_NONE  # as ingress-nginx, which verifies only where it is told to

    def ask(self, backend: Backend, send: Send) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Sends a request to one endpoint after the other until one has answered; the caller closes the connection.

        Raises:
            NoAnswerError: none has.
        """
        if not backend.endpoints:
            raise NoAnswerError(backend.status, backend.because)
        failure = NoAnswerError(502, "")
        first = next(self._turns[backend.title])
        for number in range(min(_TRIES, len(backend.endpoints))):
            host, port = backend.endpoints[(first + number) % len(backend.endpoints)]
            connection = self._connection(backend, host, port)
            try:
                connection.connect()
                connection.sock.settimeout(_READ)
                send(connection)
                return connection, connection.getresponse()
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                failure = _failure(backend, f"{host}:{port}", error)
        raise failure

    def _connection(self, backend: Backend, host: str, port: int) -> http.client.HTTPConnection:
        if backend.tls:
            return http.client.HTTPSConnection(host, port, timeout=_CONNECT, context=self._unverified)
        return http.client.HTTPConnection(host, port, timeout=_CONNECT)


def _failure(backend: Backend, place: str, error: Exception) -> NoAnswerError:
    if isinstance(error, TimeoutError):
        return NoAnswerError(504, f"{place} of {backend.title} does not answer")
    because = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return NoAnswerError(502, f"{place} of {backend.title}: {because}")
