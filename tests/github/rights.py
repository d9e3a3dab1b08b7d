"""Who asks, and what their kind of token may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.github.calls import Refusal

if TYPE_CHECKING:
    from tests.github.repository import FakeRepository

Kind = Literal["actions", "fork", "app", "user", "jwt", "nobody"]
TOKEN_KINDS: tuple[Kind, ...] = ("actions", "fork", "app", "user")
LEVELS = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}
PUBLIC = ("actions", "checks", "contents", "deployments", "issues", "metadata", "pull_requests", "statuses")
"""What anybody may read of a public repository."""
EVERYTHING = dict.fromkeys((*PUBLIC, "merge_queues"), "write")
"""What a workflow that asks for `write-all` gets; administration and environments are never among it."""


@dataclass(frozen=True)
class Caller:
    kind: Kind
    login: str
    app: str | None = None
    """Slug of the App whose token it is; Actions is one as well."""
    permissions: Mapping[str, str] | None = None
    """None for a person's classic token, which may do what the person may."""
    repository_ids: frozenset[int] | None = None
    """Where it is installed; None for a person's, which reaches whatever the person does."""
    expires: float = float("inf")

    @property
    def is_integration(self) -> bool:
        return self.app is not None

    def has(self, need: str) -> bool:
        name, level = need.split("=")
        had = "read" if name == "metadata" else (self.permissions or {}).get(name, "none")
        return LEVELS[had] >= LEVELS[level]


def require_sight(caller: Caller, repository: FakeRepository) -> None:
    """Hide a private repository from those who may not read it."""
    if not repository.private:
        return
    if caller.repository_ids is not None:
        seen = repository.id in caller.repository_ids
    else:
        seen = caller.kind == "user" and LEVELS[repository.role(caller.login)] >= LEVELS["read"]
    if not seen:
        raise Refusal(404, "Not Found")


def require_right(caller: Caller, repository: FakeRepository, needs: Sequence[str]) -> None:
    """Refuse a call that needs one of *needs*, each like `checks=write`, as GitHub refuses it."""
    if any(_may(caller, repository, need) for need in needs):
        return
    if caller.kind == "nobody":
        raise Refusal(401, "Requires authentication")
    if caller.is_integration:
        raise Refusal(403, "Resource not accessible by integration")
    if needs == ("checks=write",):
        raise Refusal(403, "You must authenticate via a GitHub App.")
    if caller.permissions is not None:
        raise Refusal(403, "Resource not accessible by personal access token")
    if needs == ("metadata=read",):
        raise Refusal(403, "Must have push access to view collaborator permission.")
    raise Refusal(403, "Must have admin rights to Repository.")


def _may(caller: Caller, repository: FakeRepository, need: str) -> bool:
    name, level = need.split("=")
    if level == "read" and name in PUBLIC and name != "metadata" and not repository.private:
        return True
    if caller.repository_ids is not None:
        return repository.id in caller.repository_ids and caller.has(need)
    return caller.kind == "user" and _person_may(caller, repository, name=name, level=level)


def _person_may(caller: Caller, repository: FakeRepository, *, name: str, level: str) -> bool:
    if need_is_apps_alone(name, level) or (
        caller.permissions is not None and not caller.has(f"{name}={level}")
    ):
        return False
    least = level
    if name == "administration":
        least = "admin"
    elif name == "metadata":
        least = "write"
    elif name == "issues" and not repository.private:
        least = "none"  # whoever has an account may comment in public
    elif name == "issues":
        least = "read"
    return LEVELS[repository.role(caller.login)] >= LEVELS[least]


def need_is_apps_alone(name: str, level: str) -> bool:
    return name == "checks" and level == "write"
