"""The door to a live cluster: kubeconfig or service account → Client."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client.configuration import Configuration
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
from urllib3.exceptions import HTTPError

from netdoctor.cluster.client import Client
from netdoctor.model.errors import AccessError, InputError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# What the kubernetes package raises on a kubeconfig that is not one, or on credentials that it cannot get.
_BROKEN = (ConfigException, HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError)


def connect(kubeconfig: str | None, context: str | None, request_timeout: float) -> Client:
    """Connect as kubectl would: ``--kubeconfig``, ``$KUBECONFIG``, ``~/.kube/config``, the pod's service account.

    The first that exists counts. Nothing is sent yet, except by the kubeconfig's own credential plugin.

    Args:
        kubeconfig: path of a file, or None.
        context: name of one of its contexts; its current one if None.
        request_timeout: seconds to wait for the API server.

    Raises:
        InputError: the kubeconfig or the context does not exist or makes no sense.
        AccessError: there is no kubeconfig at all, or no credentials.
    """
    if kubeconfig and not Path(kubeconfig).expanduser().is_file():
        raise InputError(f"--kubeconfig {kubeconfig}: no such file")
    paths = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    merged = _merged(paths)
    configuration = Configuration()
    if merged is not None:
        chosen = _load(merged, paths, context, configuration)
    elif context:
        raise InputError(f"--context {context}: there is no kubeconfig", f"{paths} does not exist")
    elif "KUBERNETES_SERVICE_HOST" in os.environ:
        chosen = _Context("in-cluster", _load_service_account(configuration))
    else:
        raise AccessError(
            "no cluster to talk to: there is no kubeconfig",
            f"{paths} does not exist, and this is not a pod with a service account",
            "name a file with --kubeconfig, or check saved objects with --snapshot",
        )
    return Client(
        configuration,
        context=chosen.name,
        namespace=chosen.namespace,
        request_timeout=request_timeout,
        impersonate=chosen.impersonate,
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """A context's name and namespace, and the user that its user acts as (`as`), if any."""

    name: str
    namespace: str
    impersonate: str = ""


def _merged(paths: str) -> Any:
    """The kubeconfig files as one; None where none of them exists."""
    try:
        return KubeConfigMerger(paths).config
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"kubeconfig {paths}{line}: {error.problem}") from error
    except (*_BROKEN, yaml.YAMLError) as error:
        raise InputError(f"kubeconfig {paths}: this is no kubeconfig", str(error)) from error


def _load(merged: Any, paths: str, context: str | None, configuration: Configuration) -> _Context:
    """Put server and credentials of a context into `configuration`."""
    known = [entry.value.get("name") for entry in merged.value["contexts"]]
    name = context or merged.value.get("current-context")
    if not name or name not in known:
        what = f"--context {name}: no such context" if context else "the kubeconfig has no usable current-context"
        raise InputError(what, f"{paths} has {', '.join(map(str, known)) or 'none'}", "choose one with --context")
    try:
        with _complaints() as complaints:
            loader = KubeConfigLoader(config_dict=merged, active_context=name, config_base_path=None)
            loader.load_and_set(configuration)
    except _BROKEN as error:
        raise InputError(f"kubeconfig {paths}, context {name}: {error}") from error
    # The package only logs that a credential plugin failed, and would go on as anonymous.
    if complaints and not configuration.api_key and not configuration.cert_file:
        raise AccessError(
            f"no credentials for context {name}: its credential plugin failed",
            complaints[-1],
            "log in again, or run the command under `exec` in the kubeconfig by hand",
        )
    described = loader.current_context["context"]
    users = (entry.value for entry in merged.value["users"])
    user = next((entry.get("user") for entry in users if entry.get("name") == described.get("user")), None)
    return _Context(str(name), described.get("namespace") or "default", _impersonated(user or {}, paths))


def _impersonated(user: Mapping[str, Any], paths: str) -> str:
    """The user to act as. The package ignores these fields, and would act with all rights of the real user."""
    beyond = [field for field in ("as-groups", "as-uid", "as-user-extra") if user.get(field)]
    if beyond:
        raise InputError(f"kubeconfig {paths}: {beyond[0]} is not supported", hint="impersonate with `as` alone")
    return str(user.get("as") or "")


def _load_service_account(configuration: Configuration) -> str:
    """Put the pod's service account into `configuration`; the pod's namespace."""
    try:
        InClusterConfigLoader(str(_SERVICE_ACCOUNT / "token"), str(_SERVICE_ACCOUNT / "ca.crt")).load_and_set(
            configuration
        )
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        raise AccessError(
            "no credentials: the pod's service account is not mounted",
            str(error),
            "set automountServiceAccountToken: true on the pod, or give --kubeconfig",
        ) from error


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collects what is logged as an error meanwhile, instead of printing it."""
    lines: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
