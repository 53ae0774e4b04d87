"""What the lab's own servers serve, and those that no object of the cluster stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from netdoctor.cluster.snapshot import Snapshot
from netdoctor.lab.gateway import gateway_routes
from netdoctor.lab.ingress import routes
from netdoctor.lab.objects import Objects, snapshot_of
from netdoctor.lab.place import ROOT
from netdoctor.lab.programs import DNS, INGRESS, TESTAPP, Program
from netdoctor.lab.zone import zone

_ZONE_FILE, _NODE_ZONE_FILE, _ROUTES_FILE = ROOT / "zone.json", ROOT / "node-zone.json", ROOT / "routes.json"
_READS = {DNS: ("--zone", str(_ZONE_FILE)), INGRESS: ("--routes", str(_ROUTES_FILE))}

#: The certificate of what is outside, which probes in a lab trust as they trust public CAs elsewhere.
OUTSIDE_ROOTS = ROOT / "outside.pem"
#: The nodes' own nameserver, which knows nothing of the cluster.
NODE_DNS = Program("dns", DNS, ("--zone", str(_NODE_ZONE_FILE), "--listen", "53"), {}, ())
#: It accepts connections, no more: nobody in a lab speaks to it.
API_SERVER = Program("kube-apiserver", TESTAPP, ("tcp:6443",), {}, ())


def outside_programs(outside: Mapping[str, Sequence[str]], published: Path | None = None) -> Iterator[Program]:
    """What listens at the addresses outside: the web, for all names that there are.

    `published` is where its certificate is to be written, for those who are to trust it.
    """
    if outside:
        names = {"POD_NAME": "outside", "TLS_NAMES": ",".join(outside)}
        roots = {"TLS_PUBLISH": str(published)} if published else {}
        yield Program("http", TESTAPP, ("http:80",), names, ())
        yield Program("https", TESTAPP, ("tls:443",), {**names, **roots}, ())


def serving(program: Program) -> Program:
    """The program with the file that it serves, if it serves any."""
    return replace(program, arguments=(*_READS.get(program.module, ()), *program.arguments))


def write_served(snapshot: Snapshot, objects: Objects, outside: Mapping[str, Sequence[str]]) -> None:
    """Tell DNS servers, ingress controllers and Gateways what there is now. Raises OSError."""
    _write(_ZONE_FILE, zone(snapshot, outside))
    _write(_NODE_ZONE_FILE, zone(snapshot_of({}, "outside"), outside))
    of_ingresses, of_gateways = routes(objects), gateway_routes(objects)
    _write(_ROUTES_FILE, {key: [*of_ingresses[key], *of_gateways[key]] for key in of_ingresses})


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """At once, as its readers see it."""
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(document))
    new.replace(file)
