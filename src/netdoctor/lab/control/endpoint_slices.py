"""EndpointSlices of Services with a selector, as the EndpointSlice controller keeps them.

Source: KEP-752, and staging/src/k8s.io/endpointslice: one slice for each IP family and each set of port numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.selectors import matches_labels
from netdoctor.lab.control.names import digest, generated, with_uid
from netdoctor.lab.control.views import finished, of_kind, owner_reference, pod_spec, ready
from netdoctor.lab.objects import Key, Manifest, Objects, key_of

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"

_SERVICE_NAME = "kubernetes.io/service-name"
_VERSIONS = {"IPv4": 4, "IPv6": 6}
_Ports = tuple[tuple[str, int, str, str], ...]  # name, number, protocol, appProtocol


def with_slices(objects: Objects) -> Objects:
    """The objects with the slices that Services want; slices that somebody else keeps stay as they are."""
    kept: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    for found in of_kind(objects, "EndpointSlice"):
        labels = found["metadata"].get("labels", {})
        if labels.get(MANAGED_BY) == CONTROLLER:
            kept[found["metadata"]["namespace"], labels.get(_SERVICE_NAME, "")].append(found)
    pods: dict[str, list[Manifest]] = defaultdict(list)
    for pod in of_kind(objects, "Pod"):
        if pod.get("status", {}).get("podIP") and not finished(pod):
            pods[pod["metadata"].get("namespace", "default")].append(pod)
    new: dict[Key, Manifest] = {}
    old = {key_of(found) for group in kept.values() for found in group}
    for service in of_kind(objects, "Service"):
        namespace = service["metadata"]["namespace"]
        if service["spec"].get("selector") and service["spec"].get("type") != "ExternalName":
            mine = kept[namespace, service["metadata"]["name"]]
            for made in _slices(service, pods[namespace], mine, {**objects, **new}):
                new[key_of(made)] = made
    if old == new.keys() and all(objects[key] is made for key, made in new.items()):
        return objects
    return {**{key: found for key, found in objects.items() if key not in old}, **new}


def _slices(
    service: Manifest, pods: Sequence[Manifest], kept: Sequence[Manifest], taken: Objects
) -> Iterator[Manifest]:
    """One slice for each group of endpoints: the one that says the same already, else a changed or a new one."""
    contents = [
        _content(service, family, ports, endpoints)
        for family in service["spec"].get("ipFamilies") or ["IPv4"]
        for ports, endpoints in (_grouped(service, pods, family) or {(): []}).items()
    ]
    said = {_key(_says(content)) for content in contents}
    unchanged = {_key(_says(found)): found for found in kept if _key(_says(found)) in said}
    free = [found for found in kept if found not in unchanged.values()]
    names: Objects = {}
    for content in contents:
        same = unchanged.get(_key(_says(content)))
        if same is None:
            metadata = free.pop(0)["metadata"] if free else _metadata(service, ({**taken, **names}))
            same = {**content, "metadata": {**metadata, **content["metadata"]}}
        names[key_of(same)] = same
        yield same


def _grouped(service: Manifest, pods: Sequence[Manifest], family: str) -> dict[_Ports, list[dict[str, Any]]]:
    groups: dict[_Ports, list[dict[str, Any]]] = defaultdict(list)
    for pod in pods:
        if matches_labels(service["spec"]["selector"], pod["metadata"].get("labels", {})):
            addresses = [e["ip"] for e in pod["status"].get("podIPs", ()) if _version(e["ip"]) == _VERSIONS[family]]
            if addresses:
                groups[_ports(service, pod)].append(_endpoint(service, pod, addresses[0]))
    return groups


def _version(address: str) -> int:
    parsed = parse_address(address)
    return parsed.version if parsed else 0


def _ports(service: Manifest, pod: Manifest) -> _Ports:
    """The Service's ports as numbers of this pod; a name that it has not is left out."""
    found = []
    for port in service["spec"].get("ports", ()):
        protocol, target = port.get("protocol", "TCP"), port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named_port(pod, target, protocol)
        if number:
            found.append((port.get("name", ""), number, protocol, port.get("appProtocol", "")))
    return tuple(found)


def _named_port(pod: Manifest, name: str, protocol: str) -> int | None:
    spec = pod_spec(pod)
    containers = (*spec.containers, *(c for c in spec.init_containers if c.sidecar))
    ports = (port for container in containers for port in container.ports)
    return next((p.container_port for p in ports if p.name == name and p.protocol == protocol), None)


def _endpoint(service: Manifest, pod: Manifest, address: str) -> dict[str, Any]:
    metadata, spec = pod["metadata"], pod["spec"]
    serving, leaving = ready(pod), "deletionTimestamp" in metadata
    public = bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: dict[str, Any] = {
        "addresses": [address],
        "conditions": {
            "ready": public or (serving and not leaving),
            "serving": serving,
            "terminating": leaving,
        },
        "nodeName": spec["nodeName"],
        "targetRef": {"kind": "Pod", "name": metadata["name"], "namespace": metadata.get("namespace", "default")},
    }
    if metadata.get("uid"):
        endpoint["targetRef"]["uid"] = metadata["uid"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = spec["hostname"]
    return endpoint


def _content(service: Manifest, family: str, ports: _Ports, endpoints: list[dict[str, Any]]) -> Manifest:
    metadata = service["metadata"]
    labels = {**metadata.get("labels", {}), MANAGED_BY: CONTROLLER, _SERVICE_NAME: metadata["name"]}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    content: Manifest = {
        "addressType": family,
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        },
        "endpoints": endpoints,
        "ports": [_port(*port) for port in ports],
    }
    return content


def _port(name: str, number: int, protocol: str, app_protocol: str) -> dict[str, Any]:
    port: dict[str, Any] = {"name": name, "port": number, "protocol": protocol}
    return {**port, "appProtocol": app_protocol} if app_protocol else port


def _metadata(service: Manifest, taken: Objects) -> dict[str, Any]:
    namespace = service["metadata"]["namespace"]
    name = generated(f"{service['metadata']['name']}-", "EndpointSlice", namespace, (taken,))
    named = {"kind": "EndpointSlice", "metadata": {"name": name, "namespace": namespace}}
    metadata: dict[str, Any] = with_uid(named, key_of(named), {})["metadata"]
    return metadata


def _key(said: tuple[Any, ...]) -> str:
    return digest(16, said)


def _says(found: Manifest) -> tuple[Any, ...]:
    """What a slice says, whatever its name is and the order of its endpoints and ports."""
    endpoints = sorted(
        (endpoint.get("addresses", []), sorted(endpoint.get("conditions", {}).items()), endpoint.get("hostname", ""))
        for endpoint in found.get("endpoints") or ()
    )
    ports = sorted(str(sorted(port.items())) for port in found.get("ports") or ())
    return found.get("addressType", "IPv4"), found["metadata"].get("labels", {}), ports, endpoints
