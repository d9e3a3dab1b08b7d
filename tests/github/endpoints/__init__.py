"""What the tests' GitHub answers, by what it is about."""

from __future__ import annotations

from tests.github.calls import ENDPOINTS, Endpoint
from tests.github.endpoints import (
    checks,
    comments,
    deployments,
    pulls,
    registered,
    repositories,
)

MODULES = (checks, comments, deployments, pulls, registered, repositories)


def list_endpoints() -> list[Endpoint]:
    """Return every endpoint of the modules here, which lay themselves down as they are imported."""
    return ENDPOINTS
