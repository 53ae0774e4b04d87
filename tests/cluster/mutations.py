"""Valid files, and what becomes of them when something breaks them: reproducible from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import yaml

_LABELS = {"app": "web", "tier": "front"}
_SELECTOR = {"matchLabels": _LABELS, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front"]}]}
_PODS = {"namespaceSelector": {"matchLabels": {"team": "red"}}, "podSelector": _SELECTOR}
_CONTAINER = {
    "name": "main",
    "image": "example/web:1",
    "args": ["--port=8080"],
    "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
}
_POD_SPEC = {
    "containers": [_CONTAINER],
    "initContainers": [{"name": "proxy", "restartPolicy": "Always", "ports": [{"containerPort": 9000}]}],
    "nodeName": "n1",
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "dnsConfig": {"options": [{"name": "ndots", "value": "5"}], "searches": ["a.example"]},
    "hostAliases": [{"ip": "10.1.1.1", "hostnames": ["old"]}],
}
_POLICY_SPEC = {
    "podSelector": _SELECTOR,
    "policyTypes": ["Ingress", "Egress"],
    "ingress": [
        {
            "from": [
                {"podSelector": _SELECTOR, "namespaceSelector": {"matchLabels": {"team": "red"}}},
                {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            ],
            "ports": [{"port": 8080, "endPort": 8090, "protocol": "TCP"}, {"port": "http"}],
        }
    ],
    "egress": [{"to": [{"ipBlock": {"cidr": "fd00::/8"}}], "ports": [{"protocol": "UDP", "port": 53}]}, {}],
}

_CALICO_SPEC = {
    "tier": "security",
    "order": 10.5,
    "selector": "app == 'web' || !has(tier)",
    "serviceAccountSelector": "team == 'red'",
    "types": ["Ingress", "Egress"],
    "ingress": [
        {
            "action": "Deny",
            "ipVersion": 4,
            "protocol": "TCP",
            "notProtocol": 17,
            "icmp": {"type": 8, "code": 0},
            "notICMP": {"type": 8},
            "source": {
                "nets": ["10.0.0.0/8"],
                "notNets": ["10.1.0.0/16"],
                "selector": "all()",
                "notSelector": "tier == 'front'",
                "namespaceSelector": "global()",
                "ports": [1024, "80:90"],
            },
            "destination": {"ports": ["http", 80], "notPorts": [81]},
        }
    ],
    "egress": [
        {
            "action": "Pass",
            "source": {"serviceAccounts": {"names": ["a"], "selector": "all()"}},
            "destination": {"services": {"name": "web", "namespace": "shop"}},
        }
    ],
    "performanceHints": ["AssumeNeededOnEveryNode"],
}


def _object(kind: str, api_version: str, name: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": _LABELS, "creationTimestamp": "2026-01-02T03:04:05Z"}
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, **fields}


OBJECTS: list[dict[str, Any]] = [
    _object("Namespace", "v1", "shop"),
    _object(
        "Node",
        "v1",
        "n1",
        spec={"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"], "taints": [{"key": "a", "effect": "NoSchedule"}]},
        status={
            "addresses": [{"type": "InternalIP", "address": "192.168.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    ),
    _object(
        "Pod",
        "v1",
        "web-1",
        spec=_POD_SPEC,
        status={
            "phase": "Running",
            "podIP": "10.0.0.1",
            "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}],
            "containerStatuses": [{"name": "main", "ready": True, "state": {"waiting": {"reason": "x"}}}],
        },
    ),
    _object(
        "Service",
        "v1",
        "web",
        spec={
            "selector": _LABELS,
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "ports": [{"port": 80, "targetPort": "http", "name": "http"}],
        },
    ),
    _object(
        "EndpointSlice",
        "discovery.k8s.io/v1",
        "web-x",
        addressType="IPv4",
        endpoints=[{"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod"}}],
        ports=[{"name": "http", "port": 8080, "protocol": "TCP"}],
    ),
    _object(
        "Endpoints",
        "v1",
        "web",
        subsets=[{"addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod"}}], "ports": [{"port": 8080}]}],
    ),
    _object(
        "Deployment",
        "apps/v1",
        "api",
        spec={
            "replicas": 2,
            "selector": _SELECTOR,
            "template": {"metadata": {"labels": _LABELS, "annotations": {"a": "b"}}, "spec": _POD_SPEC},
        },
    ),
    _object("NetworkPolicy", "networking.k8s.io/v1", "web-in", spec=_POLICY_SPEC),
    _object(
        "AdminNetworkPolicy",
        "policy.networking.k8s.io/v1alpha1",
        "admin",
        spec={
            "priority": 10,
            "subject": {"namespaces": _SELECTOR},
            "ingress": [
                {
                    "name": "a",
                    "action": "Deny",
                    "from": [{"pods": _PODS}],
                    "ports": [{"portRange": {"start": 1, "end": 9}}],
                }
            ],
            "egress": [{"action": "Allow", "to": [{"networks": ["10.0.0.0/8"]}, {"nodes": {}}]}],
        },
    ),
    _object(
        "BaselineAdminNetworkPolicy",
        "policy.networking.k8s.io/v1alpha1",
        "default",
        spec={
            "subject": {"pods": _PODS},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}], "ports": [{"namedPort": "http"}]}],
        },
    ),
    _object(
        "ClusterNetworkPolicy",
        "policy.networking.k8s.io/v1alpha2",
        "cluster",
        spec={
            "tier": "Admin",
            "priority": 20,
            "subject": {"pods": _PODS},
            "egress": [
                {
                    "name": "a",
                    "action": "Accept",
                    "to": [{"domainNames": ["*.example.org"]}],
                    "protocols": [{"tcp": {"destinationPort": {"range": {"start": 80, "end": 90}}}}],
                }
            ],
        },
    ),
    _object(
        "Ingress",
        "networking.k8s.io/v1",
        "web",
        spec={"rules": [{"host": "a.example", "http": {"paths": [{"path": "/", "backend": {"service": {}}}]}}]},
    ),
    _object("Event", "v1", "e", involvedObject={"kind": "Pod", "name": "web-1"}, lastTimestamp="2026-01-02T03:04:05Z"),
    _object("ConfigMap", "v1", "coredns", data={"Corefile": ".:53 {\n  kubernetes cluster.local\n}\n"}),
]

#: Policies of network plugins, which leave everything open in a cluster that may not run them.
CILIUM_POLICIES: list[dict[str, Any]] = [
    _object(
        "CiliumNetworkPolicy",
        "cilium.io/v2",
        "cilium",
        spec={
            "endpointSelector": {"matchLabels": {"app": "web"}},
            "enableDefaultDeny": {"egress": False},
            "ingress": [
                {
                    "fromEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"}}],
                    "toPorts": [
                        {
                            "ports": [{"port": "80", "endPort": 81, "protocol": "TCP"}],
                            "rules": {"http": [{"method": "GET", "path": "/api/v1/.*", "headers": ["X: y"]}]},
                        }
                    ],
                },
                {"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}], "icmps": [{"fields": []}]},
            ],
        },
        specs=[
            {
                "endpointSelector": {},
                "egress": [
                    {"toFQDNs": [{"matchPattern": "*.example.org"}]},
                    {"toServices": [{"k8sService": {"serviceName": "web", "namespace": "shop"}}]},
                ],
                "egressDeny": [{"toEntities": ["world"]}],
            }
        ],
    ),
    _object(
        "CiliumClusterwideNetworkPolicy",
        "cilium.io/v2",
        "cilium-wide",
        spec={"nodeSelector": {}, "ingressDeny": [{"fromNodes": [{"matchLabels": {"a": "b"}}]}]},
    ),
]

CALICO_OBJECTS: list[dict[str, Any]] = [
    _object(kind, "projectcalico.org/v3", "calico", spec=spec)
    for kind, spec in (
        ("NetworkPolicy", _CALICO_SPEC),
        ("GlobalNetworkPolicy", {**_CALICO_SPEC, "namespaceSelector": "team == 'red'", "applyOnForward": True}),
        ("StagedNetworkPolicy", {**_CALICO_SPEC, "stagedAction": "Set"}),
        ("StagedGlobalNetworkPolicy", {**_CALICO_SPEC, "preDNAT": True, "doNotTrack": False}),
        ("StagedKubernetesNetworkPolicy", {**_POLICY_SPEC, "stagedAction": "Delete"}),
        ("Tier", {"order": 10.5, "defaultAction": "Pass"}),
        ("NetworkSet", {"nets": ["203.0.113.0/24"]}),
        ("GlobalNetworkSet", {"nets": ["2001:db8::/32"]}),
        ("HostEndpoint", {"node": "n1", "interfaceName": "*", "expectedIPs": ["192.0.2.1"]}),
    )
]

_CILIUM_SPEC: dict[str, Any] = {
    "endpointSelector": {
        "matchLabels": {"k8s:app": "api"},
        "matchExpressions": [{"key": "tier", "operator": "Exists"}],
    },
    "enableDefaultDeny": {"ingress": True, "egress": False},
    "ingress": [
        {
            "fromEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"}}, {}],
            "toPorts": [
                {
                    "ports": [{"port": "8080", "endPort": 8090, "protocol": "TCP"}],
                    "rules": {"http": [{"method": "GET", "path": "/api/.*", "host": "shop", "headers": ["X-Team"]}]},
                }
            ],
        },
        {"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}], "icmps": [{"fields": [{"type": 8}]}]},
        {"fromEntities": ["host", "remote-node"], "fromCIDR": ["192.0.2.0/24"]},
    ],
    "ingressDeny": [{"fromEndpoints": [{"matchLabels": {"app": "web"}}], "toPorts": [{"ports": [{"port": "9090"}]}]}],
    "egress": [
        {"toEndpoints": [{}], "toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchPattern": "*"}]}}]},
        {"toFQDNs": [{"matchName": "example.com"}, {"matchPattern": "*.example.org"}]},
        {"toServices": [{"k8sService": {"serviceName": "db", "namespace": "shop"}}]},
        {"toEntities": ["world"]},
    ],
    "egressDeny": [{"toCIDR": ["169.254.169.254/32"]}],
}

CILIUM_OBJECTS: list[dict[str, Any]] = [
    _object("CiliumNetworkPolicy", "cilium.io/v2", "cilium", spec=_CILIUM_SPEC, specs=[_CILIUM_SPEC]),
    _object("CiliumClusterwideNetworkPolicy", "cilium.io/v2", "cilium", spec=_CILIUM_SPEC),
]

_ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    65536,
    2**31,
    2**63,
    2**64,
    -(10**40),
    10**4000,
    1.5,
    float("nan"),
    float("inf"),
    1e308,
    "",
    " ",
    "a\nb",
    "\x1b[2J",
    "\u202eevil",
    "~",
    "0o_",
    "0x",
    "10.0.0.0/99",
    "10.0.0.0/" + "9" * 5000,
    "::ffff:10.0.0.1/128",
    "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+23:59",
    "x" * 10_000,
    [],
    [None],
    [[]],
    [1, "a", {}],
    {},
    {"": None},
    {"a": [{"b": {}}]},
]


def mutated(seed: int) -> bytes:
    """A file that is broken in one to three places."""
    random = Random(seed)
    objects = deepcopy(random.sample([*OBJECTS, *CALICO_OBJECTS, *CILIUM_OBJECTS], random.randint(1, 4)))
    if random.random() < 0.6:
        for _ in range(random.randint(1, 3)):
            _break_value(random, objects)
    content = random.choice(_WRITERS)(random, objects)
    if random.random() < 0.5:
        for _ in range(random.randint(1, 2)):
            content = random.choice(_BYTE_MUTATORS)(random, content)
    return content


def mutated_cluster(seed: int) -> bytes:
    """All objects with one to three odd values, well-formed as a file."""
    random = Random(seed)
    objects = deepcopy(OBJECTS)
    for _ in range(random.randint(1, 3)):
        _break_value(random, objects)
    return random.choice([_yaml, _json, _yaml_list])(random, objects)


# Values ------------------------------------------------------------------------------------------------------


def _break_value(random: Random, objects: list[dict[str, Any]]) -> None:
    """Replace, drop, move or wrap one value somewhere inside."""
    parent, key = random.choice(list(_places(objects)))
    value = parent[key]
    match random.randrange(8):
        case 0 if isinstance(parent, dict):
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[str(key) + random.choice(["s", "x", " ", "\n"])] = value
        case 2:
            parent[key] = [value]
        case 3:
            parent[key] = {"value": value}
        case 4 if isinstance(value, list):
            parent[key] = dict(enumerate(value))
        case 5 if isinstance(value, list):
            value.extend(deepcopy(value) * random.choice([1, 50]))
        case _:
            parent[key] = deepcopy(random.choice(_ODD_VALUES))


def _places(value: Any) -> Any:
    """Every container inside, with each of its keys."""
    inner = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in inner:
        yield value, key
        yield from _places(value[key])


# Text --------------------------------------------------------------------------------------------------------


def _yaml(random: Random, objects: list[Any]) -> bytes:
    style = random.choice([None, True, False])
    return yaml.dump_all(objects, default_flow_style=style, allow_unicode=True, width=10_000).encode()


def _json(random: Random, objects: list[Any]) -> bytes:
    return json.dumps(_list(objects), indent=random.choice([None, 1, 4])).encode()


def _json_object(random: Random, objects: list[Any]) -> bytes:
    return json.dumps(objects[0], ensure_ascii=random.random() < 0.5).encode()


def _yaml_list(random: Random, objects: list[Any]) -> bytes:
    return yaml.dump(_list(objects)).encode()


def _typed_list(random: Random, objects: list[Any]) -> bytes:
    kind = str(objects[0].get("kind")) if isinstance(objects[0], dict) else ""
    whole = {**_list(objects), "kind": f"{kind}List"}
    return (json.dumps(whole) if random.random() < 0.5 else yaml.dump(whole)).encode()


def _list(objects: list[Any]) -> dict[str, Any]:
    return {"kind": "List", "apiVersion": "v1", "items": objects}


_WRITERS: list[Callable[[Random, list[Any]], bytes]] = [_yaml, _yaml, _json, _json_object, _yaml_list, _typed_list]


# Bytes -------------------------------------------------------------------------------------------------------


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice([1, 1, 5])):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _without_line(random: Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def _with_line_twice(random: Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return b"".join(lines)


def _indented(random: Random, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    at = random.randrange(len(lines))
    lines[at] = random.choice([b" " + lines[at], b"\t" + lines[at], lines[at].lstrip(), lines[at][1:]])
    return b"".join(lines)


_MARKS = b"\t|---\n|[|{|&a |*a |!x |<<: |: |- |'|\"|>\n|%YAML 9.9\n|\\ud800|<<: [*a, *a]\n".split(b"|")
_NO_TEXT = [b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1b[2J"]
_INSERTED = [*_MARKS, *_NO_TEXT, b"9" * 6000, b"[" * 12_000, b"- " * 12_000, b'{"a":' * 12_000]


def _with_insertion(random: Random, content: bytes) -> bytes:
    inserted = random.choice(_INSERTED)
    at = random.randrange(len(content) + 1)
    return content[:at] + inserted + content[at:]


_BYTE_MUTATORS: list[Callable[[Random, bytes], bytes]] = [
    lambda random, content: _cut(random, content) or b"{",
    lambda random, content: _flipped(random, content or b"a"),
    lambda random, content: _without_line(random, content + b"\n"),
    lambda random, content: _with_line_twice(random, content + b"\n"),
    lambda random, content: _indented(random, content + b"\n"),
    _with_insertion,
    _with_insertion,
    lambda _, content: content.replace(b"\n", b"\r\n"),
    lambda _, content: b"\xef\xbb\xbf" + content,
    lambda _, content: content.decode("utf-8", "replace").encode("utf-16"),
]
