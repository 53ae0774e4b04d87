"""Where the pods of a mesh stand, from their statuses. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from netdoctor.probing.kube import status
from netdoctor.probing.kube.fleet_manifest import ANSWER, ASKING, ROLE_LABEL
from netdoctor.probing.kube.manifest import CONTAINER
from netdoctor_probe.mesh.document import Said, decode_said
from netdoctor_probe.wire import WireError


@dataclass(slots=True)
class Roster:
    """What is known of each node's pods.

    Attributes:
        addresses: of the pods that answer, by node.
        said: by node and network.
        failed: why a pod will not come to it, by node and role; untrusted text.
        stages: what others wait for, likewise.
        pods: names of those that there are.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, str], Said] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    stages: dict[tuple[str, str], str] = field(default_factory=dict)
    pods: set[str] = field(default_factory=set)

    def on_gone(self, pod: Mapping[str, Any]) -> None:
        """A pod is no more."""
        self.pods.discard(pod["metadata"]["name"])

    def on_pod(self, pod: Mapping[str, Any]) -> None:
        """A pod is as it is."""
        self.pods.add(pod["metadata"]["name"])
        role = ((pod.get("metadata") or {}).get("labels") or {}).get(ROLE_LABEL)
        node = status.node(pod) or _wanted_node(pod)
        if not role or not node:
            return
        name = CONTAINER if role == ANSWER else ASKING
        self.stages[node, role] = status.stage(pod, name)
        if because := status.hopeless(pod, name):
            self.failed[node, role] = because
        elif role == ANSWER:
            self._answering(pod, node)
        else:
            self._asked(pod, node, role)

    def _answering(self, pod: Mapping[str, Any], node: str) -> None:
        address = status.pod_ip(pod)
        if address and status.started(pod, CONTAINER):
            self.failed.pop((node, ANSWER), None)  # an image that could be pulled after all
            self.addresses[node] = address

    def _asked(self, pod: Mapping[str, Any], node: str, role: str) -> None:
        statuses = (pod.get("status") or {}).get("initContainerStatuses") or ()
        state = next((one.get("state") or {} for one in statuses if one.get("name") == ASKING), {})
        ended = state.get("terminated")
        if ended is None or (node, role) in self.said:
            return
        message = str(ended.get("message") or "")
        try:
            self.said[node, role] = decode_said(message)
        except WireError:
            text = " ".join(message.split())[:200]
            because = f"the probe agent ended with exit code {ended.get('exitCode')}{f': {text}' if text else ''}"
            self.failed[node, role] = because

    def settled(self, nodes: Collection[str], role: str) -> bool:
        """Whether of every node it is known what becomes of that role."""
        done = self.addresses if role == ANSWER else {node for node, network in self.said if network == role}
        return all(node in done or (node, role) in self.failed for node in nodes)

    def waiting(self, nodes: Collection[str], role: str) -> dict[str, str]:
        """What the nodes that have not come to it wait for."""
        done = self.addresses if role == ANSWER else {node for node, network in self.said if network == role}
        return {
            node: self.failed.get((node, role)) or self.stages.get((node, role)) or "no pod was created there"
            for node in nodes
            if node not in done
        }


def _wanted_node(pod: Mapping[str, Any]) -> str:
    """The node that the DaemonSet controller made it for, which is an affinity to that node's name."""
    affinity = (((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity")) or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for match in term.get("matchFields") or ():
            if match.get("key") == "metadata.name" and match.get("values"):
                return str(match["values"][0])
    return ""
