"""The tcp and udp listeners: they say who the client is, then echo."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

IP_PKTINFO = 8  # linux/in.h; Python names it only from 3.14 on
LARGEST_DATAGRAM = 65507  # bytes that UDP over IPv4 carries
_MAPPED = "::ffff:"


def accept(sock: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    """Gives every connection a thread, for ever."""
    while True:
        try:
            connection, _ = sock.accept()
        except OSError as error:  # the client is gone again, or no file descriptor is left
            print(f"accept: {error}", file=sys.stderr, flush=True)
            continue
        threading.Thread(target=_guarded, args=(connection, talk), daemon=True).start()


def _guarded(connection: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    try:
        with connection:
            talk(connection)
    except OSError:
        pass  # the client went away: nothing that a server should say


def talk(connection: socket.socket) -> None:
    """One line with the client's address, then an echo."""
    connection.sendall(f"{place(connection.getpeername())}\n".encode())
    while data := connection.recv(65536):
        connection.sendall(data)


def serve_udp(sock: socket.socket) -> None:
    """Echoes each datagram behind the client's address; with UDP_ONLY, only those that begin with that."""
    only = os.environ.get("UDP_ONLY", "").encode()
    answer_datagrams(sock, lambda data, client: f"{place(client)} ".encode() + data if data.startswith(only) else b"")


def answer_datagrams(sock: socket.socket, answer: Callable[[bytes, Any], bytes]) -> None:
    """Answers each datagram, for ever, from the very address that it was sent to; an empty answer is not sent.

    `answer` gets the datagram and the client's address in its socket's own form.
    """
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    while True:
        try:
            data, ancillary, _, client = sock.recvmsg(65535, 256)
            if reply := answer(data, client):
                sock.sendmsg([reply[:LARGEST_DATAGRAM]], _reply_from(ancillary), 0, client)
        except OSError as error:  # an earlier answer that could not be delivered
            print(f"udp: {error}", file=sys.stderr, flush=True)


def _reply_from(ancillary: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """The packet information (ip(7), ipv6(7)) that makes the kernel answer from the address asked."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            return [(level, kind, data)]
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            _, local, _ = struct.unpack("=I4s4s", data)
            return [(level, kind, struct.pack("=I4s4s", 0, local, bytes(4)))]
    return []


def place(address: Any) -> str:
    """``10.0.0.1:80`` or ``[fd00::1]:80``, from an address in its socket's own form."""
    host = host_of(address)
    return f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"


def host_of(address: Any) -> str:
    """The address as its own family writes it, where a dual-stack socket maps IPv4 into IPv6."""
    return str(address[0]).removeprefix(_MAPPED)
