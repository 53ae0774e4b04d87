"""A command that is carried out: what it is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from netdoctor.cluster.decode import NOT_JSON
from netdoctor.cluster.documents import read_documents
from netdoctor.cluster.selectors import matches
from netdoctor.lab.kubectl.arguments import Arguments
from netdoctor.lab.kubectl.errors import KubectlError, not_found, wrong
from netdoctor.lab.kubectl.labels import parse_selector
from netdoctor.lab.kubectl.resources import ALL, Resource, resource_named
from netdoctor.lab.objects import Key, Manifest, Objects


@dataclass(frozen=True, slots=True)
class Call:
    """One command; `read` returns the text of a file."""

    objects: Objects
    arguments: Arguments
    stdin: str
    read: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command does: the objects as it leaves them (controllers come later), and what it prints."""

    objects: Objects
    stdout: str = ""
    stderr: str = ""
    code: int = 0


def said(objects: Objects, lines: list[str]) -> Outcome:
    """An outcome that prints these lines."""
    return Outcome(objects, "".join(f"{line}\n" for line in lines))


def documents(call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each document of `-f`, with the name of its file. Raises KubectlError, InputError, OSError."""
    for name in call.arguments.flags.get("filename", ()):
        text = call.stdin if name == "-" else text_of(call, name)
        shown = "STDIN" if name == "-" else name
        for document in read_documents(text.encode(), shown):
            try:
                yield shown, dict(document.value)
            except NOT_JSON as error:
                raise wrong(f"{shown}:{document.line}: {document.kind} is malformed: {error}") from error


def text_of(call: Call, name: str) -> str:
    """The text of a file. Raises KubectlError."""
    try:
        return call.read(name)
    except OSError as error:
        raise wrong(f"the path {name!r} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise wrong(f"the file {name!r} is no text") from error


def named(words: tuple[str, ...]) -> list[tuple[Resource, str]]:
    """Resources with names; without names where whole resources are meant.

    Takes `deploy/web svc/web`, `deploy web api`, `deploy,svc`, `all`. Raises KubectlError.
    """
    if not words:
        raise wrong("you must specify the type of resource, or resources by TYPE/NAME")
    if "/" in words[0]:
        if any("/" not in word for word in words):
            raise wrong(
                "there is no need to specify a resource type as a separate argument when passing arguments "
                "in resource/name form"
            )
        return [(resource_named(word.partition("/")[0]), word.partition("/")[2]) for word in words]
    kinds = [kind for word in words[0].split(",") for kind in (ALL if word == "all" else (word,))]
    resources = [resource_named(kind) for kind in kinds]
    names = words[1:] or ("",)
    return [(resource, name) for resource in resources for name in names]


def chosen(call: Call, *, whole: bool = True) -> list[Key]:
    """The keys of the objects that a command means, in their order.

    Args:
        call: the command.
        whole: whether all objects of a resource are meant where no name is given.

    Raises:
        KubectlError: one that is named does not exist, or none is named.
    """
    arguments = call.arguments
    found: list[Key] = []
    for resource, name in named(arguments.words):
        if name:
            key = resource.kind, arguments.namespace if resource.namespaced else "", name
            if key not in call.objects and not arguments.on("ignore-not-found"):
                raise not_found(resource.qualified, name)
            found += [key] if key in call.objects else []
        elif whole or arguments.on("all") or arguments.one("selector"):
            found += _listed(call, resource)
        else:
            raise wrong("resource(s) were provided, but no name was specified")
    return list(dict.fromkeys(found))


def _listed(call: Call, resource: Resource) -> list[Key]:
    everywhere, selector = call.arguments.on("all-namespaces"), parse_selector(call.arguments.one("selector"))
    return [
        key
        for key, manifest in call.objects.items()
        if key[0] == resource.kind
        and (everywhere or not resource.namespaced or key[1] == call.arguments.namespace)
        and matches(selector, manifest["metadata"].get("labels", {}))
    ]


def only(call: Call) -> Iterator[tuple[Key, Manifest]]:
    """The objects that a command names; it is an error if there are none. Raises KubectlError."""
    keys = chosen(call, whole=False)
    if not keys:
        raise KubectlError("error: no objects passed to the command")
    for key in keys:
        yield key, call.objects[key]
