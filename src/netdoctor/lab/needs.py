"""What a lab needs of the machine, so that what is missing is said before anything is tried."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from netdoctor.model.errors import AccessError

_LIBRARIES = ("pyroute2", "dns")


def require_lab() -> None:
    """Raise AccessError where labs cannot be: this is no Linux, or their libraries are not installed."""
    if sys.platform != "linux":
        raise AccessError("labs are made of Linux network namespaces, and this is no Linux")
    if missing := [name for name in _LIBRARIES if find_spec(name) is None]:
        why = f"not installed: {', '.join(missing)}"
        raise AccessError("the lab's libraries are missing", why, "pip install 'kube-netdoctor[lab]'")
