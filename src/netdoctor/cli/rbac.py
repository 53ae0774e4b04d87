"""`netdoctor rbac`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from netdoctor.cli.output import emit
from netdoctor.model.errors import InputError
from netdoctor.report import Format, encode, listed

Namespaces = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="Where probes may run; can be repeated. [default: default]"),
]
User = Annotated[str | None, typer.Option(metavar="NAME", help="Bind the roles to this user.")]
Group = Annotated[str | None, typer.Option(metavar="NAME", help="Bind the roles to this group.")]
ServiceAccount = Annotated[
    str | None, typer.Option(metavar="NAMESPACE:NAME", help="Bind the roles to this service account.")
]
Attach = Annotated[bool, typer.Option("--attach", help="Include the right that `check --attach` needs.")]
Tls = Annotated[
    bool, typer.Option("--tls", help="Include the rights to read Secrets and cert-manager's objects, for certificates.")
]
Mesh = Annotated[bool, typer.Option("--mesh", help="Include the rights that `mesh` needs.")]
ManifestFormat = Annotated[Literal["yaml", "json"], typer.Option("--output", "-o", help="Output format.")]


def rbac(  # noqa: PLR0913, PLR0917 - one parameter per flag
    namespace: Namespaces = None,
    user: User = None,
    group: Group = None,
    service_account: ServiceAccount = None,
    attach: Attach = False,
    tls: Tls = False,
    mesh: Mesh = False,
    output: ManifestFormat = "yaml",
) -> None:
    """Print the rights that netdoctor needs, ready for `kubectl apply -f -`. Nothing is sent to the cluster."""
    subject = _subject(user, group, service_account)
    from netdoctor.probing.kube.rights import manifests  # noqa: PLC0415 - not for --help

    documents = manifests(namespace or ["default"], attach=attach, tls=tls, mesh=mesh, subject=subject)
    if output == "json":
        emit(encode(listed(documents), Format.JSON))
    else:
        emit("---\n".join(encode(document, Format.YAML) for document in documents))


def _subject(user: str | None, group: str | None, service_account: str | None) -> dict[str, str] | None:
    """One of a binding's subjects, or None where only roles are asked for."""
    given = [text for text in (user, group, service_account) if text is not None]
    if len(given) > 1:
        raise InputError("give only one of --user, --group and --service-account")
    if service_account is not None:
        home, colon, name = service_account.partition(":")
        if not (home and colon and name):
            raise InputError(f"--service-account {service_account}: not NAMESPACE:NAME")
        return {"kind": "ServiceAccount", "namespace": home, "name": name}
    if not given:
        return None
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group" if user is None else "User", "name": given[0]}
