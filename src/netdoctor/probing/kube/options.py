"""What the user may choose about probe pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netdoctor import __version__

DEFAULT_IMAGE = f"netdoctor.dev/probe:{__version__}"


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """How probe pods are made.

    Attributes:
        image: what they run.
        image_pull_secrets: names of Secrets in the pod's namespace.
        node_selector: nodes on which the scheduler may put them.
        tolerations: added to those of the workload that a pod stands for; as in a pod's spec.
        keep: leave the pods for inspection, until the deadline.
        start_timeout: seconds that a pod may take to start.
        deadline: seconds after which nothing of the run is left, even if netdoctor was killed.
    """

    image: str = DEFAULT_IMAGE
    image_pull_secrets: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    keep: bool = False
    start_timeout: float = 60.0
    deadline: int = 120
