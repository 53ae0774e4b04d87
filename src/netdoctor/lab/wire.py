"""What a lab's keeper and its clients say to each other: JSON documents and open file descriptors, over one socket.

A message is its length in four bytes, big endian, and that many bytes of JSON. Descriptors travel with the length.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import Any

import msgspec

_LENGTH = struct.Struct(">I")
MAX_DESCRIPTORS = 64  # in one message; the kernel allows 253 (SCM_MAX_FD)
_PEER = struct.Struct("=iII")  # struct ucred


class GoneError(ConnectionError):
    """The other side has ended."""


def send(to: socket.socket, message: object, descriptors: Sequence[int] = ()) -> None:
    """Send one message. Raises GoneError."""
    body = msgspec.json.encode(message)
    try:
        socket.send_fds(to, [_LENGTH.pack(len(body))], list(descriptors))
        to.sendall(body)
    except OSError as error:
        raise GoneError(str(error)) from error


def receive(source: socket.socket) -> tuple[Any, list[int]]:
    """Wait for one message; its document and descriptors. Raises GoneError, also for what is no message."""
    try:
        header, descriptors, _, _ = socket.recv_fds(source, _LENGTH.size, MAX_DESCRIPTORS)
        header += _exactly(source, _LENGTH.size - len(header)) if header else b""
        if not header:
            raise GoneError("the other side has closed the connection")
        (length,) = _LENGTH.unpack(header)
        return msgspec.json.decode(_exactly(source, length)), descriptors
    except (OSError, msgspec.DecodeError) as error:
        raise GoneError(str(error)) from error


def peer(of: socket.socket) -> int:
    """The user at the other end of a UNIX socket, of the one who listened or connected there. Raises OSError."""
    _, user, _ = _PEER.unpack(of.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(user)


def _exactly(source: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = source.recv(min(length, 1 << 20))
        if not part:
            raise GoneError("the other side has closed the connection")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
