"""What may be asked of a preview: the two questions, what BentoML adds, and the routes that its bundle names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from greenroom_services.previews import Address

READ = ("GET", "HEAD")
ASK = ("POST",)
# All that a Bento offers: its own two questions, and what BentoML adds.
OFFERED: dict[str, tuple[str, ...]] = {
    "/predict": ASK,
    "/describe": ASK,
    **dict.fromkeys(("/readyz", "/livez", "/healthz", "/metrics", "/docs.json"), READ),
}
ROUTE_METHODS = (*READ, *ASK)
PREFIX = re.compile(r"/p/(?P<project>[^/]+)/(?P<slot>[^/]+)(?P<rest>/.*)?")
# Nothing that a preview's own router could take for another path than the gateway did.
SAFE = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+/?")
DOTS = re.compile(r"/\.{1,2}(?:/|$)")


@dataclass(frozen=True)
class Target:
    """Which preview a path names, and what of it: `/` is the page for people; empty where the slash is missing."""

    address: Address
    path: str


def read_target(path: str, *, preview: Address | None = None) -> Target | None:
    """Return what the decoded *path* names, all of it where the host name is that of *preview* already."""
    if preview is not None:
        return Target(preview, path)
    found = PREFIX.fullmatch(path)
    if found is None:
        return None
    try:
        address = Address(project=found["project"], slot=found["slot"])
    except ValidationError:
        return None
    return Target(address, found["rest"] or "")


def find_methods(path: str, routes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the methods that the preview's *path* takes: none where there is no such path."""
    if path in OFFERED:
        return OFFERED[path]
    return ROUTE_METHODS if _is_routed(path, routes) else ()


def _is_routed(path: str, routes: tuple[str, ...]) -> bool:
    if SAFE.fullmatch(path) is None or DOTS.search(path) is not None:
        return False
    return any(path == route or path.startswith(route.rstrip("/") + "/") for route in routes if route != "/")
