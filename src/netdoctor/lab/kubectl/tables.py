"""The columns of `kubectl get`, as the API server prints them (pkg/printers/internalversion).

A lab has no clock that its objects would follow, so that nobody's age is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from netdoctor.lab.control.views import condition, internal_addresses
from netdoctor.lab.objects import Manifest, kind_of

NONE = "<none>"
_AGE = "<unknown>"
_ROLE = "node-role.kubernetes.io/"
_Cells = list[str]


def columns(kind: str, *, wide: bool) -> _Cells:
    """The headers of a table."""
    plain, more, _ = _KINDS.get(kind, _OTHER)
    return [*plain.split("|"), *(more.split("|") if wide and more else ())]


def row(manifest: Manifest, *, wide: bool) -> _Cells:
    """The cells of an object, as many as there are headers."""
    kind = kind_of(manifest)
    _, _, cells = _KINDS.get(kind, _OTHER)
    return [manifest["metadata"]["name"], *cells(manifest)][: len(columns(kind, wide=wide))]


def _joined(values: Iterable[Any]) -> str:
    return ",".join(str(value) for value in values) or NONE


def _pairs(labels: Mapping[str, str]) -> str:
    return _joined(f"{key}={value}" for key, value in labels.items())


def _selector(selector: Mapping[str, Any]) -> str:
    expressions = []
    for expression in selector.get("matchExpressions", ()):
        key, values = expression["key"], ",".join(expression.get("values", ()))
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        expressions.append(words.get(expression["operator"], f"!{key}"))
    return _joined([*(f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()), *expressions])


# Pods --------------------------------------------------------------------------------------------------------


def _pod(pod: Manifest) -> _Cells:
    status, spec = pod.get("status", {}), pod["spec"]
    states = status.get("containerStatuses", ())
    ready = f"{sum(bool(s.get('ready')) for s in states)}/{len(spec['containers'])}"
    gates = [gate["conditionType"] for gate in spec.get("readinessGates", ())]
    met = f"{sum(condition(pod, gate) == 'True' for gate in gates)}/{len(gates)}" if gates else NONE
    restarts = str(sum(s.get("restartCount", 0) for s in states))
    place = [status.get("podIP") or NONE, spec.get("nodeName") or NONE]
    return [ready, _pod_word(pod), restarts, _AGE, *place, NONE, met]


def _pod_word(pod: Manifest) -> str:
    """The STATUS column: what keeps the pod from running, else its phase."""
    status = pod.get("status", {})
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    word = str(status.get("reason") or status.get("phase") or "Unknown")
    inits = status.get("initContainerStatuses", ())
    sidecars = {c["name"] for c in pod["spec"].get("initContainers", ()) if c.get("restartPolicy") == "Always"}
    for done, state in enumerate(inits):
        said = _state_word(state)
        if said == "Completed" or (said == "Running" and state["name"] in sidecars):
            continue
        return f"Init:{said}" if said not in {"PodInitializing", "Running"} else f"Init:{done}/{len(inits)}"
    for state in reversed(status.get("containerStatuses", ())):
        said = _state_word(state)
        word = said if said != "Running" else word
    return word


def _state_word(status: Mapping[str, Any]) -> str:
    state = status.get("state", {})
    ended = state.get("terminated")
    if ended is not None:
        return str(ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}")
    return str(state.get("waiting", {}).get("reason") or "Running")


# Workloads ---------------------------------------------------------------------------------------------------


def _containers(workload: Manifest) -> _Cells:
    containers = workload["spec"]["template"]["spec"]["containers"]
    return [_joined(c["name"] for c in containers), _joined(c.get("image", "") for c in containers)]


def _deployment(deployment: Manifest) -> _Cells:
    spec, status = deployment["spec"], deployment.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    counts = [str(status.get(field, 0)) for field in ("updatedReplicas", "availableReplicas")]
    return [ready, *counts, _AGE, *_containers(deployment), _selector(spec.get("selector", {}))]


def _replica_set(replica_set: Manifest) -> _Cells:
    spec, status = replica_set["spec"], replica_set.get("status", {})
    counts = [str(spec.get("replicas", 1)), *(str(status.get(field, 0)) for field in ("replicas", "readyReplicas"))]
    return [*counts, _AGE, *_containers(replica_set), _selector(spec.get("selector", {}))]


def _stateful_set(stateful_set: Manifest) -> _Cells:
    spec, status = stateful_set["spec"], stateful_set.get("status", {})
    return [f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}", _AGE, *_containers(stateful_set)]


def _daemon_set(daemon_set: Manifest) -> _Cells:
    spec, status = daemon_set["spec"], daemon_set.get("status", {})
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    counts = [str(status.get(field, 0)) for field in fields]
    chosen = _pairs(spec["template"]["spec"].get("nodeSelector", {}))
    return [*counts, chosen, _AGE, *_containers(daemon_set), _selector(spec.get("selector", {}))]


def _job(job: Manifest) -> _Cells:
    spec, status = job["spec"], job.get("status", {})
    done = condition(job, "Complete") == "True"
    word = "Complete" if done else "Failed" if condition(job, "Failed") == "True" else "Running"
    return [word, f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}", _AGE, _AGE, *_containers(job)]


# Network -----------------------------------------------------------------------------------------------------


def _service(service: Manifest) -> _Cells:
    spec = service["spec"]
    kind = spec.get("type", "ClusterIP")
    address = NONE if kind == "ExternalName" else spec.get("clusterIP") or NONE
    ports = _joined(_service_port(port) for port in spec.get("ports", ()))
    return [kind, address, _external(service, kind), ports, _AGE, _pairs(spec.get("selector") or {})]


def _external(service: Manifest, kind: str) -> str:
    spec = service["spec"]
    if kind == "ExternalName":
        return str(spec.get("externalName") or NONE)
    given = service.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    listed = [*(entry.get("ip") or entry.get("hostname", "") for entry in given), *spec.get("externalIPs", ())]
    return "<pending>" if kind == "LoadBalancer" and not listed else _joined(listed)


def _service_port(port: Mapping[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _endpoint_slice(found: Manifest) -> _Cells:
    ports = _joined(port.get("port", "*") for port in found.get("ports") or ())
    addresses = [address for endpoint in found.get("endpoints") or () for address in endpoint.get("addresses", ())]
    more = f" + {len(addresses) - 3} more..." if len(addresses) > 3 else ""
    return [found.get("addressType", "IPv4"), _unset(ports), _unset(_joined(addresses[:3])) + more, _AGE]


def _unset(text: str) -> str:
    return "<unset>" if text == NONE else text


def _network_policy(policy: Manifest) -> _Cells:
    return [_selector(policy["spec"].get("podSelector", {})), _AGE]


def _ingress(ingress: Manifest) -> _Cells:
    spec = ingress.get("spec", {})
    hosts = [rule.get("host") or "*" for rule in spec.get("rules", ())] or ["*"]
    given = ingress.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    addresses = ",".join(entry.get("ip") or entry.get("hostname", "") for entry in given)
    return [
        spec.get("ingressClassName") or NONE,
        _joined(hosts),
        addresses,
        "80, 443" if spec.get("tls") else "80",
        _AGE,
    ]


# Cluster -----------------------------------------------------------------------------------------------------


def _node(node: Manifest) -> _Cells:
    word = "Ready" if condition(node, "Ready") == "True" else "NotReady"
    word += ",SchedulingDisabled" if node.get("spec", {}).get("unschedulable") else ""
    labels = node["metadata"].get("labels", {})
    roles = _joined(sorted(label.removeprefix(_ROLE) for label in labels if label.startswith(_ROLE)))
    version = node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion") or _AGE
    return [word, roles, _AGE, version, (internal_addresses(node) or [NONE])[0], NONE]


def _namespace(namespace: Manifest) -> _Cells:
    return [namespace.get("status", {}).get("phase", "Active"), _AGE]


def _config_map(config_map: Manifest) -> _Cells:
    return [str(len(config_map.get("data", {})) + len(config_map.get("binaryData", {}))), _AGE]


def _event(event: Manifest) -> _Cells:
    about = event.get("involvedObject", {})
    whose = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
    return [_AGE, event.get("type", ""), event.get("reason", ""), whose, " ".join(event.get("message", "").split())]


def _other(_: Manifest) -> _Cells:
    return [_AGE]


_CONTAINERS = "CONTAINERS|IMAGES"
_KINDS: Mapping[str, tuple[str, str, Callable[[Manifest], _Cells]]] = {
    "ConfigMap": ("NAME|DATA|AGE", "", _config_map),
    "DaemonSet": (
        "NAME|DESIRED|CURRENT|READY|UP-TO-DATE|AVAILABLE|NODE SELECTOR|AGE",
        f"{_CONTAINERS}|SELECTOR",
        _daemon_set,
    ),
    "Deployment": ("NAME|READY|UP-TO-DATE|AVAILABLE|AGE", f"{_CONTAINERS}|SELECTOR", _deployment),
    "EndpointSlice": ("NAME|ADDRESSTYPE|PORTS|ENDPOINTS|AGE", "", _endpoint_slice),
    "Event": ("NAME|LAST SEEN|TYPE|REASON|OBJECT|MESSAGE", "", _event),
    "Ingress": ("NAME|CLASS|HOSTS|ADDRESS|PORTS|AGE", "", _ingress),
    "Job": ("NAME|STATUS|COMPLETIONS|DURATION|AGE", _CONTAINERS, _job),
    "Namespace": ("NAME|STATUS|AGE", "", _namespace),
    "NetworkPolicy": ("NAME|POD-SELECTOR|AGE", "", _network_policy),
    "Node": ("NAME|STATUS|ROLES|AGE|VERSION", "INTERNAL-IP|EXTERNAL-IP", _node),
    "Pod": ("NAME|READY|STATUS|RESTARTS|AGE", "IP|NODE|NOMINATED NODE|READINESS GATES", _pod),
    "ReplicaSet": ("NAME|DESIRED|CURRENT|READY|AGE", f"{_CONTAINERS}|SELECTOR", _replica_set),
    "Secret": ("NAME|DATA|AGE", "", _config_map),
    "Service": ("NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE", "SELECTOR", _service),
    "StatefulSet": ("NAME|READY|AGE", _CONTAINERS, _stateful_set),
}
_OTHER = ("NAME|AGE", "", _other)
