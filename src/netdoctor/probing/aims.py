"""What probes are for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from netdoctor.path.backends import Backend
from netdoctor.path.entrances import Entrance
from netdoctor.path.path import Route


class Aim(StrEnum):
    """What a probe is to tell."""

    NAME = "name"  # the target's name, as an application resolves it
    RESOLV_CONF = "resolvConf"
    DNS_VIP = "dnsVIP"  # the name, asked of the DNS Service
    DNS_SERVER = "dnsServer"  # the name, asked of one DNS server
    DNS_LOCAL = "dnsLocal"  # the name, asked of NodeLocal DNSCache
    CLUSTER_NAME = "clusterName"  # a name that every cluster has, asked of one DNS server beside an outside name
    HOST = "host"  # an outside name or an ExternalName, by name
    VIP = "vip"
    BACKEND = "backend"  # an endpoint at its target port
    HEADLESS_PORT = "headlessPort"  # an endpoint at the port of a headless Service
    UNREADY = "unready"  # an endpoint that is not ready, or a pod that no slice lists
    OTHER_PORT = "otherPort"  # another declared port of an endpoint's pod
    OTHER_PROTOCOL = "otherProtocol"  # the same port by the other of TCP and UDP
    NODE_PORT = "nodePort"  # a NodePort at an address of a node
    LOAD_BALANCER = "loadBalancer"  # an address or name of the load balancer
    NODE = "node"  # whether a node's address answers at all
    HEALTH_CHECK = "healthCheck"  # healthCheckNodePort: whether a node has endpoints of its own
    TLS = "tls"  # the handshake of an https:// URL, and the certificate that is shown for its host
    TLS_ALIAS = "tlsAlias"  # the same by the name that an ExternalName stands for
    TLS_NOTED = "tlsNoted"  # what a port that is meant for TLS shows, where no URL was asked for
    URL = "url"  # a URL, asked for as an application would
    URL_ALIAS = "urlAlias"  # the same by the name that an ExternalName stands for
    METADATA = "metadata"  # the cloud's metadata service, from a pod
    PATH_MTU = "pathMTU"  # how large packets to an endpoint may be
    SMALL = "small"  # a request that an endpoint's own kubelet makes, too
    LARGE = "large"  # the same in packets of full size
    NODE_POD = "nodePod"  # a pod on the node asked about
    VIP_SAMPLE = "vipSample"  # many connections to a ClusterIP
    BACKEND_SAMPLE = "backendSample"  # many connections to one endpoint
    ANSWERED_BY = "answeredBy"  # many HTTP requests to a ClusterIP, to see which endpoints answer
    FIXED_PORT = "fixedPort"  # datagrams to a ClusterIP, all from one source port
    DNS_PAIRS = "dnsPairs"  # many pairs of A and AAAA, each from one socket, asked of the DNS Service
    DNS_SINGLES = "dnsSingles"  # many single queries, asked of the DNS Service
    RULE = "rule"  # a host and a path of an Ingress or a route, asked of its proxy
    CERTIFICATE = "certificate"  # what an Ingress controller or a Gateway shows for a host
    DIRECT = "direct"  # the same, asked of an endpoint behind it
    SOCKETS = "sockets"  # what listens inside an endpoint's pod


SAMPLES = (
    Aim.VIP_SAMPLE,
    Aim.BACKEND_SAMPLE,
    Aim.ANSWERED_BY,
    Aim.FIXED_PORT,
    Aim.DNS_PAIRS,
    Aim.DNS_SINGLES,
)
#: Probes that need the target's name to resolve.
BY_NAME = (Aim.NAME, Aim.DNS_SERVER, Aim.DNS_VIP, Aim.HOST, Aim.TLS, Aim.URL)


@dataclass(frozen=True, slots=True)
class Aimed:
    """A planned probe's purpose. A `required` probe must pass for the target to be healthy.

    Of an Ingress or a Gateway, `part` is the number of the path's part that it is about, `ask` of the request;
    `invalid`: not all of its rule's backends are valid, so that a 500 is the Gateway's own.
    """

    aim: Aim
    required: bool = False
    route: Route | None = None
    backend: Backend | None = None
    entrance: Entrance | None = None
    part: int = 0
    ask: int | None = None
    invalid: bool = False
