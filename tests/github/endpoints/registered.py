"""Apps: who they are, where they are installed, and the tokens that they get there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.github.apps import FakeApp, Installation
from tests.github.calls import Answer, Call, Refusal, endpoint, find
from tests.github.clock import write_time
from tests.github.hub import HOUR
from tests.github.payloads import show_installation
from tests.github.rights import LEVELS, Caller
from tests.github.shapes import show_app, show_repository


@endpoint("GET", "/app", kind="jwt")
def get_app(call: Call) -> Answer:
    return Answer(200, show_app(app_of(call)))


@endpoint("GET", "/app/installations", kind="jwt")
def list_installations(call: Call) -> Answer:
    app = app_of(call)
    return Answer(200, [show_installation(app, each) for each in app.installations])


@endpoint("GET", "/app/installations/{installation_id}", kind="jwt")
def get_installation(call: Call) -> Answer:
    return Answer(200, show_installation(app_of(call), _find(call)))


@endpoint("GET", "/repos/{owner}/{repo}/installation", kind="jwt")
def get_installation_of_repository(call: Call) -> Answer:
    app = app_of(call)
    installation = app.installation_of(call.repository)
    if installation is None:
        raise Refusal(404, "Not Found")
    return Answer(200, show_installation(app, installation))


@endpoint("POST", "/app/installations/{installation_id}/access_tokens", kind="jwt")
def create_token(call: Call) -> Answer:
    app, installation, body = app_of(call), _find(call), call.body or {}
    permissions = _choose_permissions(app, body.get("permissions"))
    ids = _choose_repositories(call, installation, body)
    expires = call.hub.clock.now() + HOUR
    caller = Caller("app", app.login, app.slug, permissions, frozenset(ids), expires)
    shown = [show_repository(each) for each in call.hub.repositories if each.id in ids]
    return Answer(
        201,
        {
            "token": call.hub.issue(f"ghs_{app.id}_", caller),
            "expires_at": write_time(expires),
            "permissions": permissions,
            "repository_selection": "selected",
            "repositories": shown,
        },
    )


@endpoint("GET", "/installation/repositories")
def list_repositories(call: Call) -> Answer:
    ids = call.caller.repository_ids
    if ids is None:
        raise Refusal(403, "Resource not accessible by this token")
    shown = [show_repository(each) for each in call.hub.repositories if each.id in ids]
    return Answer(200, {"total_count": len(shown), "repositories": shown})


def app_of(call: Call) -> FakeApp:
    assert call.caller.app is not None
    return call.hub.find_app(call.caller.app)


def _find(call: Call) -> Installation:
    wanted = call.number("installation_id")
    return find(app_of(call).installations, lambda each: each.id == wanted)


def _choose_permissions(app: FakeApp, asked: Mapping[str, str] | None) -> dict[str, str]:
    had = {"metadata": "read", **app.permissions}
    if not asked:  # PyGithub sends an empty object for all of them
        return had
    if any(LEVELS[level] > LEVELS[had.get(name, "none")] for name, level in asked.items()):
        raise Refusal(422, "The permissions requested are not granted to this installation.")
    return dict(asked)


def _choose_repositories(
    call: Call, installation: Installation, body: Mapping[str, Sequence[object]]
) -> set[int]:
    """Return the ids that a token is to be for, all of the installation's unless some are named."""
    ids, names = body.get("repository_ids"), body.get("repositories")
    if ids is None and names is None:
        return set(installation.repository_ids)
    chosen = {
        each.id
        for each in call.hub.repositories
        if each.id in installation.repository_ids and (each.id in (ids or ()) or each.name in (names or ()))
    }
    if len(chosen) != len(ids or ()) + len(names or ()):
        raise Refusal(
            422,
            "There is at least one repository that does not exist or is not accessible to the"
            " parent installation.",
        )
    return chosen
