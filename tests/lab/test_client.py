"""Clients of a lab that is up: several at once, and such as end without a word."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from netdoctor.lab import client
from netdoctor.lab.client import Lab, connect, listen, running
from netdoctor.model.errors import AccessError, InputError
from tests.lab.builders import pod, service
from tests.lab.living import PATIENCE, asked, client_seen_by, inside, lab_of, written

NOBODY = 65534
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
DENIED = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"may": "enter"}}}]}],
    },
}


@pytest.fixture(scope="module")
def name() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Lab]:
    """A pod web that only stand-ins with the label may=enter reach."""
    documents = [SHOP, pod("web", labels={"app": "web"}), service("web"), DENIED]
    with lab_of(written(tmp_path_factory.mktemp("lab"), *documents), name) as running_lab:
        yield running_lab


@pytest.fixture
def other(lab: Lab, name: str) -> Iterator[Lab]:
    """A second client."""
    found = connect(name)
    assert found is not None
    with found:
        yield found


def stand_in(labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "probe", "namespace": "shop", "labels": labels or {}}
    spec = {"containers": [{"name": "netdoctor"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def web(lab: Lab) -> str:
    return str(lab.objects()[0]["Pod", "shop", "web"]["status"]["podIP"])


def links_of(lab: Lab) -> list[list[str]]:
    """The interfaces of all nodes: one for each pod."""
    nodes = [lab.place("node", name=name) for name in lab.nodes]
    return [inside(lab, node, lambda: sorted(name for _, name in socket.if_nameindex())) for node in nodes]


def test_policies_know_stand_ins_that_come_and_go(lab: Lab, other: Lab) -> None:
    target = web(lab)
    before = links_of(lab)
    may = lab.stand_in({"a": stand_in({"may": "enter"})})["a"]
    not_yet = other.stand_in({"a": stand_in()})["a"]
    assert may.ip
    assert may.ip != not_yet.ip
    assert inside(lab, may.place, lambda: client_seen_by(target, 8080)) == may.ip
    assert inside(other, not_yet.place, lambda: asked(target, 8080)) == "silent"
    lab.release()
    again = lab.stand_in({"b": stand_in(nodeName=may.node)})["b"]
    assert again.ip == may.ip  # which has the label no more
    assert inside(lab, again.place, lambda: asked(target, 8080)) == "silent"
    lab.release()
    other.release()
    assert links_of(lab) == before


def test_there_may_be_many_stand_ins(lab: Lab) -> None:
    made = lab.stand_in({str(number): stand_in() for number in range(70)})
    assert len({one.ip for one in made.values()}) == len(made) == 70
    assert inside(lab, made["69"].place, socket.gethostname) == "probe"
    lab.release()


def test_a_stand_in_that_cannot_be_leaves_the_lab_as_it_was(lab: Lab) -> None:
    before = links_of(lab)
    with pytest.raises(AccessError, match="no node nowhere"):
        lab.stand_in({"a": stand_in(), "b": stand_in(nodeName="nowhere")})
    lab.release()
    assert links_of(lab) == before


def test_a_client_that_dies_leaves_no_stand_in(lab: Lab, name: str) -> None:
    before = links_of(lab)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        own = connect(name)
        assert own is not None
        own.stand_in({"a": stand_in(), "b": stand_in()})
        os.write(writing, b".")
        signal.pause()
    assert os.read(reading, 1) == b"."
    assert links_of(lab) != before
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for one in (reading, writing):
        os.close(one)
    assert links_of(lab) == before  # the keeper serves one after the other


def test_of_two_who_change_objects_the_second_reads_them_again(lab: Lab, other: Lab) -> None:
    objects, revision = lab.objects()
    lab.update(objects, revision)
    with pytest.raises(AccessError, match="changed meanwhile"):
        other.update(objects, revision)
    other.update(*other.objects())


def test_nonsense_costs_only_the_connection(lab: Lab, name: str) -> None:
    for nonsense in (b"\0\0\0\x02[]", b"\0\0\0\x02{}", b'\0\0\0\x0d{"do":"dance"}', b"\xff" * 64, b"\0\0\0\x04nope"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(f"\0{client._PREFIX}{name}")
            stranger.sendall(nonsense)
            stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(PATIENCE)
            with suppress(ConnectionResetError):  # not all of it was read
                while stranger.recv(65536):
                    pass
    assert lab.objects()


def test_what_is_not_there_is_no_place(lab: Lab) -> None:
    for kind, namespace, missing in (("pod", "shop", "no"), ("node", "", "no")):
        with pytest.raises(AccessError, match="the lab has no running"):
            lab.place(kind, namespace, missing)


def test_a_lab_that_ends_takes_what_runs_in_it_along(tmp_path: Path) -> None:
    with lab_of(written(tmp_path, SHOP, pod("web"))) as short:
        process = short.run(short.place("pod", "shop", "web"), _wait)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGKILL


def _wait() -> int:
    signal.pause()
    return 0


# Names -----------------------------------------------------------------------------------------------------------


def test_a_name_is_taken_once_for_each_user(lab: Lab, name: str) -> None:
    assert name in running()
    with pytest.raises(InputError, match=f"lab {name} is up already"):
        listen(name)


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-a", "a" * 64, "a\0b", "é"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="a lab's name consists of"):
        listen(name)
    assert connect(name) is None


def test_there_is_none(tmp_path: Path) -> None:
    assert connect(f"test-{secrets.token_hex(4)}") is None
    assert connect(str(tmp_path)) is None
    assert connect("x" * 4096) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_nobody_else_can_pretend_to_be_a_lab() -> None:
    name = f"test-{secrets.token_hex(4)}"
    reading, writing = os.pipe()
    impostor = os.fork()
    if not impostor:
        os.setresuid(NOBODY, NOBODY, NOBODY)
        with ExitStack() as kept:
            kept.enter_context(listen(name))
            os.write(writing, b".")
            signal.pause()
    assert os.read(reading, 1) == b"."
    try:
        assert connect(name) is None
    finally:
        os.kill(impostor, signal.SIGKILL)
        os.waitpid(impostor, 0)
        for one in (reading, writing):
            os.close(one)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_not_served(lab: Lab, name: str) -> None:
    stranger = os.fork()
    if not stranger:
        os.setresuid(NOBODY, NOBODY, NOBODY)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"\0{client._PREFIX}{name}")
            os._exit(0 if not _answer(connection) else 1)
    _, status = os.waitpid(stranger, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def _answer(connection: socket.socket) -> bytes:
    try:
        connection.sendall(b'\0\0\0\x0e{"do":"hello"}')
        return connection.recv(1)
    except OSError:
        return b""
