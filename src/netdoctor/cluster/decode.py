"""JSON or parsed YAML → typed objects, as forgiving as Go's decoder.

The fast path decodes a whole page straight into Structs. Where that fails, each object of the page is decoded by
itself, then once more with its nulls replaced; what still fails is recorded and does not lose the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import msgspec

from netdoctor.cluster import calico_objects, cilium_objects, objects
from netdoctor.cluster.nulls import without_nulls
from netdoctor.cluster.objects import Object
from netdoctor.model.errors import AccessError

_MAX_NAME = 253  # characters that an API server allows; in a file there may be millions
# kubectl's copy of the whole manifest, with the environment values that netdoctor must not hold.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# What decoding raises where text is malformed. Names and values that are no UTF-8, and nesting beyond the stack, are
# found only when they are reached.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that netdoctor reads: its Struct, where the API serves it, and its field in the Snapshot."""

    type: type[Object]
    group_version: str  # "v1", "apps/v1"
    field: str
    namespaced: bool = True
    extension: bool = False  # an API server serves it only where its CustomResourceDefinition is installed
    older: tuple[str, ...] = ()  # versions to read where the API server does not serve that one; of another group too
    needed: bool = True  # without it a verdict may be wrong, not only less precise
    named: bool = False  # read only where something that is read refers to its objects
    resource: str = ""  # its plural, where that is not made of the field

    @property
    def name(self) -> str:
        """Its key in KINDS, and the kind of references to its objects."""
        return self.type.kind_name()

    @property
    def tag(self) -> str:
        """The kind as its objects say it, which those of other groups may say too."""
        return str(self.type.__struct_config__.tag)

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.group_version.rpartition("/")[0]

    @property
    def plural(self) -> str:
        """The resource's name in API paths and RBAC rules."""
        return self.resource or self.field.replace("_", "")

    @property
    def groups(self) -> tuple[str, ...]:
        """The API groups in which it can be read, the best first."""
        return tuple(dict.fromkeys(kind.group for kind in self.versions))

    @property
    def versions(self) -> tuple[Kind, ...]:
        """This kind in each version in which it can be read, the best first."""
        return (self, *(replace(self, group_version=version, older=()) for version in self.older))

    @property
    def discovery_path(self) -> str:
        """Path of the resources that the API server serves in this group and version."""
        return f"{'/apis' if self.group else '/api'}/{self.group_version}"

    def path(self, namespace: str = "", name: str = "") -> str:
        """Path of the list, in one namespace if given, or of one object."""
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{self.discovery_path}{scope}/{self.plural}" + (f"/{name}" if name else "")


def _cluster_wide(struct: type[Object], version: str, field: str) -> Kind:
    """A policy of the network-policy-api."""
    return Kind(struct, f"policy.networking.k8s.io/{version}", field, namespaced=False, extension=True)


_GATEWAY_API = "gateway.networking.k8s.io"


def _gateway(struct: type[Object], field: str, *, namespaced: bool = True) -> Kind:
    """A kind of the Gateway API; before its release 1.0 there was only v1beta1, with the same fields."""
    return Kind(struct, f"{_GATEWAY_API}/v1", field, namespaced, extension=True, older=(f"{_GATEWAY_API}/v1beta1",))


def _setting(struct: type[Object], version: str, field: str, *older: str) -> Kind:
    """A setting of a network plugin."""
    return Kind(struct, version, field, namespaced=False, extension=True, older=older, needed=False)


def _calico(struct: type[Object], field: str) -> Kind:
    """A setting of Calico's: from its own API server, or where there is none, as it stores it in that of Kubernetes."""
    return _setting(struct, "projectcalico.org/v3", field, "crd.projectcalico.org/v1")


def _calico_policy(
    struct: type[Object], field: str, resource: str = "", *, namespaced: bool = False, needed: bool = True
) -> Kind:
    """A policy of Calico's, or what policies refer to."""
    kind = replace(_calico(struct, field), namespaced=namespaced, needed=needed)
    return replace(kind, resource=resource)


def _cilium(
    struct: type[Object], field: str, *, namespaced: bool = False, needed: bool = True, older: tuple[str, ...] = ()
) -> Kind:
    """A kind of Cilium's."""
    return Kind(struct, "cilium.io/v2", field, namespaced, extension=True, older=older, needed=needed)


