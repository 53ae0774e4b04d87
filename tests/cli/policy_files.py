"""Small clusters as files, for the commands about policies."""

from __future__ import annotations

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: ops, labels: {team: ops}}
---
apiVersion: v1
kind: Namespace
metadata: {name: db}
---
apiVersion: v1
kind: Namespace
metadata: {name: kube-system}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, ports: [{containerPort: 8080, name: http}]}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: job, namespace: ops, labels: {app: job}}
spec: {containers: [{name: c, ports: [{containerPort: 9000}]}]}
status: {phase: Running, podIP: 10.0.0.4}
---
apiVersion: v1
kind: Pod
metadata: {name: pg, namespace: db, labels: {app: pg}}
spec: {containers: [{name: c, ports: [{containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  containers:
  - {name: c, ports: [{containerPort: 53, protocol: UDP, name: dns}, {containerPort: 53, name: dns-tcp}]}
status: {phase: Running, podIP: 10.0.0.3}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}], clusterIP: 10.96.0.7}
---
"""


def policy(name: str, namespace: str, spec: str) -> str:
    """A NetworkPolicy whose spec is a YAML flow mapping."""
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n---\n"


PG = "podSelector: {matchLabels: {app: pg}}"
EITHER = policy(
    "either",
    "db",
    f"{{{PG}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{team: ops}}}}}}, "
    "{podSelector: {matchLabels: {app: web}}}]}]}",
)
BOTH = policy(
    "both",
    "db",
    f"{{{PG}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{team: ops}}}}, "
    "podSelector: {matchLabels: {app: web}}}]}]}",
)
BY_NAME = policy(
    "by-name", "db", f"{{{PG}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{name: shop}}}}}}]}}]}}"
)
SERVICE_PORT = policy(
    "web",
    "shop",
    "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}",
)
UDP_ONLY = policy(
    "dns",
    "shop",
    "{podSelector: {}, policyTypes: [Egress], "
    "egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]}]}",
)
NO_TYPES = policy("out", "shop", "{podSelector: {matchLabels: {app: web}}, egress: [{to: [{namespaceSelector: {}}]}]}")
NAMED = policy("pg", "db", f"{{{PG}, ingress: [{{from: [{{namespaceSelector: {{}}}}], ports: [{{port: postgres}}]}}]}}")
