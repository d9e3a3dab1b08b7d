"""Repositories, their commits and who may do what; also who it is that asks."""

from __future__ import annotations

from tests.github.calls import Answer, Call, Refusal, endpoint
from tests.github.records import Role
from tests.github.shapes import show_commit, show_own_profile, show_person, show_whole_repository

REPOSITORY = "/repos/{owner}/{repo}"
FOLDED: dict[Role, str] = {"maintain": "write", "triage": "read"}


@endpoint("GET", REPOSITORY, "contents=read", "metadata=read")
def get_repository(call: Call) -> Answer:
    login = call.caller.login if call.caller.kind == "user" else None
    return Answer(200, show_whole_repository(call.repository, login))


@endpoint("GET", f"{REPOSITORY}/commits/{{ref}}", "contents=read")
def get_commit(call: Call) -> Answer:
    repository = call.repository
    return Answer(200, show_commit(repository, repository.find_commit(call.parts["ref"])))


@endpoint("GET", f"{REPOSITORY}/collaborators/{{username}}/permission", "metadata=read")
def get_permission(call: Call) -> Answer:
    login, repository = call.parts["username"], call.repository
    if login not in call.hub.people and login not in repository.roles:
        raise Refusal(404, f"{login} is not a user")
    role = repository.role(login)
    admin, push = role == "admin", role in ("admin", "maintain", "write")
    rights = {"admin": admin, "push": push, "pull": role != "none"}
    user = {**show_person(call.hub, login), "role_name": role, "permissions": rights}
    return Answer(200, {"permission": FOLDED.get(role, role), "role_name": role, "user": user})


@endpoint("GET", "/rate_limit", kind="free")
def get_limits(call: Call) -> Answer:
    headers = call.hub.limits.headers(call.caller, call.headers.get("authorization", ""))
    names = ("limit", "remaining", "reset", "used")
    left = {name: int(headers[f"X-RateLimit-{name.title()}"]) for name in names}
    return Answer(200, {"rate": left, "resources": {"core": left, "search": left}})


@endpoint("GET", "/user")
def get_user(call: Call) -> Answer:
    if call.caller.kind == "nobody":
        raise Refusal(401, "Requires authentication")
    if call.caller.is_integration:
        raise Refusal(403, "Resource not accessible by integration")
    return Answer(200, show_own_profile(call.hub, call.caller.login))


@endpoint("POST", "/graphql")
def answer_query(call: Call) -> Answer:
    """Say who asks, to `{viewer{login}}`; nothing else of GraphQL is spoken here."""
    query = "".join(str(call.body.get("query", "")).split())
    if call.caller.kind == "nobody":
        raise Refusal(401, "This endpoint requires you to be authenticated.")
    if query.removeprefix("query") != "{viewer{login}}":
        return Answer(200, {"errors": [{"message": f"unknown here: {query}"}]})
    return Answer(200, {"data": {"viewer": {"login": call.caller.login}}})
