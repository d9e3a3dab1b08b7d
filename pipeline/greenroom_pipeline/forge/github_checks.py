"""The check runs of a name and key at a commit on GitHub: one, or several that say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from github.CheckRun import CheckRun
from github.GithubApp import GithubApp
from github.Repository import Repository

from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.posts import Annotation, Check, CheckState

_PER_REQUEST = 50
"""Annotations that GitHub takes at once."""
_STATES: dict[str | None, CheckState] = {
    "success": "success",
    "failure": "failure",
    "action_required": "action_required",
    None: "running",
}


def write_check(session: GitHubSession, check: Check) -> None:
    session.settle(f"the check {check.name}", lambda repository: _write(repository, check, app=session.app))


def _write(repository: Repository, check: Check, *, app: str) -> None:
    ours = _find_ours(repository, check, app)
    if not ours:
        made = repository.create_check_run(check.name, check.sha, external_id=check.key, **_tell(check))
        _annotate(made, check)
        _agree(made, check, _find_ours(repository, check, app))
    for run in ours:
        _say(run, check)


def _agree(made: CheckRun, check: Check, ours: list[CheckRun]) -> None:
    """Make those of several jobs that created one at once say the same: a check run cannot be deleted.

    It is what the newest says, as that is the one that GitHub goes by.
    """
    newest = max([made, *ours], key=lambda run: run.id)
    said = check if newest.id == made.id else _read(newest, check)
    for run in ours:
        if run.id != newest.id:
            _say(run, said)


def _find_ours(repository: Repository, check: Check, app: str) -> list[CheckRun]:
    runs = repository.get_commit(check.sha).get_check_runs(check_name=check.name, filter="all")
    return [run for run in runs if _is_by(run, app) and run.external_id == check.key]


def _is_by(run: CheckRun, slug: str) -> bool:
    app = cast(GithubApp | None, run.app)
    return app is not None and app.slug == slug


def _say(run: CheckRun, check: Check) -> None:
    # What buttons there are, GitHub does not tell.
    if check.buttons or _read(run, check) != replace(check, annotations=(), buttons=()):
        run.edit(**_tell(check))
    _annotate(run, check)


def _annotate(run: CheckRun, check: Check) -> None:
    posted = {_name_posted(each) for each in run.get_annotations()} if run.output.annotations_count else set()
    # One that is there stays there for good; the same again would stand there twice.
    missing = [each for each in check.annotations if _name(each) not in posted]
    for start in range(0, len(missing), _PER_REQUEST):
        batch = [_tell_annotation(each) for each in missing[start : start + _PER_REQUEST]]
        run.edit(output={**_tell_output(check), "annotations": batch})


def _read(run: CheckRun, check: Check) -> Check:
    """Return what a check run says of what *check* does; a link that we have not set is GitHub's own."""
    return replace(
        check,
        state=_STATES.get(run.conclusion, "failure"),
        title=run.output.title or "",
        summary=run.output.summary or "",
        text=run.output.text or "",
        link=run.details_url if check.link else None,
        annotations=(),
        buttons=(),
    )


def _tell(check: Check) -> dict[str, Any]:
    told: dict[str, Any] = {
        "output": _tell_output(check),
        "actions": [
            {"label": each.label, "description": each.description, "identifier": each.identifier}
            for each in check.buttons
        ],
    }
    if check.link:
        told["details_url"] = check.link
    if check.state == "running":
        return {**told, "status": "in_progress"}
    return {**told, "status": "completed", "conclusion": check.state}


def _tell_output(check: Check) -> dict[str, Any]:
    return {"title": check.title, "summary": check.summary, "text": check.text}


def _tell_annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": annotation.level,
        "title": annotation.title,
        "message": annotation.message,
    }


def _name(annotation: Annotation) -> tuple[object, ...]:
    return (annotation.path, annotation.line, annotation.level, annotation.title, annotation.message)


def _name_posted(posted: Any) -> tuple[object, ...]:
    return (posted.path, posted.start_line, posted.annotation_level, posted.title, posted.message)
