"""What GitHub says of a server's App and of a job's token, by harmless reads alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from github import UnknownObjectException
from github.Auth import AppAuth, Token
from github.Requester import Requester

from greenroom_pipeline.forge.github_app import open_app_requester
from greenroom_pipeline.forge.github_faults import JOB, app_credential, translated
from greenroom_pipeline.forge.github_requester import Patience, open_requester
from greenroom_pipeline.forge.registration import AppKeys, Registration

_HURRY = Patience(answer=10, between_writes=0, tries=(), limit=0)
"""A doctor that waits long is not asked again."""
_DELIVERIES = 30


@dataclass(frozen=True)
class Installation:
    permissions: Mapping[str, str]
    events: Sequence[str]
    is_suspended: bool
    repository: str
    repository_id: int
    default_branch: str
    gates: Sequence[tuple[str, int | None]]
    """Checks that the default branch requires, each with the App that alone may give it, where one is named."""


@dataclass(frozen=True)
class AppState:
    slug: str
    permissions: Mapping[str, str]
    webhook: str
    failing: Sequence[str]
    """Events that arrived at no attempt, of the newest ones, newest first."""
    installation: Installation | None


def look_at_app(registration: Registration, keys: AppKeys) -> AppState:
    """Ask as the App; `ForgeError` when GitHub does not answer, or knows no App by these keys."""
    with translated("the App", app_credential(keys.slug), registration.api):
        as_app = open_app_requester(registration, keys, _HURRY)
        app = _get(as_app, "/app")
        hook = _get(as_app, "/app/hook/config")
        deliveries = _get(as_app, "/app/hook/deliveries", per_page=_DELIVERIES)
        return AppState(
            slug=app["slug"],
            permissions=app["permissions"],
            webhook=str(hook.get("url") or ""),
            failing=_find_failing(deliveries),
            installation=_find_installation(registration, keys, as_app),
        )


def _find_installation(registration: Registration, keys: AppKeys, as_app: Requester) -> Installation | None:
    try:
        found = _get(as_app, f"/repos/{registration.repository}/installation")
    except UnknownObjectException:
        return None
    auth = AppAuth(keys.id, keys.private_key.get_secret_value()).get_installation_auth(
        found["id"], requester=as_app
    )
    there = open_requester(auth, registration.api, _HURRY)
    repository = _get(there, f"/repos/{registration.repository}")
    branch = repository["default_branch"]
    return Installation(
        permissions=found["permissions"],
        events=found["events"],
        is_suspended=found.get("suspended_at") is not None,
        repository=repository["full_name"],
        repository_id=repository["id"],
        default_branch=branch,
        gates=_read_gates(_get(there, f"/repos/{repository['full_name']}/rules/branches/{branch}")),
    )


def _read_gates(rules: Sequence[Mapping[str, Any]]) -> list[tuple[str, int | None]]:
    return [
        (check["context"], check.get("integration_id"))
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    ]


def _find_failing(deliveries: Sequence[Mapping[str, Any]]) -> list[str]:
    arrived = {each["guid"] for each in deliveries if 200 <= each["status_code"] < 300}
    failed = {each["guid"]: each for each in reversed(deliveries) if each["guid"] not in arrived}
    return [f"{each['event']} ({each['status']})" for each in reversed(failed.values())]


def look_at_token(api: str, *, token: str, name: str) -> str:
    """Return the repository's name as a job's token sees it; `ForgeError` when it sees none."""
    with translated(f"the repository {name}", JOB, api):
        return str(_get(open_requester(Token(token), api, _HURRY), f"/repos/{name}")["full_name"])


def _get(requester: Requester, path: str, **parameters: Any) -> Any:
    _, answer = requester.requestJsonAndCheck("GET", path, parameters=parameters or None)
    return answer
