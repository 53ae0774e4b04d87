"""A mesh from request to report: read the cluster, choose the pairs, probe, diagnose."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from netdoctor.cli.output import emit, note, terminal
from netdoctor.cli.reading import Access, Cluster, progress_at_terminal, read_cluster
from netdoctor.cluster.addresses import parse_address
from netdoctor.cluster.cni import cni
from netdoctor.cluster.objects import Node
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.diagnosis.mesh.diagnose import diagnose_mesh
from netdoctor.model.errors import AccessError, InputError
from netdoctor.path.source import neutral
from netdoctor.policy.compile import compile_policies
from netdoctor.policy.decide import decide
from netdoctor.policy.flow import Flow
from netdoctor.policy.profile import profile_for
from netdoctor.probing.kube.options import ProbeOptions
from netdoctor.probing.mesh.fleet import Fleet, MeshPlan
from netdoctor.probing.mesh.selection import MOST_ALL, Selection, select, shuffled
from netdoctor.report import Format, encode, listed
from netdoctor.report.mesh import render_mesh
from netdoctor.report.mesh_format import MeshFormat
from netdoctor_probe.mesh.document import Member, Mesh


@dataclass(frozen=True, slots=True)
class MeshRequest:
    """What the command line asks for. `timeout` (seconds) is of one answer."""

    access: Access
    namespace: str | None
    samples: int
    timeout: float
    all_pairs: bool
    dry_run: bool
    options: ProbeOptions


def run_mesh(request: MeshRequest, output: MeshFormat, *, quiet: bool) -> int:
    """Run a mesh, print its report, return the exit code. Raises NetdoctorError."""
    progress = progress_at_terminal(quiet=quiet)
    cluster = read_cluster((), request.access, request.namespace, (), progress)
    namespace = request.namespace or cluster.namespace
    nodes = _nodes(cluster.snapshot, request)
    selection = select(len(nodes), random.SystemRandom(), all_pairs=request.all_pairs)
    plan = _plan(request, namespace, nodes, selection)
    if request.dry_run:
        emit(encode(listed(_dry_run(request, cluster, plan)), Format.YAML))
        return 0
    _require_open(cluster.snapshot, namespace, plan.mesh.port)
    run = _fleet(request, cluster).run(plan, progress)
    for text in run.notes:
        note(text)
    report = diagnose_mesh(cluster.snapshot, run, selection, namespace)
    emit(render_mesh(report, output, terminal(quiet=quiet)))
    return report.exit_code


def _nodes(snapshot: Snapshot, request: MeshRequest) -> Sequence[Node]:
    """Those asked for. Raises InputError: there are none, or too many."""
    wanted = request.options.node_selector.items()
    nodes = [node for node in snapshot.nodes if wanted <= node.labels.items()]
    if not nodes:
        if unread := snapshot.unread_for("Node", ""):
            raise AccessError("the nodes cannot be read", unread.because, "netdoctor rbac")
        raise InputError("there is no node" + (" with these labels" if wanted else ""))
    if request.all_pairs and len(nodes) > MOST_ALL:
        raise InputError(f"--all-pairs: of at most {MOST_ALL} nodes, and these are {len(nodes)}")
    return nodes


def _plan(request: MeshRequest, namespace: str, nodes: Sequence[Node], selection: Selection) -> MeshPlan:
    addresses = {node.name: _address(node) for node in nodes}
    names = shuffled(sorted(addresses), random.SystemRandom())
    members = tuple(Member(name, addresses[name]) for name in names)
    mesh = Mesh(members, selection.offsets, samples=request.samples, timeout=request.timeout)
    return MeshPlan(namespace, mesh, {node.name: _down(node) for node in nodes if not node.ready})


def _down(node: Node) -> str:
    ready = next((one for one in node.status.conditions if one.type == "Ready"), None)
    return f"{node.ref} is not Ready" + (f": {ready.reason}: {ready.message}" if ready else "")


def _address(node: Node) -> str:
    """The address by which other nodes know it; empty where it has none."""
    found = [one for one in node.status.addresses if parse_address(one.address)]
    internal = next((one.address for one in found if one.type == "InternalIP"), None)
    return internal or next((one.address for one in found), "")


def _require_open(snapshot: Snapshot, namespace: str, port: int) -> None:
    """Raise AccessError where policies deny what the pods of a mesh send each other: they alone would be tested."""
    plugin = cni(snapshot)
    if plugin.enforces_policy is False:
        return
    source = neutral(snapshot, namespace).endpoint
    ends = source, replace(source, name="another probe")
    profile = profile_for(plugin.name)
    policies = compile_policies(snapshot, cni=plugin.name)
    for protocol in ("UDP", "TCP"):
        verdict = decide(policies, Flow(*ends, protocol, port), profile)
        if verdict.allowed is False:
            denying = {str(ref) for side in (verdict.egress, verdict.ingress) for ref in side.isolated_by}
            raise AccessError(
                f"policies of namespace {namespace} deny what pods of a mesh would send each other",
                ", ".join(sorted(denying)),
                "choose a namespace without such policies: netdoctor mesh -n NAMESPACE",
            )


def _fleet(request: MeshRequest, cluster: Cluster) -> Fleet:
    if cluster.lab is not None:
        from netdoctor.probing.mesh.lab import LabFleet  # noqa: PLC0415

        return LabFleet(cluster.lab)
    from netdoctor.probing.kube.api import ProbeAPI  # noqa: PLC0415
    from netdoctor.probing.kube.fleet import KubeFleet  # noqa: PLC0415

    assert cluster.client is not None
    return KubeFleet(ProbeAPI(cluster.client), request.options)


def _dry_run(request: MeshRequest, cluster: Cluster, plan: MeshPlan) -> list[object]:
    if cluster.client is None:
        raise InputError("--dry-run: a lab makes no objects")
    from netdoctor.probing.kube.api import ProbeAPI  # noqa: PLC0415
    from netdoctor.probing.kube.fleet import KubeFleet  # noqa: PLC0415

    return list(KubeFleet(ProbeAPI(cluster.client), request.options).manifests(plan))
