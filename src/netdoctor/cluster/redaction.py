"""A recorded cluster without its names and addresses, of which every diagnosis is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from netdoctor.cluster.addresses import Network, parse_networks
from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.network_settings import CHAIN_KEYS, chain_types
from netdoctor.cluster.redacted_addresses import RedactedAddresses
from netdoctor.cluster.redacted_names import KEPT, RedactedNames
from netdoctor.cluster.snapshot import Snapshot

# Values that come from a closed list, and times.
_CLOSED = frozenset(
    """
    apiVersion kind group type status phase reason operator protocol scheme effect policyTypes dnsPolicy restartPolicy
    addressType ipFamilies ipFamilyPolicy internalTrafficPolicy externalTrafficPolicy trafficDistribution
    sessionAffinity action tier pathType whenUnsatisfiable topologyKey key conditionType uid takenAt netdoctor
    creationTimestamp deletionTimestamp lastTransitionTime startTime lastTimestamp eventTime startedAt finishedAt
    kubeletVersion kubeProxyVersion containerRuntimeVersion kernelVersion exitCode
    """.split()  # noqa: SIM905 - as a list it would be 40 lines
)
_TIERS = ("Admin", "Baseline", "default")  # the others are objects of Calico's
_NAMED = frozenset(
    """
    name namespace nodeName hostname subdomain serviceName serviceAccountName externalName ingressClassName host
    loadBalancerClass gatewayClassName sectionName value secretName
    """.split()  # noqa: SIM905
)
_LABELS = frozenset({"labels", "matchLabels", "selector", "nodeSelector"})
# Calico's selectors: keys of labels, and values in quotes.
_EXPRESSIONS = frozenset({"selector", "notSelector", "namespaceSelector", "serviceAccountSelector"})
_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_NAME_LISTS = frozenset({"values", "searches", "hostnames", "domainNames", "hosts"})
_WORDS = frozenset({"command", "args"})
_SETTINGS = re.compile(
    r"\s*(?:dnsDomain|serviceSubnet|podSubnet|mode|clusterCIDR|detectLocalMode|kube-proxy-replacement|enable-policy|"
    r'"Backend"|"Type"|"Port"|"ListenPort"|"Network"|"IPv6Network"|"VNI"|"DirectRouting"|"MTU"|"mtu"|'
    r"trafficEncapMode|tunnelType|tunnelPort|trafficEncryptionMode|defaultMTU):"
)
_GENERAL = frozenset({"ports", "options"})  # whose names are those of protocols and of resolvers
_QUOTED = re.compile(r'"([^"]+)"')  # in messages: names of what else there is, such as Secrets
_FLAG = re.compile(r"-{1,2}[\w-]+")
_SEPARATOR = re.compile(r"([\s=,;'\"]+)")
_PLAIN = re.compile(r"[\d.:@/%\[\]-]*")
_HOST = re.compile(r"(?<![\w./-])(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}(?![\w/-])")


class Redaction:
    """Replaces names of objects, values of labels, hosts and addresses outside by pseudonyms; drops certificates.

    Of command lines, only what netdoctor understands is left; of annotations, their keys and what it reads of them; of
    ConfigMaps, the settings that it reads. Keys of labels stay, and so does what is called the same in every cluster.
    """

    def __init__(self, document: Mapping[str, Any], snapshot: Snapshot, key: bytes) -> None:
        """Learn the names.

        Args:
            document: the Snapshot's, as `recording.document` makes it.
            snapshot: whose own private addresses stay as they are.
            key: a secret, so that nobody can compute the addresses back.
        """
        self._addresses = RedactedAddresses(key, _own_networks(snapshot))
        self._names = RedactedNames()
        items = document["items"]
        for kind, prefix in (("Namespace", "namespace"), ("Node", "node"), ("Service", "name")):
            self._names.learn(prefix, (item["metadata"]["name"] for item in items if item["kind"] == kind))
        self._names.learn("name", (item["metadata"]["name"] for item in items if item["kind"] in KINDS))
        self._names.learn("value", (name for item in items for name in _named(item, "")))
        self._names.learn("image", (word for item in items for word in _images(item)))
        self._names.learn("value", (name for item in items for name in _quoted(item)))
        self._names.learn("host", (host for item in items for host in _hosts(item)))

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with everything replaced."""
        kept = (item for item in document["items"] if item["kind"] != "Secret")
        return {**document, "items": [self._replaced(item, "") for item in kept]}

    def text(self, text: str) -> str:
        """Any text, a command line for example, as it is about the redacted cluster."""
        return self._names.text(self._addresses.text(text))

    def _replaced(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, key)
        if _closed(key, value):
            return value
        if isinstance(value, (list, tuple)):
            return [self._replaced(each, key) for each in value]
        if isinstance(value, str) and key in _EXPRESSIONS:
            return _LITERAL.sub(lambda literal: self.text(literal[0]), value)
        if isinstance(value, str):
            return _UNSAID.get(key) or (self._command(value) if key in _WORDS else self.text(value))
        return value

    def _mapping(self, value: Mapping[str, Any], key: str) -> dict[str, Any]:
        if key == "annotations":
            return {name: self._annotation(name, text) for name, text in value.items()}
        if key == "data":
            return {name: self.text(_settings(name, text)) for name, text in value.items()}
        labels = key in _LABELS  # whose keys are no names of fields
        return {
            name: self._replaced(each, "" if labels and isinstance(each, str) else name) for name, each in value.items()
        }

    def _annotation(self, name: str, text: str) -> str:
        """What is read of them."""
        if _OFF in text:
            return _OFF
        return self.text(text) if name in _READ_ANNOTATIONS else ""

    def _command(self, argument: str) -> str:
        """What tells something about ports, addresses and the network; nothing else, since secrets may be there."""
        flag = _FLAG.match(argument)
        begin, rest = (flag[0], argument[flag.end() :]) if flag else ("", argument)
        words = _SEPARATOR.split(self._addresses.text(rest))
        return begin + "".join(
            word if _understood(word, after) else "redacted" for word, after in pairwise([*words, ""])
        )


