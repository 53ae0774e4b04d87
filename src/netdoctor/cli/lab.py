"""`netdoctor lab`: the flags of its commands. What they set going is in `labs`, loaded only when one runs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

lab = typer.Typer(
    help="Try faults and their diagnosis on this machine: a cluster's network in namespaces, without a cluster.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

What = Annotated[
    str, typer.Argument(metavar="NAME|PATH", help="A lab of `netdoctor lab list`, a scenario, manifests, a snapshot.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A lab that is up.")]
_PASSES_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@lab.callback()
def needs() -> None:
    """Say what is missing before anything is loaded that needs it. Raises AccessError."""
    from netdoctor.lab.needs import require_lab  # noqa: PLC0415

    require_lab()


@lab.command()
def up(  # noqa: PLR0913, PLR0917 - one parameter per flag
    what: What,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What to call it.")] = None,
    nodes: Annotated[int | None, typer.Option(min=1, metavar="COUNT", help="Nodes; 3 where nothing says more.")] = None,
    dual_stack: Annotated[bool, typer.Option("--dual-stack", help="IPv6 beside IPv4.")] = False,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="A network plugin that enforces no policy.")] = False,
    overlay: Annotated[
        Literal["vxlan"] | None, typer.Option("--overlay", help="Packets between nodes' pods travel in VXLAN.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="FAULT", help="Break it; `netdoctor lab list` names faults.")
    ] = None,
) -> int:
    """Bring a lab up and leave it up, until `netdoctor lab down`."""
    from netdoctor.cli import labs  # noqa: PLC0415

    shape = labs.shape_of(nodes, dual_stack=dual_stack, policy=not no_policy)
    return labs.up(what, name, shape, fault or (), overlay=overlay is not None)


@lab.command("list")
def show() -> int:
    """Show the labs that come with netdoctor, the faults that can be let in, and which labs are up."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.show()


@lab.command()
def run(
    what: What,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not wait for the Enter key between steps.")] = False,
) -> int:
    """Walk through a lab's page step by step; of a scenario without a page, make its checks."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.run(what, yes=yes)


@lab.command(context_settings=_PASSES_ON)
def check(context: typer.Context, what: What) -> int:
    """Run `netdoctor check` in a lab with the arguments that follow; without any, make the lab's own checks."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.check(what, context.args)


@lab.command(context_settings=_PASSES_ON)
def shell(
    context: typer.Context,
    name: Name,
    where: Annotated[str, typer.Argument(metavar="WHERE", help="pod/NAME, deploy/NAME, node/NAME or outside.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="Of the pod.")] = "default",
) -> int:
    """Open a shell in a pod, on a node or outside the cluster, or run the command behind `--` there."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.shell(name, where, namespace, context.args)


@lab.command(context_settings=_PASSES_ON)
def kubectl(context: typer.Context, name: Name) -> int:
    """Change or show a lab's objects with kubectl's usual verbs."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.kubectl(name, context.args)


@lab.command()
def down(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Labs that are up.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of yours that are up.")] = False,
) -> int:
    """End labs; nothing of them is left."""
    from netdoctor.cli import labs  # noqa: PLC0415

    return labs.down(names or (), everything=everything)
