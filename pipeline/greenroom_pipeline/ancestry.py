"""What a candidate is made of that its champion was not: commits, inputs, parameters, dependencies and rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from greenroom_pipeline.differences import compare_counts, compare_requirements, compare_values, cut
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.models import Model
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import Report
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.since import MOST_CHANGES, MOST_COMMITS, MOST_FILES, CommitLine, Since
from greenroom_pipeline.subject import Champion, Subject
from greenroom_services.environments import model_requirements
from greenroom_services.errors import RequirementsError

_SHA = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_STATUS = {"A": " (new)", "D": " (gone)"}

Parts = dict[str, Any]
"""Fields of `Since`."""


def find_since(
    project: Project,
    subject: Subject,
    *,
    model: Model,
    parameters: Mapping[str, str],
    observed: Observations,
) -> Since | None:
    """Return what changed since the champion, as far as it can be told; None without one."""
    champion = subject.champion
    if champion is None:
        return None
    report = _read_report(project, champion)
    before = _read_parameters(project, champion, report)
    return Since.model_validate(
        _find_code(project, subject, champion)
        | _find_parameters(before, parameters)
        | _find_dependencies(champion.model, model)
        | _find_rows(subject, report, observed)
    )


def _read_report(project: Project, champion: Champion) -> Report | None:
    try:
        return read_report(project.store, champion.version.tags["run"])
    except (GreenroomError, KeyError):
        return None


def _read_parameters(project: Project, champion: Champion, report: Report | None) -> Mapping[str, str] | None:
    """Return None where nothing says them: a run without any may be that of a mirror, which was told none."""
    if report is not None and report.lineage is not None:
        return report.lineage.parameters
    try:
        return project.store.record(champion.version.tags["run"]).parameters or None
    except (GreenroomError, KeyError):
        return None


def _find_code(project: Project, subject: Subject, champion: Champion) -> Parts:
    repository, head = project.repository, subject.commit.sha
    try:
        base = _find_base(repository, champion, head)
        if base is None:
            return {}
        commits = repository.commits(base, head, most=MOST_COMMITS)
        files = repository.differences(base, head, list_inputs(project.settings))
        many = repository.count_commits(base, head)
    except GreenroomError:
        return {}
    return {
        "commits": [
            CommitLine(sha=each.sha, subject=cut(each.subject), author=cut(each.author)) for each in commits
        ],
        "commit_count": many,
        "files": [cut(f"{name}{_STATUS.get(letter, '')}") for letter, name in files[:MOST_FILES]],
        "file_count": len(files),
    }


def _find_base(repository: Repository, champion: Champion, head: str) -> str | None:
    """Return the commit that the champion was trained at, or reviewed at where that is gone."""
    known = (champion.model.sha, champion.version.tags.get("sha", ""))
    return next(
        (sha for sha in known if _SHA.fullmatch(sha) and repository.reaches(sha, head)),
        None,
    )


def list_inputs(settings: Settings) -> list[str]:
    """Return what training reads, with the pointers by which DVC names what it keeps elsewhere."""
    inputs = settings.train.inputs or ["."]
    return [*inputs, *(f"{name.rstrip('/')}.dvc" for name in inputs if name != "."), *settings.data.train]


def _find_parameters(before: Mapping[str, str] | None, after: Mapping[str, str]) -> Parts:
    if before is None:
        return {}
    changed = compare_values(before, after)
    return {"parameters": changed[:MOST_CHANGES], "parameter_count": len(changed)}


def _find_dependencies(champion: Model, candidate: Model) -> Parts:
    try:
        changed = compare_requirements(*(model_requirements(each.path) for each in (champion, candidate)))
    except (RequirementsError, OSError, UnicodeDecodeError):
        return {}
    return {"dependencies": changed[:MOST_CHANGES], "dependency_count": len(changed)}


def _find_rows(subject: Subject, report: Report | None, observed: Observations) -> Parts:
    overlap = report.observations.overlap if report else None
    return {
        "train_rows": compare_counts(
            "Training rows",
            overlap.train_rows if overlap else None,
            observed.overlap.train_rows if observed.overlap else None,
        ),
        "holdout_rows": compare_counts(
            "Holdout rows", report.holdout.rows if report else None, len(subject.holdout.frame)
        ),
        "same_holdout": report.holdout.digest == subject.holdout.digest if report else None,
    }
