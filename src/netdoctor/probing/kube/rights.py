"""The rights that netdoctor needs, feature by feature, as `netdoctor rbac` prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netdoctor.cluster.decode import KINDS
from netdoctor.cluster.facts import CONFIG_MAPS, NETWORK_CONFIG_MAPS
from netdoctor.cluster.read import EXTENSION_KINDS, ISSUING_KINDS, LISTED_KINDS, WELCOME_KINDS
from netdoctor.cluster.service_accounts import KIND as SERVICE_ACCOUNT
from netdoctor.cluster.unsupported import OTHER_POLICIES
from netdoctor.probing.kube.manifest import MANAGED_BY, Document


@dataclass(frozen=True, slots=True)
class Right:
    """One rule of a role. `names` limits it to objects of these names, in any namespace."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def rule(self) -> Document:
        """As in a Role."""
        rule: Document = {"apiGroups": [self.group], "resources": [*self.resources], "verbs": [*self.verbs]}
        return rule | ({"resourceNames": [*self.names]} if self.names else {})


def _listing(names: Sequence[str]) -> Iterator[Right]:
    kinds = [KINDS[name] for name in names]
    for group in dict.fromkeys(group for kind in kinds for group in kind.groups):
        yield Right(group, tuple(sorted(kind.plural for kind in kinds if group in kind.groups)), ("list",))


def _reading() -> Iterator[Right]:
    yield from _listing(LISTED_KINDS)
    yield Right(
        "", ("configmaps",), ("get",), tuple(sorted({name for _, name in (*CONFIG_MAPS, *NETWORK_CONFIG_MAPS)}))
    )


#: In the whole cluster, for every command. Lists only: nothing that could hold a secret. Endpoints, which are read
#: where EndpointSlices may not be, are for clusters that grant those: who has these rights does not need them.
READING = tuple(_reading())


def _noticing() -> Iterator[Right]:
    for group, resources in OTHER_POLICIES.items():
        yield Right(group, tuple(sorted(resources)), ("list",))


#: There too; needed only where the API server serves these kinds, and service accounts where policies of Calico's
#: select by their labels. Of the last it is only noticed that they are there.
READING_EXTENSIONS = (*_listing((*EXTENSION_KINDS, *WELCOME_KINDS, SERVICE_ACCOUNT)), *_noticing())

#: In the namespaces of sources, for `check`: the probe pods and their owner, and what must not be disturbed by them.
#: The log is that of the probe pods, and the beginning of that of pods which do not answer.
PROBING = (
    Right("batch", ("jobs",), ("create", "delete")),
    Right("", ("pods",), ("create", "delete", "watch")),
    Right("", ("pods/log",), ("get",)),
    Right("", ("podtemplates",), ("create", "delete")),
    Right("", ("replicationcontrollers",), ("list",)),
    Right("autoscaling", ("horizontalpodautoscalers",), ("list",)),
    Right("policy", ("poddisruptionbudgets",), ("list",)),
)

#: There too, for `--tls`: certificates in Secrets that an Ingress or a Gateway names. Kubernetes knows no right to read
#: less than a whole Secret; netdoctor decodes nothing of it but its certificates. And cert-manager's objects, where the
#: API server serves them: they tell why a Secret is missing.
TLS_SECRETS = (Right("", ("secrets",), ("get",)), *_listing([k for k in ISSUING_KINDS if KINDS[k].namespaced]))

#: In the whole cluster, for `--tls`: who is to issue certificates.
ISSUERS = tuple(_listing([kind for kind in ISSUING_KINDS if not KINDS[kind].namespaced]))

#: There too, for `--attach`.
ATTACHING = (Right("", ("pods/ephemeralcontainers",), ("patch",)),)

#: There too, for `mesh`: its pods are those of DaemonSets, and a ConfigMap tells them of each other.
MESHING = (
    Right("apps", ("daemonsets",), ("create", "delete")),
    Right("", ("configmaps",), ("create", "delete")),
)

#: There too, for `clean`.
CLEANING = (
    Right("batch", ("jobs",), ("list",)),
    Right("", ("pods", "podtemplates"), ("list",)),
)


def manifests(
    namespaces: Sequence[str],
    *,
    attach: bool = False,
    tls: bool = False,
    mesh: bool = False,
    subject: Document | None = None,
) -> list[Document]:
    """A ClusterRole for reading, a Role for probing in each namespace, and their bindings to `subject`, if given.

    `subject` is one of a binding's subjects: ``{"kind": "User", "name": "jane", "apiGroup": ...}``.
    """
    asked = ((ATTACHING, attach), (TLS_SECRETS, tls), (MESHING, mesh))
    probing = (*PROBING, *CLEANING, *(right for rights, wanted in asked if wanted for right in rights))
    reading = (*READING, *READING_EXTENSIONS, *(ISSUERS if tls else ()))
    made = [_role("ClusterRole", "netdoctor-read", "", reading)]
    made += [_role("Role", "netdoctor-probe", namespace, probing) for namespace in namespaces]
    return made + ([_binding(role, subject) for role in made] if subject else [])


def _role(kind: str, name: str, namespace: str, rights: Sequence[Right]) -> Document:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": _metadata(name, namespace),
        "rules": [right.rule() for right in rights],
    }


def _binding(role: Document, subject: Document) -> Document:
    name, namespace = role["metadata"]["name"], role["metadata"].get("namespace", "")
    whose = "-".join(subject[key] for key in ("namespace", "name") if key in subject)
    bound = f"{name}:{re.sub('[/%]', '_', whose)}"  # one per subject: a second one must not take it from the first
    return {
        "apiVersion": role["apiVersion"],
        "kind": f"{role['kind']}Binding",
        "metadata": _metadata(bound, namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": name},
        "subjects": [subject],
    }


def _metadata(name: str, namespace: str) -> Document:
    return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": dict(MANAGED_BY)}
