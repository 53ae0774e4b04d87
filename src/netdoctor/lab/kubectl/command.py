"""kubectl's verbs over the lab's objects: what it would print, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netdoctor.lab.control.reconcile import reconcile
from netdoctor.lab.kubectl.applying import apply, create, replace
from netdoctor.lab.kubectl.arguments import Arguments, parse
from netdoctor.lab.kubectl.call import Call, Outcome
from netdoctor.lab.kubectl.changing import annotate, expose, label, patch, scale, set_
from netdoctor.lab.kubectl.deleting import delete
from netdoctor.lab.kubectl.errors import KubectlError
from netdoctor.lab.kubectl.getting import get
from netdoctor.lab.kubectl.rollouts import rollout
from netdoctor.lab.kubectl.waiting import wait
from netdoctor.lab.objects import Objects
from netdoctor.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to: the objects as they are now, and kubectl's exit code and output."""

    objects: Objects
    code: int
    stdout: str
    stderr: str


_Verb = tuple[Callable[[Call], Outcome], str]

_MANY = "all all-namespaces selector"
_NO_EFFECT = "cascade field-manager force grace-period now recursive timeout wait"  # nothing takes time in a lab
_VERBS: Mapping[str, _Verb] = {
    "annotate": (annotate, f"{_MANY} overwrite dry-run"),
    "apply": (apply, f"filename dry-run server-side {_NO_EFFECT}"),
    "create": (create, f"filename dry-run {_NO_EFFECT}"),
    "delete": (delete, f"filename ignore-not-found dry-run {_MANY} {_NO_EFFECT}"),
    "expose": (expose, "name port target-port protocol type cluster-ip dry-run"),
    "get": (get, f"output ignore-not-found no-headers show-labels {_MANY}"),
    "label": (label, f"{_MANY} overwrite dry-run"),
    "patch": (patch, "patch patch-file type subresource dry-run"),
    "replace": (replace, f"filename dry-run {_NO_EFFECT}"),
    "rollout": (rollout, "selector timeout to-revision watch"),
    "scale": (scale, f"replicas dry-run timeout {_MANY}"),
    "set": (set_, f"{_MANY} dry-run"),
    "wait": (wait, f"for timeout {_MANY}"),
}


def _from_disk(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


def kubectl(objects: Objects, argv: Sequence[str], stdin: str = "", read: Callable[[str], str] = _from_disk) -> Ran:
    """Carry out one command.

    Args:
        objects: of the lab. Not changed.
        argv: the command line behind `kubectl`.
        stdin: what `-f -` reads.
        read: returns the text of a file, and raises OSError.

    Returns:
        The same objects where the command changes nothing; else what has become of them when all has settled. A
        command that cannot be carried out has the exit code 1, and changes nothing.
    """
    try:
        verb, words = _verb(argv)
        run, flags = _VERBS[verb]
        arguments = parse(words, frozenset(flags.split()))
        outcome = run(Call(objects, arguments, stdin, read))
        if outcome.objects is objects or outcome.code:
            return Ran(objects, outcome.code, outcome.stdout, outcome.stderr)
        settled = reconcile(outcome.objects, past=objects)
    except KubectlError as error:
        return Ran(objects, 1, "", f"{error}\n")
    except InputError as error:
        return Ran(objects, 1, "", f"error: {error.what}\n")
    return _dry(objects, arguments, outcome) or Ran(settled, 0, outcome.stdout, outcome.stderr)


def _verb(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The verb, and the words around it: flags for all verbs may come before it."""
    before: list[str] = []
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        before.append(rest.pop(0))
        if before[-1] in {"-n", "--namespace"} and rest:
            before.append(rest.pop(0))
    if not rest or rest[0] not in _VERBS:
        wanted = f'unknown command "{rest[0]}" for "kubectl"' if rest else "a command is missing"
        raise KubectlError(f"error: {wanted}; the lab knows {', '.join(_VERBS)}")
    return rest[0], [*before, *rest[1:]]


def _dry(objects: Objects, arguments: Arguments, outcome: Outcome) -> Ran | None:
    how = arguments.one("dry-run", "none")
    if how == "none":
        return None
    note = "server dry run" if how == "server" else "dry run"
    return Ran(objects, 0, "".join(f"{line} ({note})\n" for line in outcome.stdout.splitlines()), outcome.stderr)
