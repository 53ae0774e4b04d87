"""Versions as images' tags tell them."""

from __future__ import annotations

from collections.abc import Iterator

from netdoctor.cluster.objects import DaemonSet
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.cni.facts import View


def versions(view: View) -> tuple[str, ...]:
    """`calico/node v3.30.2`: repository and tag of each container of the plugin; k3s says its own."""
    return tuple(dict.fromkeys((*_of_images(view), *_of_k3s(view.snapshot, view.plugin.name))))


def version_of(daemon_set: DaemonSet, word: str) -> str:
    """The tag of the first image whose repository has a word in it; empty where there is none."""
    images = (_parts(one.image) for one in daemon_set.spec.template.spec.containers)
    return next((tag for repository, tag in images if word in repository), "")


def _of_images(view: View) -> Iterator[str]:
    for _, daemon_set in view.running:
        for container in daemon_set.spec.template.spec.containers:
            repository, tag = _parts(container.image)
            if repository:
                yield f"{repository} {tag or '(no tag)'}"


def _of_k3s(snapshot: Snapshot, name: str) -> Iterator[str]:
    if name == "k3s":
        yield from (f"k3s {node.status.node_info.kubelet_version}" for node in snapshot.nodes)


def _parts(image: str) -> tuple[str, str]:
    """Repository without its registry, and tag: `quay.io/calico/node:v3.30.2@sha256:…` is `calico/node`, `v3.30.2`."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    if not name or "/" in tag:
        name, tag = image.partition("@")[0], ""
    first, slash, rest = name.partition("/")
    registry = slash and ("." in first or ":" in first or first == "localhost")
    return rest if registry else name, tag
