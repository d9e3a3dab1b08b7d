"""The one live deployment of a pull request and key on GitHub, in one environment for all previews.

Every writer shows its deployment first and looks afterwards, and all keep the newest. So of two that write at once,
the later look sees both, and whoever is older ends itself even if its word came in after it was ended.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from github import BadAttributeException
from github.Deployment import Deployment as Posted
from github.DeploymentStatus import DeploymentStatus
from github.Repository import Repository

from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.posts import Deployment, DeploymentState

ENVIRONMENT = "model-preview"
_STATES: dict[DeploymentState, str] = {
    "running": "in_progress",
    "success": "success",
    "failure": "failure",
}
_ENDED = "inactive"


def write_deployment(session: GitHubSession, deployment: Deployment) -> None:
    session.settle(
        f"the deployment of pull request {deployment.pull}",
        lambda repository: _write(repository, deployment),
    )


def end_deployments(session: GitHubSession, number: int, key: str) -> None:
    session.settle(
        f"the deployment of pull request {number}",
        lambda repository: _end(_find_live(repository, _name_task(number, key))),
    )


def _write(repository: Repository, deployment: Deployment) -> None:
    task = _name_task(deployment.pull, deployment.key)
    live = _find_live(repository, task)
    # Where a newer one is live, an older one of the same model does not come back: it is shown anew.
    shows = live and live[0].sha == deployment.sha and _read_payload(live[0]) == _tell_payload(deployment)
    shown = live[0] if shows else _create(repository, deployment, task)
    _say(shown, deployment)
    live = _find_live(repository, task)
    newest = max(shown.id, *(each.id for each in live))
    _end([each for each in live if each.id != newest])


def _find_live(repository: Repository, task: str) -> list[Posted]:
    """Return those that have not ended, newest first.

    They are ended from the oldest on, so those before the first ended one are all.
    """
    posted = repository.get_deployments(task=task, environment=ENVIRONMENT)
    return list(takewhile(_is_live, sorted(posted, key=lambda each: each.id, reverse=True)))


def _create(repository: Repository, deployment: Deployment, task: str) -> Posted:
    return repository.create_deployment(
        ref=deployment.sha,
        task=task,
        # GitHub would merge the default branch into the pull request's, and wait for every check: ours is one.
        auto_merge=False,
        required_contexts=[],
        payload=_tell_payload(deployment),
        environment=ENVIRONMENT,
        description=deployment.description,
        transient_environment=True,
        production_environment=False,
    )


def _say(posted: Posted, deployment: Deployment) -> None:
    said = _tell(deployment)
    last = _find_status(posted)
    if last is None or said != _read(last):
        _post_status(posted, said)


def _end(live: list[Posted]) -> None:
    for posted in sorted(live, key=lambda each: each.id):
        _post_status(posted, {"state": _ENDED})


def _post_status(posted: Posted, said: dict[str, Any]) -> None:
    # PyGithub's own has no `log_url`. With `auto_inactive` GitHub would end other pull requests' deployments.
    posted.requester.requestJsonAndCheck(
        "POST", f"{posted.url}/statuses", input={**said, "auto_inactive": False}
    )


def _is_live(posted: Posted) -> bool:
    last = _find_status(posted)
    return last is None or last.state != _ENDED


def _find_status(posted: Posted) -> DeploymentStatus | None:
    return max(posted.get_statuses(), key=lambda status: status.id, default=None)


def _tell(deployment: Deployment) -> dict[str, Any]:
    said = {"state": _STATES[deployment.state], "description": deployment.description}
    return {
        **said,
        **({"environment_url": deployment.link} if deployment.link else {}),
        **({"log_url": deployment.log} if deployment.log else {}),
    }


def _read(status: DeploymentStatus) -> dict[str, Any]:
    said = {"state": status.state, "description": status.description}
    return {
        **said,
        **({"environment_url": status.environment_url} if status.environment_url else {}),
        **({"log_url": status.log_url} if status.log_url else {}),
    }


def _name_task(number: int, key: str) -> str:
    return f"preview:{key}:{number}"


def _tell_payload(deployment: Deployment) -> dict[str, Any]:
    return {
        "pr": deployment.pull,
        "head_sha": deployment.sha,
        "digest": deployment.digest,
        "key": deployment.key,
    }


def _read_payload(posted: Posted) -> dict[str, Any]:
    try:
        return posted.payload
    except BadAttributeException:
        # Others may write text here.
        return {}
