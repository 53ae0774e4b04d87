"""Documents as netdoctor.lab.ingress makes them."""

from __future__ import annotations

from typing import Any


def route(
    host: str, path: str, *ports: int, exact: bool = False, https: bool = False, **backend: Any
) -> dict[str, Any]:
    whole = {"title": f"Service shop{path}", "tls": False, "endpoints": [["127.0.0.1", port] for port in ports]}
    because = {"because": "" if ports else "Service shop/x has no ready endpoint"}
    return {"host": host, "path": path, "exact": exact, "toHttps": https, "backend": whole | because | backend}


def document(*routes: dict[str, Any], certificates: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"routes": list(routes), "certificates": certificates or []}
