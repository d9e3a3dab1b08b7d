"""Checks, statuses, deployments and workflows' runs, in GitHub's shape."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.github.clock import write_time, write_time_or_none
from tests.github.pull_shapes import show_minimal_pull
from tests.github.records import (
    Artifact,
    Check,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Environment,
    Run,
)
from tests.github.shapes import Shape, node, show_app_of, show_person, show_repository, show_simple_commit

if TYPE_CHECKING:
    from tests.github.repository import FakeRepository

DAY = 86_400


def show_check(repository: FakeRepository, check: Check) -> Shape:
    base = _base(repository)
    return {
        "id": check.id,
        "node_id": node("CR", check.id),
        "name": check.name,
        "head_sha": check.head_sha,
        "external_id": check.external_id,
        "url": f"{base}/check-runs/{check.id}",
        "html_url": f"{_page(repository)}/runs/{check.id}",
        "details_url": check.details_url or f"{_page(repository)}/runs/{check.id}",
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": write_time(check.started),
        "completed_at": write_time_or_none(check.completed),
        "output": {
            **dict.fromkeys(("title", "summary", "text")),
            **check.output,
            "annotations_count": len(check.annotations),
            "annotations_url": f"{base}/check-runs/{check.id}/annotations",
        },
        "check_suite": {"id": suite_of(check)},
        "app": show_app_of(repository.hub, check.app),
        "pull_requests": [show_minimal_pull(repository, pull) for pull in repository.own_pulls_at(check)],
    }


def suite_of(check: Check) -> int:
    """Return the id of the suite of an App's checks on a commit."""
    return int(hashlib.sha256(f"{check.app}{check.head_sha}".encode()).hexdigest()[:8], 16)


def show_annotation(repository: FakeRepository, check: Check, annotation: Shape) -> Shape:
    blank = ("start_column", "end_column", "title", "raw_details")
    href = f"{_page(repository)}/blob/{check.head_sha}/{annotation['path']}"
    return {**dict.fromkeys(blank), **annotation, "blob_href": href}


def show_status(repository: FakeRepository, status: CommitStatus) -> Shape:
    return {
        **show_simple_status(repository, status),
        "creator": show_person(repository.hub, status.author),
    }


def show_simple_status(repository: FakeRepository, status: CommitStatus) -> Shape:
    return {
        "id": status.id,
        "node_id": node("SC", status.id),
        "url": f"{_base(repository)}/statuses/{status.sha}",
        "avatar_url": f"{repository.hub.api}/avatars/1",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": write_time(status.created),
        "updated_at": write_time(status.created),
    }


def show_deployment(repository: FakeRepository, deployment: Deployment) -> Shape:
    base = _base(repository)
    url = f"{base}/deployments/{deployment.id}"
    return {
        "id": deployment.id,
        "node_id": node("DE", deployment.id),
        "url": url,
        "statuses_url": f"{url}/statuses",
        "repository_url": base,
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "environment": deployment.environment,
        "original_environment": deployment.environment,
        "description": deployment.description,
        "creator": show_person(repository.hub, deployment.author),
        "created_at": write_time(deployment.created),
        "updated_at": write_time(deployment.created),
        "transient_environment": deployment.transient_environment,
        "production_environment": deployment.production_environment,
        "performed_via_github_app": show_app_of(repository.hub, deployment.app),
    }


def show_deployment_status(
    repository: FakeRepository, deployment: Deployment, status: DeploymentStatus
) -> Shape:
    base = _base(repository)
    return {
        "id": status.id,
        "node_id": node("DES", status.id),
        "url": f"{base}/deployments/{deployment.id}/statuses/{status.id}",
        "deployment_url": f"{base}/deployments/{deployment.id}",
        "repository_url": base,
        "state": status.state,
        "description": status.description,
        "environment": status.environment,
        "environment_url": status.environment_url,
        "log_url": status.log_url,
        "target_url": status.log_url,
        "creator": show_person(repository.hub, status.author),
        "created_at": write_time(status.created),
        "updated_at": write_time(status.created),
        "performed_via_github_app": show_app_of(repository.hub, deployment.app),
    }


def show_environment(repository: FakeRepository, environment: Environment) -> Shape:
    return {
        "id": environment.id,
        "node_id": node("EN", environment.id),
        "name": environment.name,
        "url": f"{_base(repository)}/environments/{environment.name}",
        "html_url": f"{_page(repository)}/deployments/activity_log?environments_filter={environment.name}",
        "created_at": write_time(environment.created),
        "updated_at": write_time(environment.created),
        "protection_rules": environment.rules,
        "deployment_branch_policy": environment.branch_policy,
    }


def show_run(repository: FakeRepository, run: Run) -> Shape:
    hub = repository.hub
    url = f"{_base(repository)}/actions/runs/{run.id}"
    parts = ("artifacts", "cancel", "jobs", "logs", "rerun")
    own = [pull for pull in repository.pulls if pull.head_sha == run.head_sha]
    actor = show_person(hub, run.actor)
    return {
        "id": run.id,
        "node_id": node("WFR", run.id),
        "name": run.path.rsplit("/", 1)[-1].removesuffix(".yml"),
        "path": run.path,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "head_commit": show_simple_commit(repository.find_commit(run.head_sha)),
        "head_repository": show_repository(hub.find_repository(run.head_repository)),
        "repository": show_repository(repository),
        # GitHub leaves it empty for runs of forks.
        "pull_requests": [
            show_minimal_pull(repository, pull)
            for pull in own
            if run.head_repository == repository.full_name == pull.head_repository
        ],
        "display_title": run.head_branch,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "previous_attempt_url": f"{url}/attempts/{run.attempt - 1}" if run.attempt > 1 else None,
        "workflow_id": repository.workflow_id(run.path),
        "workflow_url": f"{_base(repository)}/actions/workflows/{repository.workflow_id(run.path)}",
        "check_suite_id": run.id,
        "check_suite_node_id": node("CS", run.id),
        "check_suite_url": f"{_base(repository)}/check-suites/{run.id}",
        "url": url,
        "html_url": f"{_page(repository)}/actions/runs/{run.id}",
        **{f"{part}_url": f"{url}/{part}" for part in parts},
        "actor": actor,
        "triggering_actor": actor,
        "created_at": write_time(run.created),
        "updated_at": write_time(run.created),
        "run_started_at": write_time(run.created),
    }


def show_artifact(repository: FakeRepository, run: Run, artifact: Artifact) -> Shape:
    url = f"{_base(repository)}/actions/artifacts/{artifact.id}"
    return {
        "id": artifact.id,
        "node_id": node("MDg6", artifact.id),
        "name": artifact.name,
        "size_in_bytes": len(artifact.data),
        "digest": f"sha256:{hashlib.sha256(artifact.data).hexdigest()}",
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expired,
        "created_at": write_time(artifact.created),
        "updated_at": write_time(artifact.created),
        "expires_at": write_time(artifact.created + 90 * DAY),
        "workflow_run": {
            "id": run.id,
            "repository_id": repository.id,
            "head_repository_id": repository.hub.find_repository(run.head_repository).id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    }


def _base(repository: FakeRepository) -> str:
    return f"{repository.hub.api}/repos/{repository.full_name}"


def _page(repository: FakeRepository) -> str:
    return f"{repository.hub.api}/{repository.full_name}"
