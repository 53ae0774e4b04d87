"""``testapp LISTENER...``: opens every listener, says so on stderr, and serves until SIGTERM or SIGINT.

A listener is ``http:PORT``, ``tcp:PORT``, ``udp:PORT`` or ``tls:PORT``, with ``@ADDRESS`` behind it to bind one
address; ``sleep`` listens nowhere. Environment: POD_NAME; for tls TLS_NAMES, TLS_EXPIRED, TLS_DIR.
Exit code 2 on a bad argument, 1 when a listener cannot be opened.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

from . import echo, web
from .listener import BadArgumentError, Listener, bind, parse

_STACK = 256 * 1024  # bytes for each connection's thread; the default would be 8 MiB of address space
_STOP = {signal.SIGTERM, signal.SIGINT}


def main(arguments: list[str]) -> int:
    """Serves until stopped; returns the exit code."""
    threading.stack_size(_STACK)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)  # before any thread: the signal is for sigwait below
    try:
        listeners = parse(arguments)
        opened = [(listener, bind(listener), _server(listener)) for listener in listeners]
    except BadArgumentError as error:
        return _fail(2, str(error))
    except OSError as error:
        return _fail(1, str(error))
    for listener, sock, serve in opened:
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        _say(f"listening on {listener}")
    if not opened:
        _say("listening nowhere")
    signal.sigwait(_STOP)
    os._exit(0)  # at once: connections in progress are not waited for


def _server(listener: Listener) -> Callable[[socket.socket], None]:
    if listener.protocol == "udp":
        return echo.serve_udp
    if listener.protocol == "tcp":
        return lambda sock: echo.accept(sock, echo.talk)
    if listener.protocol == "http":
        return lambda sock: echo.accept(sock, web.talk)
    from . import tls  # noqa: PLC0415  loading ssl costs 4 MB, and most pods do not need it

    context = tls.context()
    return lambda sock: echo.accept(sock, lambda connection: tls.talk(connection, context))


def _fail(code: int, text: str) -> int:
    _say(text)
    return code


def _say(text: str) -> None:
    print(f"testapp: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