def _closed(key: str, value: Any) -> bool:
    """Whether a value is from a closed list: tiers can have any name, and cert-manager's reasons are sentences."""
    if key == "tier":
        return value in _TIERS
    return key in _CLOSED and not (key == "reason" and isinstance(value, str) and " " in value)


_READ_ANNOTATIONS = {
    "ingressclass.kubernetes.io/is-default-class",
    "kubernetes.io/ingress.class",
    "nginx.ingress.kubernetes.io/backend-protocol",
    "nginx.ingress.kubernetes.io/rewrite-target",
    "nginx.ingress.kubernetes.io/use-regex",
    "nginx.org/path-regex",
}
_OFF = "--disable-network-policy"  # among the arguments of k3s: no policy is enforced
_UNSAID = {"source": "redacted", "because": "redacted"}  # in the Recording: whose cluster it is, and who may not read


def _understood(word: str, after: str) -> bool:
    """What separates words, the name of a setting, an address, a port, or words that netdoctor knows."""
    if _SEPARATOR.fullmatch(word) or _FLAG.fullmatch(word) or after.startswith("="):
        return True
    return all(part in KEPT or _PLAIN.fullmatch(part) for part in re.split(r"[:/@]+", word))


def _settings(name: str, text: str) -> str:
    """The lines of a ConfigMap that are read; the Corefile is read as a whole, of a CNI configuration the types."""
    if name in CHAIN_KEYS and (types := chain_types(text)):
        return json.dumps({"plugins": [{"type": one} for one in types]})
    if name == "Corefile" or "\n" not in text:
        return text
    return "".join(line for line in text.splitlines(keepends=True) if _SETTINGS.match(line))


def _named(value: Any, key: str) -> Iterator[str]:
    """Names of objects and values of labels, wherever they stand in an object."""
    if isinstance(value, dict) and key != "annotations":
        for name, each in value.items():
            if key in _LABELS and isinstance(each, str):
                yield each
            elif not (key in _GENERAL and name == "name"):
                yield from _named(each, name)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from (each,) if isinstance(each, str) and key in _NAME_LISTS else _named(each, key)
    elif isinstance(value, str) and key in _NAMED:
        yield value
    elif isinstance(value, str) and key in _EXPRESSIONS:
        yield from filter(None, (single or double for single, double in _LITERAL.findall(value)))


def _images(item: Any) -> Iterator[str]:
    """Registries and repositories of images; a tag is nobody's name."""
    for key, text in _texts(item, ""):
        if key == "image":
            registry, slash, name = text.partition("@")[0].rpartition("/")
            yield f"{registry}{slash}{name.partition(':')[0]}"


def _quoted(item: Any) -> Iterator[str]:
    for key, text in _texts(item, ""):
        if key == "message":
            yield from _QUOTED.findall(text)


def _hosts(item: Any) -> Iterator[str]:
    """Names in DNS, in whatever text."""
    for _, text in _texts(item, ""):
        yield from _HOST.findall(text)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """All strings with their keys, but for annotations and those of closed lists."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name != "annotations":
                yield from _texts(each, name)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, str) and not (_closed(key, value) or key == "tier"):
        yield key, value


def _own_networks(snapshot: Snapshot) -> Iterable[Network]:
    nodes = {cidr for node in snapshot.nodes for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr}
    pods = {ip for pod in snapshot.pods for ip in pod.ips}
    hosts = {address.address for node in snapshot.nodes for address in node.status.addresses}
    services = {ip for service in snapshot.services for ip in service.vips}
    pools = {str(pool.spec.get("cidr", "")) for pool in snapshot.ip_pools}
    return parse_networks(nodes | pods | hosts | services | pools)
