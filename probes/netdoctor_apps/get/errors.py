"""Why there is no answer, in a few words."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl

_WORDS = {
    errno.ECONNREFUSED: "connection refused: nothing listens there, or something rejects it",
    errno.ETIMEDOUT: "timed out: nothing answers",
    errno.EHOSTUNREACH: "no route: the host is unreachable",
    errno.ENETUNREACH: "no route: the network is unreachable",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EACCES: "forbidden: something on the way prohibits it",
    errno.EPERM: "forbidden: this host's own packet filter prohibits it",
}


def words(error: Exception) -> str:
    """The kind of an error first, so that it can be searched for; nothing that a server has sent."""
    match error:
        case socket.gaierror():
            again = error.errno == socket.EAI_AGAIN
            found = "name not resolved: no DNS server answers" if again else "name not found"
        case ssl.SSLCertVerificationError():
            found = f"certificate not accepted: {error.verify_message}"
        case ssl.SSLError():
            found = f"no TLS: {(error.reason or str(error)).lower().replace('_', ' ')}"
        case TimeoutError():
            found = _WORDS[errno.ETIMEDOUT]
        case OSError(errno=int(number)) if number in _WORDS:
            found = _WORDS[number]
        case http.client.RemoteDisconnected():
            found = "connection closed without an answer"
        case http.client.HTTPException():
            found = "no HTTP: what answers there speaks something else"
        case _:
            found = f"no answer: {str(error) or type(error).__name__}"
    return found
