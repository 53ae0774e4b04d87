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
    """The kind of an error first, so that it can be searched for."""
    if isinstance(error, socket.gaierror):
        again = error.errno == socket.EAI_AGAIN
        return "name not resolved: no DNS server answers" if again else "name not found"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, TimeoutError):
        return _WORDS[errno.ETIMEDOUT]
    if isinstance(error, OSError) and error.errno in _WORDS:
        return _WORDS[error.errno]
    if isinstance(error, http.client.RemoteDisconnected):
        return "connection closed without an answer"
    if isinstance(error, http.client.HTTPException):  # whose text may be what the server has sent
        return "no HTTP: what answers there speaks something else"
    return f"no answer: {str(error) or type(error).__name__}"
