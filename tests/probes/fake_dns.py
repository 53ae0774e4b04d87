"""A DNS server that answers from a table and remembers what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

#: Records as text, an error code, TC (truncated), LAME (a referral to nowhere), or None: no answer at all.
Answer: TypeAlias = list[str] | str | None
#: What to answer to a name (without its last dot), a type and a transport.
Table: TypeAlias = Callable[[str, str, str], Answer]
Asked: TypeAlias = tuple[str, str, str, str]  # server, name, type, transport


@dataclass(slots=True)
class _Server:
    table: Table
    address: str
    asked: list[Asked] = field(default_factory=list)

    def answer(self, wire: bytes, transport: str) -> bytes:
        query = dns.message.from_wire(wire)
        name, qtype = query.question[0].name.to_text(True), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((self.address, name, qtype, transport))
        found = self.table(name, qtype, transport)
        return b"" if found is None else message(query, found).to_wire()

    def serve_udp(self, sock: socket.socket) -> None:
        while True:
            wire, client = sock.recvfrom(4096)
            if not wire:  # shut down
                return
            if reply := self.answer(wire, "udp"):
                sock.sendto(reply, client)

    def serve_tcp(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = sock.accept()
                with connection:
                    while head := connection.recv(2):
                        if reply := self.answer(connection.recv(int.from_bytes(head, "big")), "tcp"):
                            connection.sendall(len(reply).to_bytes(2, "big") + reply)


@contextmanager
def serving(
    table: Table, address: str = "127.0.0.1", port: int = 0, *, tcp: bool = True
) -> Iterator[tuple[int, list[Asked]]]:
    """Serves UDP, and TCP if `tcp`; gives the port and the list of what is asked."""
    server = _Server(table, address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind((address, port))
        bound = udp.getsockname()[1]
        threads = [threading.Thread(target=server.serve_udp, args=(udp,))]
        if tcp:
            listener.bind((address, bound))
            listener.listen()
            threads.append(threading.Thread(target=server.serve_tcp, args=(listener,)))
        for thread in threads:
            thread.start()
        try:
            yield bound, server.asked
        finally:
            for sock in (udp, listener):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)  # wakes the threads
            for thread in threads:
                thread.join()


def message(query: dns.message.Message, answer: list[str] | str) -> dns.message.Message:
    """The response; a record is ``TYPE DATA``, or ``NAME TYPE DATA`` for another name than the one asked."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if answer == "TC":
        response.flags |= dns.flags.TC
    elif answer == "LAME":
        response.flags &= ~dns.flags.RA
    elif isinstance(answer, str):
        response.set_rcode(dns.rcode.from_text(answer))
    else:
        for record in answer:
            *owner, qtype, data = record.split(" ")
            name = dns.name.from_text(owner[0]) if owner else query.question[0].name
            response.answer.append(dns.rrset.from_text(name, 30, "IN", qtype, data))
    return response
