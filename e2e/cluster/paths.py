"""Where things are: the repository's sources, and what is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NODE_SOURCES = REPOSITORY / "images" / "node"
MANIFESTS = Path(__file__).parent / "manifests"

#: Binaries, root filesystems, the engine's images and the clusters' kubeconfigs.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netdoctor"

#: Socket and process ids of the engine; nothing here outlives a reboot.
RUNTIME = Path("/run/netdoctor-e2e")
