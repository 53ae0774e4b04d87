"""The pod network that each node is given."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.cluster.network import NodeNetwork, connect_script, masquerade_script, plain_plugins, policy_plugins

Plugins = Callable[[NodeNetwork], list[dict[str, object]]]
NODES = [NodeNetwork(f"node{i}", f"10.244.{i}.0/24", f"172.18.0.{i + 2}") for i in range(3)]


def test_a_node_reaches_the_pods_of_every_other_node_through_that_node() -> None:
    routes = [line for line in connect_script(NODES[1], NODES, []).splitlines() if line.startswith("ip route")]
    assert routes == [
        "ip route replace 10.244.0.0/24 via 172.18.0.2",
        "ip route replace 10.244.2.0/24 via 172.18.0.4",
    ]


def test_what_pods_send_to_nodes_keeps_its_address() -> None:
    *apart, masquerade, last = masquerade_script(NODES).splitlines()[2:]
    assert apart == [f"iptables -t nat -A OUTGOING -d 172.18.0.{host} -j RETURN" for host in (2, 3, 4)]
    assert masquerade.endswith("-A OUTGOING -j MASQUERADE")
    assert "-s 10.244.0.0/16 ! -d 10.244.0.0/16" in last


@pytest.mark.parametrize(("plugins", "kind"), [(plain_plugins, "ptp"), (policy_plugins, "calico")])
def test_the_script_writes_a_cni_configuration(plugins: Plugins, kind: str, tmp_path: Path) -> None:
    script = connect_script(NODES[0], [NODES[0]], plugins(NODES[0])).replace("/etc/cni/net.d", str(tmp_path))
    subprocess.run(["sh", "-c", script], check=True)
    written = json.loads((tmp_path / "10-pods.conflist").read_text())
    assert [plugin["type"] for plugin in written["plugins"]] == [kind, "portmap"]
    assert not (tmp_path / "new").exists()


def test_plain_pods_have_addresses_of_their_node() -> None:
    (plugin,) = plain_plugins(NODES[2])
    assert isinstance(plugin["ipam"], dict)
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.244.2.0/24"}]]


def test_calico_knows_the_node_by_its_name() -> None:
    (plugin,) = policy_plugins(NODES[2])
    assert plugin["nodename"] == "node2"
