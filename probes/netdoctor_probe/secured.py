"""A TLS connection over a probe's own socket: the standard library's TLS between two buffers in memory."""

from __future__ import annotations

import os
import socket
import ssl
from functools import lru_cache
from pathlib import Path

from netdoctor_probe import tcp
from netdoctor_probe.attempt import EndedError
from netdoctor_probe.loop import Task
from netdoctor_probe.text import printable
from netdoctor_probe.wire import Outcome

_PART = 65536
_SHOWN = 256
_RECORD_TYPES = range(0x14, 0x18)  # of TLS records (RFC 8446, 5.1); what begins otherwise is another protocol


class NotVerifiedError(Exception):
    """The certificate chain was refused: OpenSSL's code and words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@lru_cache
def unverified() -> ssl.SSLContext:
    """A client that takes any certificate, to read it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache
def verifying(ca: str) -> ssl.SSLContext:
    """A client that verifies chains, but no names: with these CA certificates (PEM), or the system's.

    Raises EndedError where they are no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # clusters' own CAs rarely pass it, and few clients ask for it
    if not ca:
        context.load_default_certs()
        return context
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate CA will do as well
    try:
        context.load_verify_locations(cadata=ca)
    except (ssl.SSLError, ValueError) as error:
        raise EndedError(Outcome.ERROR, because=f"the CA certificates cannot be used: {error}") from error
    return context


def has_roots() -> bool:
    """Whether this system has root certificates at all: small images have none."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None and Path(paths.cafile).is_file():
        return True
    return paths.capath is not None and any(os.scandir(paths.capath))


class Connection:
    """TLS over a connected socket, which it does not close."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, name: str) -> None:
        """`name` is what the server is told (SNI); an address is not told. Raises EndedError for what is neither."""
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._answered = False
        self._reset: EndedError | None = None
        try:
            self._tls = context.wrap_bio(self._in, self._out, server_hostname=name.rstrip(".") or None)
        except ValueError as error:
            raise EndedError(Outcome.ERROR, because=f"no name that TLS can send: {error}") from error

    @property
    def version(self) -> str:
        """``TLSv1.3``."""
        return self._tls.version() or ""

    def handshake(self, until: float) -> Task[None]:
        """Shakes hands.

        Raises:
            NotVerifiedError: the chain was refused.
            EndedError: tlsError for what else went wrong, badResponse for what is not TLS; and those of `tcp`.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                yield from self._more(until)
            except ssl.SSLCertVerificationError as error:
                self._flush()  # the alert, so that the server can tell its own log
                raise NotVerifiedError(error.verify_code, error.verify_message) from error
            except ssl.SSLError as error:
                raise failure(error) from error
            else:
                self._flush()
                return

    def send(self, data: bytes) -> None:
        """Sends a small request. A reset is told by `receive`: the alert that says why may have come before it."""
        self._tls.write(data)
        try:
            self._flush()
        except EndedError as ended:
            self._reset = ended

    def receive(self, until: float) -> Task[bytes]:
        """The next bytes; empty at the end, announced or not. Raises EndedError as `tcp.receive`, and tlsError."""
        while True:
            try:
                return self._tls.read(_PART)
            except ssl.SSLWantReadError:
                yield from self._more(until, at_end=True)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise failure(error) from error

    def chain(self) -> tuple[bytes, ...]:
        """The certificates as the server sent them, its own first (DER).

        Python 3.11 has the whole chain below its public API only; where it is not there, the server's own is all.
        """
        leaf = self._tls.getpeercert(binary_form=True)
        below = getattr(self._tls, "_sslobj", None)
        try:
            sent = below.get_unverified_chain() if below is not None else None
            return tuple(one if isinstance(one, bytes) else _encoded(one) for one in sent or ())
        except (AttributeError, TypeError):
            return (leaf,) if leaf else ()

    def _more(self, until: float, *, at_end: bool = False) -> Task[None]:
        self._flush()
        data = yield from tcp.receive(self._sock, _PART, until)
        if not data and self._reset:
            raise self._reset
        if not data and not at_end:
            raise EndedError(Outcome.BAD_RESPONSE, because="the server closed the connection in the TLS handshake")
        if data and not self._answered and data[0] not in _RECORD_TYPES:
            raise EndedError(Outcome.BAD_RESPONSE, because="the answer is not TLS", reply=printable(data[:_SHOWN]))
        self._answered = True
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()

    def _flush(self) -> None:
        if self._out.pending:
            tcp.send(self._sock, self._out.read())


def _encoded(certificate: object) -> bytes:
    """A certificate of CPython's module below `ssl`; 1 is PEM there, 2 is DER."""
    return bytes(certificate.public_bytes(2))  # type: ignore[attr-defined]


def failure(error: ssl.SSLError) -> EndedError:
    """A TLS error: `reason` is OpenSSL's, such as TLSV1_ALERT_PROTOCOL_VERSION."""
    reason = error.reason or type(error).__name__
    return EndedError(Outcome.TLS_ERROR, because=reason.replace("_", " ").lower(), reason=reason)
