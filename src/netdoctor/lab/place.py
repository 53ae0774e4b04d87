"""Where a process of the lab runs: a network namespace with the files and the name that a pod or a node has there."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdoctor.cluster.objects import Pod, PodDNSConfig, PodSpec
from netdoctor.lab import kernel
from netdoctor.lab.kernel import Clone
from netdoctor.path.resolver import Resolver, resolver_of

ROOT = Path("/run/netdoctor")  # in the lab's own mount namespace, whose /run is empty memory
_LONGEST_NAME = 64  # bytes (sethostname(2))
_FILES = ("/etc/resolv.conf", "/etc/hosts")


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is its host name; `network` an open network namespace; `directory` has its files."""

    name: str
    network: int
    directory: Path

    def enter(self) -> None:
        """Move this process there; it must be in the lab's mount namespace. Raises OSError."""
        kernel.enter(self.network, Clone.NET)
        kernel.own_mounts()
        kernel.unshare(Clone.UTS)
        socket.sethostname(self.name.encode(errors="replace")[:_LONGEST_NAME].decode(errors="ignore"))
        for file in _FILES:
            kernel.bind(str(self.directory / Path(file).name), os.path.realpath(file))


def prepare_mounts() -> None:
    """Give this process, the lab's first, mounts in which places can be made. Raises OSError."""
    kernel.private_mounts()
    kernel.mount("tmpfs", "/run")
    ROOT.mkdir()
    missing = [file for file in _FILES if not _ensured(Path(os.path.realpath(file)))]
    if missing:
        raise FileNotFoundError(2, f"{' and '.join(missing)} must exist, for a lab to put its own in the place")


def _ensured(file: Path) -> bool:
    """Whether the file exists, if need be as an empty one below the lab's own /run, where its link may lead."""
    if not file.exists() and file.is_relative_to("/run"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return file.exists()


def furnish(name: str, network: int, resolv_conf: str, hosts: str) -> Place:
    """Make a place; nothing of its directory's name comes from an object. Raises OSError."""
    directory = Path(tempfile.mkdtemp(dir=ROOT))
    for file, text in (("resolv.conf", resolv_conf), ("hosts", hosts)):
        (directory / file).write_text(text, encoding="utf-8", errors="replace")
    return Place(name, network, directory)


def clear(place: Place) -> None:
    """Remove a place's files, which nobody will enter again; whoever is there keeps them."""
    shutil.rmtree(place.directory)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a cluster's resolv.conf files are made of: its domain, its DNS Service, and the nodes' own nameservers."""

    domain: str
    cluster_dns: tuple[str, ...]
    node_dns: tuple[str, ...]

    def of_pod(self, spec: PodSpec, namespace: str) -> str:
        """A pod's resolv.conf."""
        config = spec.dns_config or PodDNSConfig()
        made = resolver_of(spec, namespace, self.domain, self.cluster_dns)
        if made.nameservers is None:
            made = Resolver((*self.node_dns, *config.nameservers), tuple(config.searches), made.ndots)
        given = [f"{o.name}:{o.value}" if o.value else o.name for o in config.options if o.name != "ndots"]
        ndots = [f"ndots:{made.ndots}"] if made.ndots is not None else []
        return _resolv_conf(made.nameservers or (), made.search or (), [*given, *ndots])

    def names(self, pod: Pod) -> str:
        """What a pod calls itself in /etc/hosts: by its subdomain too, if it has one (DNS for Services and Pods)."""
        own, subdomain = pod.spec.hostname or pod.name, pod.spec.subdomain
        return f"{own}.{subdomain}.{pod.namespace}.svc.{self.domain}\t{own}" if subdomain else own

    def of_node(self) -> str:
        """A node's resolv.conf."""
        return _resolv_conf(self.node_dns, (), [])


def _resolv_conf(nameservers: Sequence[str], search: Sequence[str], options: Sequence[str]) -> str:
    lines = [f"nameserver {server}" for server in nameservers]
    lines += [f"search {' '.join(search)}"] if search else []
    lines += [f"options {' '.join(options)}"] if options else []
    return "".join(f"{line}\n" for line in lines)


def hosts_file(names: str, addresses: Sequence[str], aliases: Sequence[Mapping[str, Any]]) -> str:
    """/etc/hosts as the kubelet writes it; `names` is one, or several with tabs between them."""
    lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    lines += [f"{address}\t{names}" for address in addresses]
    lines += [f"{alias.get('ip', '')}\t{' '.join(alias.get('hostnames', ()))}" for alias in aliases]
    return "".join(f"{line}\n" for line in lines)