def _issuing(struct: type[Object], field: str, group: str = "cert-manager.io", *, namespaced: bool = True) -> Kind:
    """A kind of cert-manager's, read where a Secret that it makes is missing."""
    return Kind(struct, f"{group}/v1", field, namespaced, extension=True, needed=False, named=True)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(objects.Node, "v1", "nodes", namespaced=False),
        Kind(objects.Namespace, "v1", "namespaces", namespaced=False),
        Kind(objects.Pod, "v1", "pods"),
        Kind(objects.Service, "v1", "services"),
        Kind(objects.EndpointSlice, "discovery.k8s.io/v1", "endpoint_slices"),
        Kind(objects.Endpoints, "v1", "endpoints"),
        Kind(objects.Deployment, "apps/v1", "deployments"),
        Kind(objects.ReplicaSet, "apps/v1", "replica_sets"),
        Kind(objects.StatefulSet, "apps/v1", "stateful_sets"),
        Kind(objects.DaemonSet, "apps/v1", "daemon_sets"),
        Kind(objects.NetworkPolicy, "networking.k8s.io/v1", "network_policies"),
        _cluster_wide(objects.AdminNetworkPolicy, "v1alpha1", "admin_network_policies"),
        _cluster_wide(objects.BaselineAdminNetworkPolicy, "v1alpha1", "baseline_admin_network_policies"),
        _cluster_wide(objects.ClusterNetworkPolicy, "v1alpha2", "cluster_network_policies"),
        _calico_policy(
            calico_objects.CalicoNetworkPolicy, "calico_network_policies", "networkpolicies", namespaced=True
        ),
        _calico_policy(calico_objects.GlobalNetworkPolicy, "global_network_policies"),
        _calico_policy(calico_objects.CalicoTier, "calico_tiers", "tiers"),
        _calico_policy(calico_objects.NetworkSet, "network_sets", namespaced=True),
        _calico_policy(calico_objects.GlobalNetworkSet, "global_network_sets"),
        _calico_policy(calico_objects.StagedNetworkPolicy, "staged_network_policies", namespaced=True, needed=False),
        _calico_policy(calico_objects.StagedGlobalNetworkPolicy, "staged_global_network_policies", needed=False),
        _calico_policy(
            calico_objects.StagedKubernetesNetworkPolicy,
            "staged_kubernetes_network_policies",
            namespaced=True,
            needed=False,
        ),
        _calico_policy(calico_objects.HostEndpoint, "host_endpoints", needed=False),
        _cilium(cilium_objects.CiliumNetworkPolicy, "cilium_network_policies", namespaced=True),
        _cilium(cilium_objects.CiliumClusterwideNetworkPolicy, "cilium_clusterwide_network_policies"),
        _cilium(cilium_objects.CiliumCIDRGroup, "cilium_cidr_groups", older=("cilium.io/v2alpha1",)),
        _cilium(cilium_objects.CiliumEndpoint, "cilium_endpoints", namespaced=True, needed=False),
        _cilium(cilium_objects.CiliumIdentity, "cilium_identities", needed=False),
        _cilium(cilium_objects.CiliumNode, "cilium_nodes", needed=False),
        Kind(objects.Ingress, "networking.k8s.io/v1", "ingresses"),
        Kind(objects.IngressClass, "networking.k8s.io/v1", "ingress_classes", namespaced=False),
        _gateway(objects.GatewayClass, "gateway_classes", namespaced=False),
        _gateway(objects.Gateway, "gateways"),
        _gateway(objects.HTTPRoute, "http_routes"),
        Kind(objects.ReferenceGrant, f"{_GATEWAY_API}/v1beta1", "reference_grants", extension=True),
        Kind(objects.Event, "v1", "events"),
        Kind(objects.ConfigMap, "v1", "config_maps"),
        _calico(objects.IPPool, "ip_pools"),
        _calico(objects.FelixConfiguration, "felix_configurations"),
        _calico(objects.BGPConfiguration, "bgp_configurations"),
        _calico(objects.BlockAffinity, "block_affinities"),
        _setting(objects.Installation, "operator.tigera.io/v1", "installations"),
        Kind(objects.ServiceAccount, "v1", "service_accounts", needed=False, named=True),
        Kind(objects.Secret, "v1", "secrets"),
        _issuing(objects.Certificate, "certificates"),
        _issuing(objects.CertificateRequest, "certificate_requests"),
        _issuing(objects.Issuer, "issuers"),
        _issuing(objects.ClusterIssuer, "cluster_issuers", namespaced=False),
        _issuing(objects.Order, "orders", "acme.cert-manager.io"),
        _issuing(objects.Challenge, "challenges", "acme.cert-manager.io"),
    )
}

POLICY_KINDS = frozenset(name for name, kind in KINDS.items() if kind.tag.endswith("NetworkPolicy"))
_BY_TAG: Mapping[str, tuple[Kind, ...]] = {
    tag: tuple(kind for kind in KINDS.values() if kind.tag == tag) for tag in {kind.tag for kind in KINDS.values()}
}


