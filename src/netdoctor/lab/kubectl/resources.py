"""Resources: what users call the kinds of objects, and what kubectl calls them in its answers."""

from __future__ import annotations

from dataclasses import dataclass

from netdoctor.lab.kubectl.errors import wrong
from netdoctor.lab.objects import Manifest, kind_of
from netdoctor.model.refs import CLUSTER_SCOPED


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API serves it; `names` are those that kubectl takes besides."""

    kind: str
    plural: str
    group: str = ""
    names: tuple[str, ...] = ()

    @property
    def namespaced(self) -> bool:
        """Whether its objects are in namespaces."""
        return self.kind not in CLUSTER_SCOPED

    @property
    def qualified(self) -> str:
        """The plural as errors name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        """As answers name it: `deployment.apps`."""
        name = self.kind.partition(".")[0].lower()
        return f"{name}.{self.group}" if self.group else name


_GATEWAY_GROUP = "gateway.networking.k8s.io"
_ISSUING_GROUP = "cert-manager.io"
_POLICY_GROUP = "policy.networking.k8s.io"

RESOURCES = (
    Resource("Pod", "pods", names=("po",)),
    Resource("Service", "services", names=("svc",)),
    Resource("Deployment", "deployments", "apps", ("deploy",)),
    Resource("ReplicaSet", "replicasets", "apps", ("rs",)),
    Resource("StatefulSet", "statefulsets", "apps", ("sts",)),
    Resource("DaemonSet", "daemonsets", "apps", ("ds",)),
    Resource("Job", "jobs", "batch"),
    Resource("EndpointSlice", "endpointslices", "discovery.k8s.io"),
    Resource("Endpoints", "endpoints", names=("ep",)),
    Resource("NetworkPolicy.v3.projectcalico.org", "networkpolicies", "projectcalico.org"),
    Resource("NetworkPolicy", "networkpolicies", "networking.k8s.io", ("netpol",)),
    Resource("Ingress", "ingresses", "networking.k8s.io", ("ing",)),
    Resource("IngressClass", "ingressclasses", "networking.k8s.io"),
    Resource("GatewayClass", "gatewayclasses", _GATEWAY_GROUP, ("gc",)),
    Resource("Gateway", "gateways", _GATEWAY_GROUP, ("gtw",)),
    Resource("HTTPRoute", "httproutes", _GATEWAY_GROUP),
    Resource("ReferenceGrant", "referencegrants", _GATEWAY_GROUP, ("refgrant",)),
    Resource("Certificate", "certificates", _ISSUING_GROUP, ("cert",)),
    Resource("CertificateRequest", "certificaterequests", _ISSUING_GROUP, ("cr",)),
    Resource("Issuer", "issuers", _ISSUING_GROUP),
    Resource("ClusterIssuer", "clusterissuers", _ISSUING_GROUP),
    Resource("Order", "orders", f"acme.{_ISSUING_GROUP}"),
    Resource("Challenge", "challenges", f"acme.{_ISSUING_GROUP}"),
    Resource("AdminNetworkPolicy", "adminnetworkpolicies", _POLICY_GROUP, ("anp",)),
    Resource("BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", _POLICY_GROUP, ("banp",)),
    Resource("ClusterNetworkPolicy", "clusternetworkpolicies", _POLICY_GROUP, ("cnp",)),
    Resource("ConfigMap", "configmaps", names=("cm",)),
    Resource("Secret", "secrets"),
    Resource("ServiceAccount", "serviceaccounts", names=("sa",)),
    Resource("Event", "events", names=("ev",)),
    Resource("Namespace", "namespaces", names=("ns",)),
    Resource("Node", "nodes", names=("no",)),
)

ALL = ("Pod", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "Job")  # the category `all`

_BY_KIND = {resource.kind: resource for resource in RESOURCES}
_BY_NAME = {
    name: resource
    for resource in RESOURCES
    for plain in (resource.kind.lower(), resource.plural, *resource.names)
    for name in (plain, f"{plain}.{resource.group}")
}


def resource_named(name: str) -> Resource:
    """The resource that a user means. Raises KubectlError."""
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise wrong(f'the server doesn\'t have a resource type "{name}"')
    return found


def resource_of(manifest: Manifest) -> Resource:
    """The resource of an object, of a kind that is not listed here too."""
    kind = kind_of(manifest)
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    return _BY_KIND.get(kind) or Resource(kind, f"{kind.lower()}s", group)


def shown(manifest: Manifest) -> str:
    """The object as kubectl's answers name it: `deployment.apps/web`."""
    return f"{resource_of(manifest).singular}/{manifest['metadata']['name']}"
