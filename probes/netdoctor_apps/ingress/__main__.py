"""``ingress --routes FILE http:PORT… https:PORT…``: proxies until SIGTERM or SIGINT.

FILE holds the JSON document that netdoctor.lab.ingress describes; a new version of it counts from the next request
on, and there are no routes until it is written. A port may have ``@ADDRESS`` behind it. Exit code 2 on a bad argument,
1 when FILE cannot be used, a port cannot be opened, or no certificate can be made.

``--watch-ingress-without-class``, which ingress-nginx knows, may come last: whoever writes FILE goes by it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from netdoctor_apps.reloading import Reloading
from netdoctor_apps.testapp import echo
from netdoctor_apps.testapp.listener import BadArgumentError, bind, parse
from netdoctor_apps.testapp.serving import Serve, fail, hold_signals, serve

from .certificates import Certificates
from .proxy import Client
from .table import Table, table_of
from .upstream import Upstreams

_NAME = "ingress"
_FOR_THE_WRITER = {"--watch-ingress-without-class"}


def main(arguments: list[str]) -> int:
    """Serves until stopped; returns the exit code."""
    hold_signals()
    try:
        file, places = _arguments(arguments)
        servers = _Servers(Reloading(file, table_of, missing=Table({}, ())))
        listeners = parse([f"tcp:{place}" for _, place in places])
        opened = [
            (f"{scheme}:{place}", bind(listener), servers.of(scheme))
            for (scheme, place), listener in zip(places, listeners, strict=True)
        ]
    except BadArgumentError as error:
        return fail(_NAME, 2, str(error))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return fail(_NAME, 1, str(error))
    return serve(_NAME, opened)


def _arguments(arguments: list[str]) -> tuple[Path, list[tuple[str, str]]]:
    match [argument for argument in arguments if argument not in _FOR_THE_WRITER]:
        case ["--routes", file, *listeners] if listeners:
            places = [(scheme, place) for scheme, _, place in (one.partition(":") for one in listeners)]
            for scheme, _ in places:
                if scheme not in {"http", "https"}:
                    raise BadArgumentError(f"{scheme!r}: a listener is http:PORT or https:PORT")
            return Path(file), places
    raise BadArgumentError("give --routes FILE, and http:PORT or https:PORT")


class _Servers:
    def __init__(self, table: Reloading[Table]) -> None:
        self._table = table
        self._upstreams = Upstreams()

    def of(self, scheme: str) -> Serve:
        if scheme == "http":
            return lambda sock: echo.accept(sock, self._plain)
        certificates = Certificates(self._table)
        return lambda sock: echo.accept(sock, lambda connection: self._secured(connection, certificates))

    def _plain(self, connection: socket.socket) -> None:
        Client(connection, self._table, self._upstreams, secured=False)

    def _secured(self, connection: socket.socket, certificates: Certificates) -> None:
        with certificates.default.wrap_socket(connection, server_side=True) as secured:
            Client(secured, self._table, self._upstreams, secured=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