class UndecodableError(ValueError):
    """An object that does not have the shape of its kind; the text names it and the field."""

    def __init__(self, kind: str, namespace: str, name: str, because: str) -> None:
        super().__init__(f"{kind} {f'{namespace}/' if namespace else ''}{name}: {because}")
        self.namespace = namespace


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `continue_token` is empty on the last."""

    objects: tuple[Object, ...]
    undecodable: tuple[UndecodableError, ...]
    continue_token: str


def decode_page(kind: str, body: bytes) -> Page:
    """Decode one answer to a list request.

    Raises:
        AccessError: the body is no list; what answered is no API server.
    """
    try:
        whole = _PAGES[kind].decode(body)
    except msgspec.ValidationError:
        return _decode_each(kind, body)
    except NOT_JSON as error:
        raise _no_api_server(error) from error
    return Page(tuple(map(_clean, whole.items)), (), _token(whole.metadata))


def decode_object(kind: str, body: bytes | msgspec.Raw) -> Object:
    """Decode one object.

    Raises:
        UndecodableError: the object does not have its kind's shape.
        AccessError: the body is no JSON; what answered is no API server.
    """
    try:
        return _decode(kind, body)
    except NOT_JSON as error:
        raise _no_api_server(error) from error


def convert(document: Mapping[str, Any]) -> Object | None:
    """A parsed document as its kind's Struct; None for kinds (and API groups) that netdoctor does not read.

    Raises:
        UndecodableError: the document does not have its kind's shape.
    """
    kind = _kind(str(document.get("kind")), str(document.get("apiVersion")))
    return _convert(document, kind.type) if kind else None


def convert_json(kind: str, api_version: str, text: msgspec.Raw) -> Object | None:
    """One object from a file as `convert` makes it, without a mapping in between; its text need not say its kind.

    Raises:
        UndecodableError: it does not have its kind's shape.
        NOT_JSON: it is malformed.
    """
    read = _kind(kind, api_version)
    return _decode(read.name, text) if read else None


def name_of(kind: str, api_version: str) -> str:
    """The key in KINDS of objects that say this kind; the kind itself where netdoctor does not read them."""
    read = _kind(kind, api_version) if len(_BY_TAG.get(kind, ())) > 1 else None
    return read.name if read else kind


def _kind(name: str, api_version: str) -> Kind | None:
    """The kind if it can be read: versions of a group look alike, but those of a policy may mean something else."""
    group = api_version.rpartition("/")[0]
    for kind in _BY_TAG.get(name, ()):
        versions = (one.group_version for one in kind.versions)
        if api_version in versions if kind.name in POLICY_KINDS else group in kind.groups:
            return kind
    return None


def _decode(kind: str, text: bytes | msgspec.Raw) -> Object:
    try:
        return _clean(_OBJECTS[kind].decode(text))
    except msgspec.ValidationError:
        return _convert(msgspec.json.decode(text), KINDS[kind].type)


def _convert(document: Any, struct: type[Object]) -> Object:
    try:
        return _clean(msgspec.convert(document, struct))
    except msgspec.ValidationError:
        pass
    try:
        return _clean(msgspec.convert(without_nulls(document, struct), struct))
    except msgspec.ValidationError as error:
        raise _undecodable(struct.kind_name(), document, error) from error


def _clean(decoded: Object) -> Object:
    decoded.metadata.annotations.pop(_LAST_APPLIED, None)
    return decoded


# Pages -------------------------------------------------------------------------------------------------------

_T = TypeVar("_T")


class _ListMeta(msgspec.Struct):
    continue_: str | None = msgspec.field(default=None, name="continue")


class _List(msgspec.Struct, Generic[_T]):
    """A list as the API sends it. Its items carry no `kind`; a single Struct type needs no tag."""

    items: list[_T]
    metadata: _ListMeta | None = None


class _Pieces(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _ListMeta | None = None


def _token(metadata: _ListMeta | None) -> str:
    return (metadata and metadata.continue_) or ""


# Made here, not where they are needed: msgspec crashes where two threads see a type for the first time at once.
_PAGES: Mapping[str, msgspec.json.Decoder[_List[Object]]] = {
    name: msgspec.json.Decoder(_List[kind.type])  # type: ignore[name-defined]
    for name, kind in KINDS.items()
}
_OBJECTS: Mapping[str, msgspec.json.Decoder[Object]] = {
    name: msgspec.json.Decoder(kind.type) for name, kind in KINDS.items()
}
_IN_PIECES = msgspec.json.Decoder(_Pieces)


def _decode_each(kind: str, body: bytes) -> Page:
    try:
        pieces = _IN_PIECES.decode(body)
    except NOT_JSON as error:
        raise _no_api_server(error) from error
    decoded: list[Object] = []
    undecodable: list[UndecodableError] = []
    for piece in pieces.items or ():
        try:
            decoded.append(decode_object(kind, piece))
        except UndecodableError as error:
            undecodable.append(error)
    return Page(tuple(decoded), tuple(undecodable), _token(pieces.metadata))


# Errors ------------------------------------------------------------------------------------------------------


def _no_api_server(error: Exception) -> AccessError:
    return AccessError("the answer is not that of an API server", str(error), "check `server` in the kubeconfig")


def _undecodable(kind: str, document: Any, error: msgspec.ValidationError) -> UndecodableError:
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    metadata = metadata if isinstance(metadata, Mapping) else {}
    said, _, path = str(error).partition(" - at ")
    namespace, name = (str(metadata.get(field) or "")[:_MAX_NAME] for field in ("namespace", "name"))
    because = f"{path.strip('`').removeprefix('$').removeprefix('.') or 'object'}: {said[0].lower()}{said[1:]}"
    return UndecodableError(kind, namespace, name or "?", because)
