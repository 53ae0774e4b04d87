"""What the images consist of.

All share one base layer (Python, its libraries, openssl), so that a node which has one loads another in a
moment. The second layer is `/app`, a directory that Python runs: its modules are found without `site`, and are
compiled, so that a process starts in 40 ms on a read-only root instead of 400.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SUITE = "bookworm"
PYTHON = "python3.11"  # bookworm's
PACKAGES = (f"{PYTHON}-minimal", f"lib{PYTHON}-stdlib", "openssl", "python3-dnspython", "python3-scapy")

#: Shared libraries by name; everything else in the library directories stays out.
_LIBRARIES = "ld-linux-.*|libc|libm|libz|libexpat|libcrypto|libssl|libffi|libresolv"
#: Parts of Python's own library that a network client or server never loads.
_UNUSED = (
    "__phello__|_pydecimal|asyncio|concurrent|config-.*|cProfile|curses|dbm|distutils|doctest|ensurepip|idlelib"
    "|imaplib|lib2to3|mailbox|multiprocessing|nntplib|pdb|pickletools|profile|pstats|pydoc|pydoc_data|smtplib|sqlite3"
    "|tarfile|test|tkinter|tomllib|turtle|turtledemo|unittest|venv|wsgiref|xml|xmlrpc|zipapp|zipfile|zoneinfo"
)
_UNUSED_EXTENSIONS = (
    "_codecs_.*|_ctypes_test|_curses.*|_dbm|_lsprof|_sqlite3|_test.*|_tkinter|_xx.*|_zoneinfo|nis"
    "|ossaudiodev|readline|xx.*"
)

BASE = re.compile(
    rf"usr/bin/({PYTHON}|openssl)"
    rf"|usr/lib/[^/]+/({_LIBRARIES})\.so(\.[\d.]+)?"
    rf"|usr/lib/[^/]+/ossl-modules/.*|usr/lib/ssl/openssl.cnf|etc/ssl/openssl.cnf"
    rf"|usr/lib64/ld-linux-.*"
    rf"|usr/lib/{PYTHON}/(?!({_UNUSED})(/|\.py$))(?!lib-dynload/({_UNUSED_EXTENSIONS})\.).*"
    r"|usr/share/doc/[^/]+/copyright|var/lib/dpkg/status"
)
#: The libraries of the probe, from Debian's directory for them into /app.
PROBE_LIBRARIES = re.compile(
    r"usr/lib/python3/dist-packages/(?P<app>dns/.*|scapy/(?!contrib|tools|modules|layers/tls|layers/msrpce).*)"
)


#: The file that an ingress controller serves, which is written once it runs.
ROUTES = "/tmp/routes.json"  # noqa: S108 - a container's own


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: `sources` go to /app by their names; `libraries` are renamed to /app by their group ``app``.

    `arguments` come before those that a container gives.
    """

    name: str
    tag: str
    title: str
    sources: tuple[Path, ...]
    main: str
    libraries: re.Pattern[str] | None = None
    arguments: tuple[str, ...] = ()
    user: str = "65534:65534"

    @property
    def reference(self) -> str:
        """The name by which pods ask for it."""
        return f"netdoctor.dev/{self.name}:{self.tag}"


def recipes() -> tuple[Recipe, ...]:
    """Every image; the probe's tag is netdoctor's version."""
    init = (REPOSITORY / "src/netdoctor/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', init, re.MULTILINE)
    assert found, "netdoctor has a version"
    probe = Recipe(
        "probe",
        found[1],
        "netdoctor's probe agent",
        (REPOSITORY / "probes/netdoctor_probe",),
        "netdoctor_probe.__main__",
        PROBE_LIBRARIES,
    )
    apps = REPOSITORY / "probes/netdoctor_apps"
    testapp = Recipe("testapp", "1", "netdoctor's test application", (apps / "testapp",), "testapp.__main__")
    ingress = Recipe(
        "ingress",
        "1",
        "netdoctor's ingress controller for tests",
        (apps,),
        "netdoctor_apps.ingress.__main__",
        arguments=("--routes", ROUTES, "http:80", "https:443"),
        user="0:0",  # with the runtime's default capabilities, one of which these ports need
    )
    return probe, testapp, ingress
