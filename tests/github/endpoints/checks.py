"""Check runs and commit statuses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.github.calls import Answer, Call, Refusal, endpoint, find, invalid, page
from tests.github.records import Check, CommitStatus
from tests.github.run_shapes import show_annotation, show_check, show_simple_status, show_status
from tests.github.shapes import show_repository

REPOSITORY = "/repos/{owner}/{repo}"
CHECKS = f"{REPOSITORY}/check-runs"
CHECK = f"{CHECKS}/{{check_run_id}}"
MOST_TEXT = 65_535
MOST_STATUSES = 1000


@endpoint("POST", CHECKS, "checks=write")
def create_check(call: Call) -> Answer:
    repository, body = call.repository, call.body
    repository.find_commit(body["head_sha"])
    assert call.caller.app is not None
    check = Check(
        id=call.hub.next_id(),
        name=body["name"],
        head_sha=body["head_sha"],
        app=call.caller.app,
        started=call.hub.clock.now(),
    )
    _change(call, check, body)
    repository.every_check.append(check)
    return Answer(201, show_check(repository, check))


@endpoint("GET", CHECK, "checks=read")
def get_check(call: Call) -> Answer:
    return Answer(200, show_check(call.repository, _find(call)))


@endpoint("PATCH", CHECK, "checks=write")
def edit_check(call: Call) -> Answer:
    check = _find(call)
    if check.app != call.caller.app:
        app = call.hub.find_app(check.app)
        raise Refusal(403, f"Invalid app_id `{app.id}` - check run can only be modified by its GitHub App.")
    _change(call, check, call.body)
    return Answer(200, show_check(call.repository, check))


@endpoint("GET", f"{CHECK}/annotations", "checks=read")
def list_annotations(call: Call) -> Answer:
    check = _find(call)
    shown, links = page(call, check.annotations)
    return Answer(200, [show_annotation(call.repository, check, each) for each in shown], links)


@endpoint("GET", f"{REPOSITORY}/commits/{{ref}}/check-runs", "checks=read")
def list_checks(call: Call) -> Answer:
    repository, query = call.repository, call.query
    sha = repository.find_commit(call.parts["ref"]).sha
    newest_first = repository.checks(sha)[::-1]
    if query.get("filter", "latest") == "latest":
        newest_first = _latest(newest_first)
    chosen = [
        check
        for check in newest_first
        if query.get("check_name") in (None, check.name)
        and query.get("status") in (None, check.status)
        and query.get("app_id") in (None, str(call.hub.find_app(check.app).id))
    ]
    shown, links = page(call, chosen)
    listed = [show_check(repository, check) for check in shown]
    return Answer(200, {"total_count": len(chosen), "check_runs": listed}, links)


@endpoint("POST", f"{REPOSITORY}/statuses/{{sha}}", "statuses=write")
def create_status(call: Call) -> Answer:
    repository, body = call.repository, call.body
    sha = repository.find_commit(call.parts["sha"]).sha
    context = body.get("context", "default")
    same = [each for each in repository.every_status if (each.sha, each.context) == (sha, context)]
    if len(same) >= MOST_STATUSES:
        raise invalid(f"This SHA and context has reached the maximum number of statuses ({MOST_STATUSES}).")
    made = CommitStatus(
        id=call.hub.next_id(),
        sha=sha,
        state=body["state"],
        context=context,
        description=body.get("description"),
        target_url=body.get("target_url"),
        author=call.caller.login,
        created=call.hub.clock.now(),
    )
    repository.every_status.append(made)
    return Answer(201, show_status(repository, made))


@endpoint("GET", f"{REPOSITORY}/commits/{{ref}}/status", "statuses=read")
def get_combined_status(call: Call) -> Answer:
    repository = call.repository
    sha = repository.find_commit(call.parts["ref"]).sha
    latest = {each.context.lower(): each for each in repository.every_status if each.sha == sha}
    states = {each.state for each in latest.values()}
    failed = states & {"failure", "error"}
    url = f"{call.hub.api}/repos/{repository.full_name}/commits/{sha}"
    body = {
        "state": "failure" if failed else "success" if states == {"success"} else "pending",
        "statuses": [show_simple_status(repository, each) for each in latest.values()],
        "sha": sha,
        "total_count": len(latest),
        "repository": show_repository(repository),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return Answer(200, body)


def _find(call: Call) -> Check:
    wanted = call.number("check_run_id")
    return find(call.repository.every_check, lambda each: each.id == wanted)


def _latest(newest_first: list[Check]) -> list[Check]:
    """Keep the newest of each App and name."""
    seen: dict[tuple[str, str], Check] = {}
    for check in newest_first:
        seen.setdefault((check.app, check.name), check)
    return list(seen.values())


def _change(call: Call, check: Check, body: dict[str, Any]) -> None:
    """Take over what is given; annotations add up, a conclusion completes, another status opens again."""
    output = body.get("output") or {}
    for name in ("summary", "text"):
        if len(output.get(name) or "") > MOST_TEXT:
            raise invalid(
                f"{name} exceeds a maximum bytesize of {MOST_TEXT}", resource="CheckRun", field=name
            )
    check.name = body.get("name", check.name)
    check.external_id = body.get("external_id", check.external_id)
    check.details_url = body.get("details_url", check.details_url)
    check.actions = body.get("actions", check.actions)
    if output:
        check.output = {**check.output, **{name: output.get(name) for name in ("title", "summary", "text")}}
        check.annotations.extend(output.get("annotations", ()))
    check.status = body.get("status", check.status)
    if "conclusion" in body:
        check.status, check.conclusion = "completed", body["conclusion"]
        check.completed = _read_time(body.get("completed_at")) or call.hub.clock.now()
    elif check.status == "completed" and check.conclusion is None:
        raise invalid("conclusion is missing", resource="CheckRun", field="conclusion", code="missing_field")
    elif check.status != "completed":
        check.conclusion = check.completed = None


def _read_time(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
