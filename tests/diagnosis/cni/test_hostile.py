"""Whoever wrote the objects may have written anything there: the report is made, and quickly."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from netdoctor.cluster.decode import UndecodableError
from netdoctor.report import Style
from netdoctor.report.cni import render_cni
from netdoctor.report.cni_format import CNIFormat
from tests.diagnosis.cni.clusters import (
    VXLAN,
    Manifest,
    agents,
    calico,
    cilium,
    config,
    described,
    felix,
    flannel,
    pool,
    thing,
)

INSTALLATION = thing(
    "Installation",
    "operator.tigera.io/v1",
    "default",
    spec={"cni": {"type": "Calico", "ipam": {"type": "Calico"}}, "calicoNetwork": {"bgp": "Enabled", "mtu": 1450}},
    status={"mtu": 1450},
)
POOL = pool(
    "10.244.0.0/16", vxlanMode="Always", ipipMode="Never", blockSize=26, disabled=False, allowedUses=["Workload"]
)
FELIX = felix(
    vxlanPort=4789, vxlanVNI=4096, vxlanMTU=1450, wireguardEnabled=True, wireguardListeningPort=51820, bpfEnabled=False
)
BGP = thing(
    "BGPConfiguration", "projectcalico.org/v3", "default", spec={"asNumber": 64512, "nodeToNodeMeshEnabled": True}
)
BLOCK = thing(
    "BlockAffinity", "projectcalico.org/v3", "b", spec={"cidr": "10.244.0.0/26", "node": "n1", "state": "confirmed"}
)
ANTREA = [
    *agents("antrea-agent", "antrea/antrea-agent:v2.4.0"),
    config("antrea-config", **{"antrea-agent.conf": "tunnelType: vxlan\ndefaultMTU: 1400\n"}),
]
ROUTER = [
    *agents("kube-router", "kube-router:v2.5.0", "--overlay-type=full"),
    config("kube-router-cfg", **{"cni-conf.json": '{"plugins": [{"type": "bridge", "mtu": 1480}]}'}),
]
CLUSTERS = {
    "calico": calico(POOL, FELIX, BGP, BLOCK, INSTALLATION, cni_network_config='{"plugins": [{"type": "calico"}]}'),
    "cilium": cilium(mtu="1500"),
    "flannel": flannel(VXLAN),
    "antrea": ANTREA,
    "kube-router": ROUTER,
}
ODD: tuple[Any, ...] = (
    [],
    {},
    ["x"],
    {"x": 1},
    -1,
    0,
    10**9,
    1.5,
    True,
    None,
    "",
    "9" * 5000,
    "0/0",
    "::/0",
    "\x1b[2J",
    '{"Type": "x"}',
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(manifest: Manifest, path: tuple[Any, ...], odd: Any) -> Manifest:
    document = copy.deepcopy(manifest)
    target: Any = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = odd
    return document


SETTINGS = frozenset({"IPPool", "FelixConfiguration", "BGPConfiguration", "BlockAffinity", "Installation", "ConfigMap"})
CHANGES = [
    (name, number, path)
    for name, manifests in CLUSTERS.items()
    for number, one in enumerate(manifests)
    if one["kind"] in SETTINGS
    for path in places(one)
    if path[0] in ("spec", "data", "status") and len(path) > 1
]


@pytest.mark.parametrize(("name", "number", "path"), CHANGES, ids=str)
def test_odd_values_of_settings_make_no_report_fail(name: str, number: int, path: tuple[Any, ...]) -> None:
    for odd in ODD:
        manifests = [*CLUSTERS[name]]
        manifests[number] = changed(manifests[number], path, odd)
        try:
            report = described(manifests)
        except UndecodableError:
            continue  # as a file or an answer with such an object is refused, or told of
        assert "\x1b" not in render_cni(report, CNIFormat.TEXT, Style())
