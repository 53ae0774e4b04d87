"""``get [--host NAME] [--timeout SECONDS] [-k | --any-issuer] [--same-pod COUNT] URL…``: prints what each URL answers.

Of an HTTP answer: the status line, a few headers, the body. Of ``tcp://HOST:PORT``: the first line that is sent.
``--host`` asks the URL's address for another name (Host header and SNI); ``-k`` accepts any certificate, and
``--any-issuer`` any that is valid for the name. ``--same-pod`` asks the test application COUNT times, and prints only
which pods have answered how often. Exit code 0 where all have answered with a status below 400 (for ``--same-pod``, one
pod each), 1 where one has not, 2 on a bad argument.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from .client import PORTS, Answer, Wish, ask
from .errors import words

_SHOWN = ("Location", "Content-Type", "Server")
_MOST_TIMES = 1000


class BadArgumentError(ValueError):
    """What is wrong with the arguments."""


def main(arguments: list[str]) -> int:
    """Asks; returns the exit code."""
    try:
        urls, wish, times = _read(arguments)
    except BadArgumentError as error:
        print(f"get: {error}", file=sys.stderr)
        return 2
    return max([_pods(url, wish, times) if times else _get(url, wish) for url in urls])


def _get(url: SplitResult, wish: Wish) -> int:
    answer = _asked(url, wish)
    if answer is None:
        return 1
    if answer.status:
        print(f"HTTP/1.1 {answer.status} {_text(answer.reason)}")
        for name in _SHOWN:
            if value := answer.headers.get(name):
                print(f"{name}: {_text(value)}")
        print()
    print(_text(answer.body.decode("utf-8", "replace")).rstrip("\n"), flush=True)
    return int(answer.status >= 400)


def _pods(url: SplitResult, wish: Wish, times: int) -> int:
    pods = Counter(_pod(_asked(url, wish)) for _ in range(times))
    print(f"{url.geturl()}: " + ", ".join(f"{pod} {count}×" for pod, count in sorted(pods.items())), flush=True)
    return int(len(pods) > 1 or "?" in pods)


def _pod(answer: Answer | None) -> str:
    """The pod that the test application names in its answer; ``?`` for anything else."""
    try:
        document = json.loads(answer.body) if answer else {}
        return _text(str(document["pod"]))
    except (ValueError, TypeError, KeyError):
        return "?"


def _asked(url: SplitResult, wish: Wish) -> Answer | None:
    try:
        return ask(url, wish)
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"get: {url.geturl()}: {words(error)}", file=sys.stderr, flush=True)
        return None


def _text(sent: str) -> str:
    """What a server has sent, without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in sent)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadArgumentError(message)


def _read(arguments: Sequence[str]) -> tuple[list[SplitResult], Wish, int]:
    parser = _Parser(prog="get", add_help=False)
    parser.add_argument("--host", default="")
    parser.add_argument("--timeout", type=float, default=5.0)
    parser.add_argument("-k", dest="verify", action="store_false")
    parser.add_argument("--any-issuer", action="store_true")
    parser.add_argument("--same-pod", type=int, default=0, metavar="COUNT")
    parser.add_argument("urls", nargs="+", metavar="URL")
    given = parser.parse_args(arguments)
    if not 0 < given.timeout <= 3600:
        raise BadArgumentError("--timeout: it must be between 0 and 3600 seconds")
    if not 0 <= given.same_pod <= _MOST_TIMES:
        raise BadArgumentError(f"--same-pod: it must be a number up to {_MOST_TIMES}")
    wish = Wish(given.host, given.timeout, given.verify, given.any_issuer)
    return [_url(text) for text in given.urls], wish, given.same_pod


def _url(text: str) -> SplitResult:
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = url.port
    except ValueError as error:
        raise BadArgumentError(f"{text!r}: {error}") from error
    if url.scheme not in {*PORTS, "tcp"} or not url.hostname:
        raise BadArgumentError(f"{text!r}: a URL is http://HOST, https://HOST or tcp://HOST:PORT")
    if url.scheme == "tcp" and not port:
        raise BadArgumentError(f"{text!r}: tcp needs a port")
    return url


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
