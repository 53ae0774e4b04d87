"""The words for errors that a test cannot easily cause."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from netdoctor_apps.get.errors import words


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name not found"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "name not resolved: no DNS server answers"),
        (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "no route: the host is unreachable"),
        (OSError(errno.EIO, "Input/output error"), "no answer: [Errno 5] Input/output error"),
        (ValueError(), "no answer: ValueError"),
    ],
)
def test_words(error: Exception, says: str) -> None:
    assert words(error) == says
