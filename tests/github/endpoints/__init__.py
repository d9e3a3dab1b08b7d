"""What the tests' GitHub answers, by what it is about."""

from __future__ import annotations

from tests.github.calls import ENDPOINTS, Endpoint
from tests.github.endpoints import (
    checks,
    comments,
    deployments,
    hooks,
    identity,
    manifests,
    pulls,
    registered,
    repositories,
    rules,
    runs,
)

MODULES = (
    checks,
    comments,
    deployments,
    hooks,
    identity,
    manifests,
    pulls,
    registered,
    repositories,
    rules,
    runs,
)


def list_endpoints() -> list[Endpoint]:
    """Return every endpoint of the modules here, which lay themselves down as they are imported."""
    return ENDPOINTS
