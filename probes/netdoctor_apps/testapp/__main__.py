"""``testapp LISTENER...``: opens every listener, says so on stderr, and serves until SIGTERM or SIGINT.

A listener is ``http:PORT``, ``tcp:PORT``, ``udp:PORT`` or ``tls:PORT``, with ``@ADDRESS`` behind it to bind one
address; ``sleep`` listens nowhere. Environment: POD_NAME; HTTP_HOSTS, the hosts that http and tls serve (default: any);
for tls TLS_NAMES, TLS_EXPIRED=1, TLS_FROM (as 20900101000000Z), TLS_DIR, and TLS_PUBLISH, a file for the certificate.
For udp UDP_ONLY, with which the datagrams begin that are answered.
Exit code 2 on a bad argument, 1 when a listener cannot be opened.
"""

from __future__ import annotations

import sys

from . import echo, web
from .listener import BadArgumentError, Listener, bind, parse
from .serving import Serve, fail, hold_signals, serve

_NAME = "testapp"


def main(arguments: list[str]) -> int:
    """Serves until stopped; returns the exit code."""
    hold_signals()
    try:
        listeners = parse(arguments)
        opened = [(listener, bind(listener), _server(listener)) for listener in listeners]
    except BadArgumentError as error:
        return fail(_NAME, 2, str(error))
    except OSError as error:
        return fail(_NAME, 1, str(error))
    return serve(_NAME, opened)


def _server(listener: Listener) -> Serve:
    if listener.protocol == "udp":
        return echo.serve_udp
    if listener.protocol == "tcp":
        return lambda sock: echo.accept(sock, echo.talk)
    if listener.protocol == "http":
        return lambda sock: echo.accept(sock, web.talk)
    from . import tls  # noqa: PLC0415  loading ssl costs 4 MB, and most pods do not need it

    context = tls.context()
    return lambda sock: echo.accept(sock, lambda connection: tls.talk(connection, context))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
