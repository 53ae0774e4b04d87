"""What the commands about policies have in common: reading, compiling, and saying what is wrong with the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netdoctor.cli.output import note
from netdoctor.cli.reading import Access, Cluster, progress_at_terminal, read_cluster
from netdoctor.cluster.cni import PLUGIN_NAMES, cni
from netdoctor.cluster.snapshot import Snapshot
from netdoctor.model.errors import InputError
from netdoctor.policy.compile import CompiledPolicies, compile_policies
from netdoctor.policy.profile import CNIProfile, profile_for


@dataclass(frozen=True, slots=True)
class PolicyInput:
    """The compiled policies, how the network plugin reads them, and the namespace that names are looked up in.

    `cluster` is where they come from.
    """

    policies: CompiledPolicies
    profile: CNIProfile
    namespace: str
    cluster: Cluster | None = None


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """The flags that all these commands share. `files` are read instead of a live cluster."""

    files: tuple[str, ...]
    access: Access
    namespace: str | None
    plugin: str | None
    quiet: bool


def read_policies(request: PolicyRequest, names: Sequence[str] = ()) -> PolicyInput:
    """Read the cluster that a command is about. Raises NetdoctorError."""
    if request.plugin is not None and request.plugin not in PLUGIN_NAMES:
        raise InputError(f"--cni {request.plugin}: not a network plugin that netdoctor knows", hint=_known_plugins())
    if request.files and (request.access.context or request.access.kubeconfig):
        raise InputError("--snapshot: a file needs no --context and no --kubeconfig")
    progress = progress_at_terminal(quiet=request.quiet)
    cluster = read_cluster(request.files, request.access, request.namespace, names, progress)
    namespace, profile = request.namespace or cluster.namespace, _profile(request, cluster.snapshot)
    return PolicyInput(compile_with_warnings(cluster.snapshot, profile.name), profile, namespace, cluster)


def compile_with_warnings(snapshot: Snapshot, plugin: str) -> CompiledPolicies:
    """Compile for a network plugin; what is wrong with policies goes to stderr."""
    policies = compile_policies(snapshot, cni=plugin)
    for ref, text in (*policies.problems, *policies.warnings):
        origin = snapshot.origins.get(ref.object)
        at = f" ({origin.file}:{origin.line})" if origin else ""
        note(f"warning: {ref}{at}: {text}")
    return policies


def _profile(request: PolicyRequest, snapshot: Snapshot) -> CNIProfile:
    """That of the plugin which is named, else of the one that runs; one that enforces nothing is told at once."""
    if request.plugin:
        return profile_for(request.plugin)
    network = cni(snapshot)
    if network.enforces_policy is False:
        note(f"warning: {network.evidence}: whatever policies say, every flow passes")
    return replace(profile_for(network.name), enforces=network.enforces_policy)


def _known_plugins() -> str:
    return f"one of: {', '.join(PLUGIN_NAMES)}"
