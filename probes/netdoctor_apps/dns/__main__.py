"""``dns --zone FILE --listen PORT[@ADDRESS]``: answers over UDP and TCP until SIGTERM or SIGINT.

FILE holds the JSON document that netdoctor.lab.zone describes; a new version of it counts from the next query on.
Exit code 2 on a bad argument, 1 when FILE cannot be used or the port cannot be opened.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

import dns.name
import dns.rdatatype

from netdoctor_apps.reloading import Reloading
from netdoctor_apps.testapp import echo
from netdoctor_apps.testapp.listener import BadArgumentError, bind, parse
from netdoctor_apps.testapp.serving import Serve, fail, hold_signals, serve

from .message import Resolve, respond
from .records import Answer, answer
from .zone import Zone, zone_of

_NAME = "dns"
_IDLE = 10.0  # seconds after which CoreDNS ends a connection without a query


def main(arguments: list[str]) -> int:
    """Serves until stopped; returns the exit code."""
    hold_signals()
    try:
        file, place = _arguments(arguments)
        servers = _servers(Reloading(file, zone_of))
        listeners = parse([f"udp:{place}", f"tcp:{place}"])
        opened = [(listener, bind(listener), server) for listener, server in zip(listeners, servers, strict=True)]
    except BadArgumentError as error:
        return fail(_NAME, 2, str(error))
    except (OSError, ValueError) as error:
        return fail(_NAME, 1, str(error))
    return serve(_NAME, opened)


def _arguments(arguments: list[str]) -> tuple[Path, str]:
    match arguments:
        case ["--zone", file, "--listen", place] | ["--listen", place, "--zone", file]:
            return Path(file), place
    raise BadArgumentError("give --zone FILE --listen PORT[@ADDRESS]")


def _servers(zone: Reloading[Zone]) -> tuple[Serve, Serve]:
    """Over UDP, and over TCP."""

    def resolve(name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Answer:
        return answer(zone(), name, kind)

    def datagram(query: bytes, _: object) -> bytes:
        return respond(query, resolve, largest=echo.LARGEST_DATAGRAM)

    return (
        lambda sock: echo.answer_datagrams(sock, datagram),
        lambda sock: echo.accept(sock, lambda connection: _talk(connection, resolve)),
    )


def _talk(connection: socket.socket, resolve: Resolve) -> None:
    """Answers one query after the other, each behind its length (RFC 1035, 4.2.2)."""
    connection.settimeout(_IDLE)
    reader = connection.makefile("rb")
    while len(prefix := reader.read(2)) == 2:
        (length,) = struct.unpack("!H", prefix)
        reply = respond(reader.read(length), resolve)
        if not reply:
            return
        connection.sendall(struct.pack("!H", len(reply)) + reply)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
