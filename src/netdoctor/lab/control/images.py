"""Images that no node can have: nothing is pulled in a lab, so every other image counts as present."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netdoctor.lab.control.shapes import Container

OURS = frozenset({"netdoctor.dev/testapp:1", "netdoctor.dev/ingress:1"})

_OUR_DOMAIN = "netdoctor.dev/"
# Names under which there is no registry: RFC 6761 and RFC 6762.
_NOWHERE = re.compile(r"[^/]*\.(example|invalid|local|test)(:\d+)?/")
# The grammar of github.com/distribution/reference: domain, path, tag, digest.
_REFERENCE = re.compile(
    r"([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*(:\d+)?/)?"
    r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*"
    r"(:[\w][\w.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{32,})?"
)


@dataclass(frozen=True, slots=True)
class ImageProblem:
    """Why a container waits for its image, and the events that say so, as (reason, message)."""

    reason: str
    message: str
    events: tuple[tuple[str, str], ...]


def image_problem(container: Container) -> ImageProblem | None:
    """What keeps a container's image from being there."""
    image = container.image
    if len(image) > 512 or not _REFERENCE.fullmatch(image):
        unparsed = f'couldn\'t parse image name "{image}": invalid reference format'
        said = f'Failed to apply default image tag "{image}": {unparsed}'
        return ImageProblem("InvalidImageName", said, (("InspectFailed", said), ("Failed", "Error: InvalidImageName")))
    ours = image.startswith(_OUR_DOMAIN)
    never = container.image_pull_policy == "Never"
    if image in OURS or not (ours or (_NOWHERE.match(image) and (never or ".invalid" in image.partition("/")[0]))):
        return None
    if never:
        said = f'Container image "{image}" is not present with pull policy of Never'
        return ImageProblem(
            "ErrImageNeverPull", said, (("ErrImageNeverPull", said), ("Failed", "Error: ErrImageNeverPull"))
        )
    failed = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
    said = f'Back-off pulling image "{image}": ErrImagePull: {failed}'
    pulled = f'Failed to pull image "{image}": {failed}'
    events = (
        ("Failed", pulled),
        ("BackOff", f'Back-off pulling image "{image}"'),
        ("Failed", "Error: ImagePullBackOff"),
    )
    return ImageProblem("ImagePullBackOff", said, events)
