"""SIGINT, SIGTERM and SIGHUP as something that is posted, instead of something that breaks in anywhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def signals_call(handler: Callable[[], object]) -> Iterator[None]:
    """Within, those signals call `handler` and do nothing else; ignored ones (nohup) stay ignored.

    Cleaning up cannot be interrupted that way: it ends by itself, since every request has a timeout. Only the main
    thread may change signal handlers; in others nothing is changed.
    """
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                replaced[number] = signal.signal(number, lambda *_: handler())
    try:
        yield
    finally:
        for number, before in replaced.items():
            signal.signal(number, before)
