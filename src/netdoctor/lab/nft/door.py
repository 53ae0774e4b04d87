"""The door to nf_tables: sends tables to the kernel, in the network namespace of the process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct

from netdoctor.lab.nft.encode import Message, batch, encode, removal
from netdoctor.lab.nft.table import Table
from netdoctor.model.errors import AccessError

_NETFILTER = 12  # NETLINK_NETFILTER
_SEND_BUFFER_FORCE, _RECEIVE_BUFFER_FORCE = 32, 33
_WANTED = 16 << 20  # bytes
_HEADER, _ERROR = Struct("=IHHII"), Struct("=i")
_IS_ERROR = 2  # NLMSG_ERROR
_NETLINK, _SHORT_ANSWERS = 270, 10  # SOL_NETLINK, NETLINK_CAP_ACK: without a copy of what is refused
_SPARE = 1024  # bytes: for the beginning and end of a batch, and what the kernel counts besides
_SECONDS = 10


def replace_tables(tables: Iterable[Table]) -> None:
    """Make the kernel have these tables, with nothing else in them; all change at once.

    Where the socket's buffer is too small for that (an unprivileged user's cannot be enlarged at will), the tables are
    without any effect while they are being filled.

    Raises:
        AccessError: the kernel refuses something; the error names it.
    """
    _send([message for table in tables for message in encode(table)])


def remove_tables(names: Iterable[str]) -> None:
    """Remove tables, whether they are there or not.

    Raises:
        AccessError: the kernel refuses.
    """
    _send([message for name in names for message in removal(name)])


def _send(messages: Sequence[Message]) -> None:
    if not messages:
        return
    ordered = sorted(messages, key=lambda message: message.live)  # stable: first everything that no packet gets to
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as door:
        door.settimeout(_SECONDS)
        door.bind((0, 0))
        door.setsockopt(_NETLINK, _SHORT_ANSWERS, 1)
        room = _enlarged(door) - _SPARE
        first = 1
        for part in _parts(ordered, room):
            _send_part(door, part, first)
            first += len(part) + 2


def _enlarged(door: socket.socket) -> int:
    """The size of the buffer to send from: messages must fit in."""
    for force, plain in (
        (_SEND_BUFFER_FORCE, socket.SO_SNDBUF),
        (_RECEIVE_BUFFER_FORCE, socket.SO_RCVBUF),
    ):
        try:
            door.setsockopt(socket.SOL_SOCKET, force, _WANTED)
        except PermissionError:  # root in a user namespace is not root
            door.setsockopt(socket.SOL_SOCKET, plain, _WANTED)
    return door.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)


def _parts(messages: Sequence[Message], room: int) -> Iterator[list[Message]]:
    part: list[Message] = []
    size = 0
    for message in messages:
        if size + message.size > room:
            yield part
            part, size = [], 0
        part.append(message)
        size += message.size
    yield part


def _send_part(door: socket.socket, part: Sequence[Message], first: int) -> None:
    try:
        door.send(batch(part, first))
        refused = _refused(door, first, first + len(part))
    except OSError as error:
        raise AccessError("the kernel does not take nftables rules", error.strerror or "it does not answer") from error
    if refused:
        sequence, number = min(refused.items())
        what = part[sequence - first - 1].about if sequence > first else "a batch of nftables rules"
        raise AccessError(f"the kernel refuses {what}: {os.strerror(number)}")


def _refused(door: socket.socket, first: int, last: int) -> dict[int, int]:
    """Errors by the number of the message, read up to the answer to the last one, or to the batch as a whole."""
    refused: dict[int, int] = {}
    while True:
        received = door.recv(1 << 20)
        while received:
            length, kind, _, sequence, _ = _HEADER.unpack_from(received)
            if kind == _IS_ERROR and (number := -_ERROR.unpack_from(received, _HEADER.size)[0]):
                refused[sequence] = number
            if sequence in (first, last):
                return refused
            received = received[_aligned(length) :]


def _aligned(length: int) -> int:
    return -(-length // 4) * 4
