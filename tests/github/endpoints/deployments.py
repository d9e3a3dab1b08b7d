"""Deployments, their statuses, and the environments that they go to."""

from __future__ import annotations

import json
from typing import Any

from tests.github.calls import Answer, Call, Refusal, endpoint, find, invalid, page
from tests.github.records import Deployment, DeploymentStatus, Environment
from tests.github.repository import FakeRepository
from tests.github.run_shapes import show_deployment, show_deployment_status, show_environment

REPOSITORY = "/repos/{owner}/{repo}"
DEPLOYMENTS = f"{REPOSITORY}/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/{{deployment_id}}"
ENVIRONMENT = f"{REPOSITORY}/environments/{{environment_name}}"
MOST_DESCRIPTION = 140


@endpoint("GET", DEPLOYMENTS, "deployments=read")
def list_deployments(call: Call) -> Answer:
    repository, query = call.repository, call.query
    chosen = [
        each
        for each in reversed(repository.every_deployment)
        if all(query.get(name) in (None, getattr(each, name)) for name in ("sha", "ref", "task"))
        and query.get("environment") in (None, each.environment)
    ]
    shown, links = page(call, chosen)
    return Answer(200, [show_deployment(repository, each) for each in shown], links)


@endpoint("POST", DEPLOYMENTS, "deployments=write")
def create_deployment(call: Call) -> Answer:
    repository, body = call.repository, call.body
    commit = repository.find_commit(body["ref"])
    _require_short(body, "Deployment")
    if body.get("auto_merge", True) and body["ref"] in repository.branches.keys() - {
        repository.default_branch
    }:
        return Answer(
            202,
            {"message": f"Auto-merged {repository.default_branch} into {body['ref']} on deployment."},
        )
    if body.get("required_contexts", ["every one"]) and not _is_green(repository, commit.sha):
        raise Refusal(409, f"Conflict: Commit status checks failed for {body['ref']}.")
    environment = body.get("environment", "production")
    made = Deployment(
        id=call.hub.next_id(),
        sha=commit.sha,
        ref=body["ref"],
        task=body.get("task", "deploy"),
        environment=environment,
        payload=_read_payload(body.get("payload", "")),
        author=call.caller.login,
        created=call.hub.clock.now(),
        description=body.get("description"),
        transient_environment=body.get("transient_environment", False),
        production_environment=body.get("production_environment", environment == "production"),
        app=call.caller.app,
    )
    repository.environment(environment)
    repository.every_deployment.append(made)
    return Answer(201, show_deployment(repository, made))


@endpoint("GET", DEPLOYMENT, "deployments=read")
def get_deployment(call: Call) -> Answer:
    return Answer(200, show_deployment(call.repository, _find(call)))


@endpoint("DELETE", DEPLOYMENT, "deployments=write")
def delete_deployment(call: Call) -> Answer:
    deployment, repository = _find(call), call.repository
    if deployment.state not in ("inactive", "pending") and len(repository.every_deployment) > 1:
        raise Refusal(422, "We cannot delete an active deployment unless it is the only one.")
    repository.every_deployment.remove(deployment)
    return Answer(204)


@endpoint("GET", f"{DEPLOYMENT}/statuses", "deployments=read")
def list_statuses(call: Call) -> Answer:
    deployment, repository = _find(call), call.repository
    shown, links = page(call, deployment.statuses[::-1])
    return Answer(200, [show_deployment_status(repository, deployment, each) for each in shown], links)


@endpoint("POST", f"{DEPLOYMENT}/statuses", "deployments=write")
def create_status(call: Call) -> Answer:
    deployment, repository, body = _find(call), call.repository, call.body
    _require_short(body, "DeploymentStatus")
    made = DeploymentStatus(
        id=call.hub.next_id(),
        state=body["state"],
        author=call.caller.login,
        created=call.hub.clock.now(),
        description=body.get("description", ""),
        environment=body.get("environment", deployment.environment),
        environment_url=body.get("environment_url", ""),
        log_url=body.get("log_url", body.get("target_url", "")),
    )
    if made.state == "success" and body.get("auto_inactive", True):
        _end_others(call, deployment)
    deployment.statuses.append(made)
    return Answer(201, show_deployment_status(repository, deployment, made))


@endpoint("GET", f"{REPOSITORY}/environments", "actions=read")
def list_environments(call: Call) -> Answer:
    repository = call.repository
    shown, links = page(call, repository.environments)
    listed = [show_environment(repository, each) for each in shown]
    return Answer(200, {"total_count": len(repository.environments), "environments": listed}, links)


@endpoint("GET", ENVIRONMENT, "actions=read")
def get_environment(call: Call) -> Answer:
    return Answer(200, show_environment(call.repository, _find_environment(call)))


@endpoint("PUT", ENVIRONMENT, "administration=write")
def put_environment(call: Call) -> Answer:
    body = call.body or {}
    made = call.repository.environment(call.parts["environment_name"])
    made.branch_policy = body.get("deployment_branch_policy", made.branch_policy)
    made.rules = []
    if body.get("wait_timer"):
        rule = {"type": "wait_timer", "wait_timer": body["wait_timer"]}
        made.rules.append({"id": call.hub.next_id(), "node_id": "GA", **rule})
    return Answer(200, show_environment(call.repository, made))


@endpoint("DELETE", ENVIRONMENT, "administration=write")
def delete_environment(call: Call) -> Answer:
    call.repository.environments.remove(_find_environment(call))
    return Answer(204)


def _find(call: Call) -> Deployment:
    wanted = call.number("deployment_id")
    return find(call.repository.every_deployment, lambda each: each.id == wanted)


def _find_environment(call: Call) -> Environment:
    name = call.parts["environment_name"]
    return find(call.repository.environments, lambda each: each.name.lower() == name.lower())


def _require_short(body: dict[str, Any], resource: str) -> None:
    if len(body.get("description") or "") > MOST_DESCRIPTION:
        raise invalid(
            f"description is too long (maximum is {MOST_DESCRIPTION} characters)",
            resource=resource,
            field="description",
        )


def _read_payload(payload: object) -> object:
    """Return a payload as GitHub gives it back: JSON in a text is read."""
    if not isinstance(payload, str) or not payload:
        return payload
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _is_green(repository: FakeRepository, sha: str) -> bool:
    """Say whether every status and check on a commit passes."""
    latest = {each.context: each.state for each in repository.every_status if each.sha == sha}
    passing = ("success", "neutral", "skipped")
    return set(latest.values()) <= {"success"} and all(
        check.conclusion in passing for check in repository.checks(sha)
    )


def _end_others(call: Call, deployment: Deployment) -> None:
    """Set inactive what a success replaces, transient and production environments aside."""
    for other in call.repository.every_deployment:
        if (
            other is not deployment
            and other.environment == deployment.environment
            and other.state == "success"
            and not other.transient_environment
            and not other.production_environment
        ):
            inactive = DeploymentStatus(
                call.hub.next_id(), "inactive", call.caller.login, call.hub.clock.now()
            )
            other.statuses.append(inactive)
