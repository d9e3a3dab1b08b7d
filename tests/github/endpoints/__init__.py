"""What the tests' GitHub answers, by what it is about: the modules here lay their endpoints down when imported."""

from __future__ import annotations

from tests.github.calls import ENDPOINTS, Endpoint
from tests.github.endpoints import checks as checks
from tests.github.endpoints import comments as comments
from tests.github.endpoints import contents as contents
from tests.github.endpoints import deployments as deployments
from tests.github.endpoints import hooks as hooks
from tests.github.endpoints import identity as identity
from tests.github.endpoints import manifests as manifests
from tests.github.endpoints import pulls as pulls
from tests.github.endpoints import registered as registered
from tests.github.endpoints import repositories as repositories
from tests.github.endpoints import rules as rules
from tests.github.endpoints import runs as runs
from tests.github.endpoints import timelines as timelines


def list_endpoints() -> list[Endpoint]:
    return ENDPOINTS
