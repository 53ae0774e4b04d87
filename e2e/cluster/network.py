"""The pod network: static routes between the nodes, and one of two CNI plugins.

``policy`` is Calico's CNI plugin, with Felix enforcing NetworkPolicy; ``plain`` is the reference ptp plugin, with
nothing that enforces any. Neither has an overlay: each node reaches another's pods through that node's address.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from string import Template

from .engine import Engine
from .kind import POD_SUBNET, Cni, kubectl
from .paths import MANIFESTS
from .versions import calico_image

_MTU = 1500
_NODE_FACTS = (
    '{range .items[*]}{.metadata.name} {.spec.podCIDR} {.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}'
)


@dataclass(frozen=True, slots=True)
class NodeNetwork:
    """A node's name, which is its container's too, the CIDR of its pods, and its address."""

    name: str
    pod_cidr: str
    address: str


def plain_plugins(node: NodeNetwork) -> list[dict[str, object]]:
    """A veth pair per pod and addresses from the node's CIDR; nothing else runs."""
    ranges = [[{"subnet": node.pod_cidr}]]
    ipam = {"type": "host-local", "dataDir": "/run/cni-ipam", "routes": [{"dst": "0.0.0.0/0"}], "ranges": ranges}
    return [{"type": "ptp", "ipMasq": False, "mtu": _MTU, "ipam": ipam}]


def policy_plugins(node: NodeNetwork) -> list[dict[str, object]]:
    """Calico's plugin, with the kubelet's own credentials (the manifest adds what it may read)."""
    return [
        {
            "type": "calico",
            "log_level": "warning",
            "datastore_type": "kubernetes",
            "nodename": node.name,
            "nodename_file_optional": True,
            "mtu": _MTU,
            "ipam": {"type": "host-local", "subnet": "usePodCidr"},
            "policy": {"type": "k8s"},
            "kubernetes": {"kubeconfig": "/etc/kubernetes/kubelet.conf"},
        }
    ]


def connect_script(node: NodeNetwork, nodes: list[NodeNetwork], plugins: list[dict[str, object]]) -> str:
    """The shell commands that connect one node: routes to the other nodes' pods, then the CNI configuration.

    The file is put in place in one step, because containerd reads the directory whenever it changes.
    """
    portmap = {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}}
    config = {"cniVersion": "0.3.1", "name": "pods", "plugins": [*plugins, portmap]}
    routes = [f"ip route replace {other.pod_cidr} via {other.address}" for other in nodes if other != node]
    write = f"cat > /etc/cni/net.d/new <<'END'\n{json.dumps(config)}\nEND"
    return "\n".join(["set -e", *routes, write, "mv /etc/cni/net.d/new /etc/cni/net.d/10-pods.conflist"])


def masquerade_script(nodes: list[NodeNetwork]) -> str:
    """The shell commands that give a node's address to what its pods send out of the cluster, nodes excepted."""
    rules = [f"OUTGOING -d {node.address} -j RETURN" for node in nodes]
    rules += ["OUTGOING -j MASQUERADE", f"POSTROUTING -s {POD_SUBNET} ! -d {POD_SUBNET} -j OUTGOING"]
    return "\n".join(["set -e", "iptables -t nat -N OUTGOING", *(f"iptables -t nat -A {rule}" for rule in rules)])


def install(engine: Engine, cluster: str, cni: Cni) -> None:
    """Installs a cluster's pod network on every node."""
    if cni == "policy":
        crds = ("-f", "/kind/manifests/calico-crds.yaml")  # on the node
        kubectl(engine, cluster, "apply", "--server-side", *crds)
        kubectl(engine, cluster, "wait", "--for=condition=Established", "--timeout=60s", *crds)
        manifest = Template((MANIFESTS / "calico.yaml").read_text()).substitute(CALICO_IMAGE=calico_image())
        kubectl(engine, cluster, "apply", "-f", "-", stdin=manifest)
    nodes = _node_networks(engine, cluster)
    plugins = policy_plugins if cni == "policy" else plain_plugins

    def connect(node: NodeNetwork) -> None:
        for script in (masquerade_script(nodes), connect_script(node, nodes, plugins(node))):
            engine.docker("exec", "-i", node.name, "sh", stdin=script.encode())

    with ThreadPoolExecutor() as pool:
        list(pool.map(connect, nodes))


def _node_networks(engine: Engine, cluster: str) -> list[NodeNetwork]:
    assigned = "--for=jsonpath={.spec.podCIDR}"  # by the controller manager, soon after a node has joined
    kubectl(engine, cluster, "wait", "nodes", "--all", assigned, "--timeout=60s")
    facts = kubectl(engine, cluster, "get", "nodes", "-o", f"jsonpath={_NODE_FACTS}")
    return [NodeNetwork(*line.split()) for line in facts.splitlines()]
