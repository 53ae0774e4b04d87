"""The command line: python -m e2e.cluster up|down|status|load|env|exec|node-exec."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from . import Cluster, ClusterError, Cni, remove_everything
from .kind import NODES
from .progress import note


def main() -> None:
    """Runs one command; an error is told on stderr, and ends it with exit code 1."""
    arguments = _parser().parse_args()
    cluster = Cluster(arguments.cni, arguments.name)
    command: Callable[[Cluster, argparse.Namespace], int] = arguments.run
    try:
        sys.exit(command(cluster, arguments))
    except ClusterError as error:
        note(f"error: {error}")
        sys.exit(1)


def _up(cluster: Cluster, _: argparse.Namespace) -> int:
    cluster.up()
    return 0


def _down(cluster: Cluster, arguments: argparse.Namespace) -> int:
    if arguments.all:
        remove_everything()
    else:
        cluster.down()
    return 0


def _status(cluster: Cluster, _: argparse.Namespace) -> int:
    ready = cluster.is_ready()
    print(f"{cluster.name} is {'ready' if ready else 'not ready'}")
    return 0 if ready else 1


def _load(cluster: Cluster, arguments: argparse.Namespace) -> int:
    _require(cluster)
    cluster.load(arguments.archives)
    return 0


def _env(cluster: Cluster, _: argparse.Namespace) -> int:
    for name, value in {**cluster.engine.environment, "KUBECONFIG": str(cluster.kubeconfig)}.items():
        print(f"export {name}={shlex.quote(value)}")
    if cluster.engine.namespace:
        print(f"# The API server is reached by: {shlex.join(cluster.engine.inside(['COMMAND']))}")
    return 0


def _exec(cluster: Cluster, arguments: argparse.Namespace) -> int:
    _require(cluster)
    command = cluster.command(arguments.argv)
    os.execvp(command[0], command)


def _node_exec(cluster: Cluster, arguments: argparse.Namespace) -> int:
    _require(cluster)
    command = cluster.node_command(arguments.node, arguments.argv)
    os.execvp(command[0], command)


def _require(cluster: Cluster) -> None:
    if not cluster.kubeconfig.is_file():
        advice = f"run `python -m e2e.cluster up --cni {cluster.cni} --name {cluster.name}`"
        raise ClusterError(f"{cluster.name} cannot be reached", "there is no such cluster", advice)


def _parser() -> argparse.ArgumentParser:
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--cni", choices=get_args(Cni), default="policy", help="whether NetworkPolicy is enforced")
    which.add_argument("--name", help="the cluster's name; default netdoctor-CNI")
    parser = argparse.ArgumentParser(prog="python -m e2e.cluster", description="A kind cluster without a registry.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[Cluster, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[which], help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("up", _up, "bring the cluster up, building what is missing")
    down = add("down", _down, "delete the cluster; what was built stays")
    down.add_argument("--all", action="store_true", help="every cluster, the engine and its namespace too")
    add("status", _status, "say whether the cluster is ready; exit code 1 if it is not")
    load = add("load", _load, "load image archives into every node")
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    add("env", _env, "print the environment as shell exports")
    run = add("exec", _exec, "run a command where the API server is reached, with KUBECONFIG set")
    run.add_argument("argv", nargs="+", metavar="COMMAND")
    node = add("node-exec", _node_exec, "run a command on a node")
    node.add_argument("node", choices=NODES)
    node.add_argument("argv", nargs="+", metavar="COMMAND")
    return parser


if __name__ == "__main__":
    main()
