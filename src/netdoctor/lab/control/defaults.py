"""What the API server fills in where a manifest says nothing, as far as it decides what happens on the network.

Source: "Default" notes in the Kubernetes API reference (v1.34).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdoctor.lab.objects import Manifest, kind_of

_PROBE = {"periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_CLIENT_IP_SECONDS = 10800
_WORKLOADS: Mapping[str, Mapping[str, Any]] = {
    "Deployment": {"replicas": 1, "strategy": {"type": "RollingUpdate"}},
    "ReplicaSet": {"replicas": 1},
    "StatefulSet": {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    },
    "DaemonSet": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
    "Job": {"backoffLimit": 6, "completions": 1, "parallelism": 1},
}
_QUARTER = {"maxSurge": "25%", "maxUnavailable": "25%"}
_LABEL = "kubernetes.io/metadata.name"


def with_defaults(manifest: Manifest) -> Manifest:
    """The manifest with its kind's defaults; what it says itself stays."""
    kind, spec = kind_of(manifest), manifest.get("spec", {})
    match kind:
        case "Namespace":
            metadata = manifest["metadata"]
            labels = {**metadata.get("labels", {}), _LABEL: metadata["name"]}
            return {**manifest, "metadata": {**metadata, "labels": labels}, "status": {"phase": "Active"}}
        case "Service":
            return {**manifest, "spec": _service(spec)}
        case "NetworkPolicy":
            return {**manifest, "spec": _policy(spec)}
        case "Pod":
            return {**manifest, "spec": _tolerating(pod_spec(spec))}
        case _ if kind in _WORKLOADS:
            return {**manifest, "spec": _workload(kind, spec)}
    return manifest


def pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a pod, or of a template, with its defaults."""
    on_host = bool(spec.get("hostNetwork"))
    filled = {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        **spec,
    }
    for field in ("containers", "initContainers"):
        if field in spec:
            filled[field] = [_container(container, on_host=on_host) for container in spec[field]]
    return filled


def _tolerating(spec: dict[str, Any]) -> dict[str, Any]:
    """What the admission plugin DefaultTolerationSeconds adds to a pod."""
    tolerations = list(spec.get("tolerations", ()))
    for condition in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{condition}"
        if not any(t.get("key", key) == key and t.get("effect", "NoExecute") == "NoExecute" for t in tolerations):
            effect = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            tolerations.append(effect)
    return {**spec, "tolerations": tolerations}


def _container(container: Mapping[str, Any], *, on_host: bool) -> dict[str, Any]:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    latest = "@" not in image and tag in {"", "latest"}
    filled = {"imagePullPolicy": "Always" if latest else "IfNotPresent", **container}
    if "ports" in container:
        filled["ports"] = [_container_port(port, on_host=on_host) for port in container["ports"]]
    for field in _PROBES:
        if field in container:
            filled[field] = _probe(container[field])
    return filled


def _container_port(port: Mapping[str, Any], *, on_host: bool) -> dict[str, Any]:
    host = {"hostPort": port["containerPort"]} if on_host else {}
    return {"protocol": "TCP", **host, **port}


def _probe(probe: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**_PROBE, **probe}
    if "httpGet" in probe:
        filled["httpGet"] = {"path": "/", "scheme": "HTTP", **probe["httpGet"]}
    return filled


def _workload(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**_WORKLOADS[kind], **spec}
    if kind == "Deployment" and filled["strategy"].get("type", "RollingUpdate") == "RollingUpdate":
        update = {**_QUARTER, **filled["strategy"].get("rollingUpdate", {})}
        filled["strategy"] = {"type": "RollingUpdate", "rollingUpdate": update}
    template = spec["template"]
    filled["template"] = {"metadata": {}, **template, "spec": pod_spec(template["spec"])}
    return filled


def _service(spec: Mapping[str, Any]) -> dict[str, Any]:
    filled = {"type": "ClusterIP", "sessionAffinity": "None", **spec}
    if filled["type"] != "ExternalName":
        filled.setdefault("internalTrafficPolicy", "Cluster")
    if filled["type"] in {"NodePort", "LoadBalancer"} or filled.get("externalIPs"):
        filled.setdefault("externalTrafficPolicy", "Cluster")
    if filled["sessionAffinity"] == "ClientIP":
        filled.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": _CLIENT_IP_SECONDS}})
    if "ports" in spec:
        filled["ports"] = [_service_port(port) for port in spec["ports"]]
    return filled


def _service_port(port: Mapping[str, Any]) -> dict[str, Any]:
    """A missing, empty or zero targetPort is the port itself."""
    return {**port, "protocol": port.get("protocol") or "TCP", "targetPort": port.get("targetPort") or port["port"]}


def _policy(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Egress is among the types only if there is an egress rule: `egress: []` alone isolates no egress."""
    filled = {"podSelector": {}, **spec}
    if not spec.get("policyTypes"):
        filled["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for field in ("ingress", "egress"):
        if field in spec:
            filled[field] = [_policy_rule(rule) for rule in spec[field]]
    return filled


def _policy_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    if "ports" not in rule:
        return dict(rule)
    return {**rule, "ports": [{"protocol": "TCP", **port} for port in rule["ports"]]}
