"""Files that say which flows are expected to pass and which are not (their form: docs/verify.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.documents import refused, yaml_documents
from netdoctor.cluster.field_lines import field_lines
from netdoctor.cluster.files import contents
from netdoctor.cluster.snapshot import Origin
from netdoctor.model.errors import InputError

_KEYS = ("from", "to", "port", "protocol", "expect", "name", "because")
_FILE_KEYS = ("namespace", "flows")
_EXPECT = {"allow": True, "deny": False}
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_WITH_PORT = re.compile(r".*:[^:/\]]+(/[A-Za-z]+)?")


@dataclass(frozen=True, slots=True)
class ExpectedFlow:
    """One entry. Ends are written as `netdoctor can` takes them; nothing has been looked up yet.

    Attributes:
        source: whence.
        destination: where to, with port and protocol where they are given there or beside it.
        allowed: what is expected.
        namespace: in which the names are meant; empty = where the command looks.
        origin: file and line; None where no file has it.
        name: what reports call it; empty = by its ends.
        because: why it is expected, for the reader of reports.
    """

    source: str
    destination: str
    allowed: bool
    namespace: str = ""
    origin: Origin | None = None
    name: str = ""
    because: str = ""


def load_expected(paths: Sequence[str]) -> tuple[ExpectedFlow, ...]:
    """Read files (or directories, or ``-`` for stdin) with one or more documents each.

    Raises:
        InputError: a file cannot be read, is malformed or says nothing; names file and line.
    """
    found = [flow for name, content in contents(paths) for flow in _in_file(content, name)]
    if not found:
        raise InputError(
            f"{', '.join(paths)}: no expected flow", hint="docs/verify.md shows what such a file looks like"
        )
    return tuple(found)


def with_port(destination: str, port: int | str | None, protocol: str = "") -> str:
    """A destination as `netdoctor can` takes it: `TO[:PORT][/PROTOCOL]`."""
    address = parse_address(destination)
    bare = f"[{destination}]" if address and address.version == 6 and port is not None else destination
    return f"{bare}{'' if port is None else f':{port}'}{f'/{protocol}' if protocol else ''}"


def _in_file(content: bytes, name: str) -> Iterator[ExpectedFlow]:
    for document in yaml_documents(content, name):
        fields = {"flows": document.value} if isinstance(document.value, list) else document.value
        whole = _Entry(content, name, document.line)
        if not isinstance(fields, Mapping):
            raise whole.wrong("", "neither a list of flows nor a mapping with flows")
        whole.refuse_others(fields, _FILE_KEYS)
        namespace = whole.text(fields, "namespace")
        flows = fields.get("flows")
        if not isinstance(flows, list):
            raise whole.wrong("flows", "flows must be a list")
        for flow in flows:
            entry = _Entry(content, name, document.item_lines.get(id(flow), document.line))
            yield entry.expected(flow, namespace)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A mapping of a file and the line where it begins: its fields, or errors that name their lines."""

    content: bytes
    file: str
    line: int

    def expected(self, flow: Any, namespace: str) -> ExpectedFlow:
        """The entry as a value. Raises InputError."""
        if not isinstance(flow, Mapping):
            raise self.wrong("", f"a flow must be a mapping with from, to and expect, not {flow!r}")
        self.refuse_others(flow, _KEYS)
        expect = self.text(flow, "expect", required=True)
        if expect not in _EXPECT:
            raise self.wrong("expect", f"expect must be allow or deny, not {expect!r}")
        return ExpectedFlow(
            source=self.text(flow, "from", required=True),
            destination=self._destination(flow),
            allowed=_EXPECT[expect],
            namespace=namespace,
            origin=Origin(self.file, self.line),
            name=self.text(flow, "name"),
            because=self.text(flow, "because"),
        )

    def refuse_others(self, fields: Mapping[str, Any], known: Sequence[str]) -> None:
        """Raise InputError where there is any other key."""
        for key in fields:
            if key not in known:
                raise self.wrong(key, f"unknown key {key!r}; known are {', '.join(known)}")

    def text(self, fields: Mapping[str, Any], key: str, *, required: bool = False) -> str:
        """A field of text; empty where it may be missing and is. Raises InputError."""
        value = fields.get(key)
        if value is None and not required:
            return ""
        if value is None:
            raise self.wrong(key, f"{key} is missing")
        if not isinstance(value, str) or not value:
            raise self.wrong(key, f"{key} must be text, not {value!r}")
        return value

    def wrong(self, key: str, because: str) -> InputError:
        """The error, with the line of the field where it can be found."""
        lines = field_lines(self.content, {self.line: frozenset({key})})
        return refused(self.file, lines.get((self.line, key), self.line), because)

    def _destination(self, flow: Mapping[str, Any]) -> str:
        text = self.text(flow, "to", required=True)
        port = flow.get("port")
        if port is not None and (isinstance(port, bool) or not isinstance(port, int | str)):
            raise self.wrong("port", f"port must be a number or a name, not {port!r}")
        if port is not None and not parse_address(text) and _WITH_PORT.fullmatch(text):
            raise self.wrong("port", f"to ({text}) names a port already")
        protocol = self.text(flow, "protocol").upper()
        if protocol and protocol not in _PROTOCOLS:
            raise self.wrong("protocol", f"protocol must be TCP, UDP or SCTP, not {flow['protocol']!r}")
        return with_port(text, port, protocol)
