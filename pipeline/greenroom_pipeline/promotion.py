"""Promotion: the reviewed bytes become the champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from greenroom_pipeline.champions import move_champion
from greenroom_pipeline.desk import PRODUCTION
from greenroom_pipeline.errors import PromotionError
from greenroom_pipeline.packaging import Package, package_champion
from greenroom_pipeline.previews import deploy, preview_host, stop
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import counts_for, read_report
from greenroom_pipeline.subject import find_champion, open_champion
from greenroom_pipeline.tracking import ModelVersion, RunRecord
from greenroom_pipeline.wording import join_names


@dataclass(frozen=True)
class Promotion:
    version: ModelVersion
    previous: ModelVersion | None
    merge: str | None
    """The merge commit's SHA, when a pull request was merged on the way."""


def promote_pull(project: Project, number: int, *, sha: str, by: str) -> Promotion:
    """Merge a pull request and make the candidate of its commit *sha* the champion.

    `PromotionError` when that commit was not reviewed, its verdict is `fail`, or production moved since.
    """
    pull = project.forge.pull(number)
    if pull.state != "open":
        raise PromotionError(f"pull request {number} is {pull.state}; only an open one can be promoted")
    if pull.head != sha:
        raise PromotionError(
            f"pull request {number} moved from {sha[:7]} to {pull.head[:7]}; run and review the new commit"
        )
    reviewed = _reviewed(project, _finished_of_pull(project, number, sha))
    # All that can be wrong with the bytes shows before the merge, which cannot be taken back.
    package = package_champion(project, open_champion(project.store, reviewed))
    merged = project.forge.merge(number, head=sha, by=by)
    promotion = _move(project, reviewed, package, by=by, merge=merged)
    stop(project.places, project=project.name, slot=str(number))
    return promotion


def promote_checkout(project: Project, *, by: str) -> Promotion:
    """Make the candidate of the checked-out commit champion; it must have been merged."""
    sha, target = project.repository.commit().sha, project.repository.default_branch()
    if not project.repository.is_merged(sha, target):
        raise PromotionError(f"commit {sha[:7]} is not on {target}; merge it first, or promote in the portal")
    reviewed = _reviewed(project, _finished_of_commit(project, sha))
    package = package_champion(project, open_champion(project.store, reviewed))
    return _move(project, reviewed, package, by=by, merge=None)


def _reviewed(project: Project, record: RunRecord) -> ModelVersion:
    sha = record.tags["sha"]
    report = read_report(project.store, record.id)
    if report is None or report.verdict == "fail":
        raise PromotionError(f"commit {sha[:7]} did not pass: {record.tags['summary']}")
    champion = find_champion(project.store)
    current = champion.model.digest if champion else None
    compared = report.champion.digest if report.champion else None
    if current not in (compared, report.candidate.digest):
        raise PromotionError(
            f"production changed since commit {sha[:7]} was evaluated; run `greenroom run` on it again"
        )
    registered = {each.version: each for each in project.store.versions()}
    if record.tags["version"] not in registered:
        raise PromotionError(
            f"version {record.tags['version']} of {project.name} is gone from MLflow; run `greenroom run` again"
        )
    return registered[record.tags["version"]]


def _finished_of_pull(project: Project, number: int, sha: str) -> RunRecord:
    finished = [each for each in _finished(project, sha) if counts_for(each, number)]
    return finished[0] if finished else _refuse_unfinished(sha)


def _finished_of_commit(project: Project, sha: str) -> RunRecord:
    """Return the commit's newest run; `PromotionError` when it came from several senders with unlike models."""
    finished = _finished(project, sha)
    if not finished:
        _refuse_unfinished(sha)
    models = {_name_sender(each): each.tags["digest"] for each in reversed(finished)}
    if len(set(models.values())) > 1:
        raise PromotionError(
            f"commit {sha[:7]} has different models by {join_names(sorted(models))}; promote one in the portal"
        )
    return finished[0]


def _name_sender(record: RunRecord) -> str:
    return f"pull request {record.tags['pull']}" if "bundle" in record.tags else "a run on this machine"


def _finished(project: Project, sha: str) -> list[RunRecord]:
    return project.store.records(sha=sha, state="finished")


def _refuse_unfinished(sha: str) -> NoReturn:
    raise PromotionError(f"no finished run for commit {sha[:7]}; run `greenroom run` on it first")


def _move(
    project: Project, version: ModelVersion, package: Package, *, by: str, merge: str | None
) -> Promotion:
    previous = project.store.champion()
    with preview_host(project) as host:
        preview = deploy(
            host,
            package,
            project=project.name,
            slot=PRODUCTION,
            sha=version.tags["sha"],
            timeout=project.settings.preview.timeout,
        )
    if preview.state != "awake":
        done = f"the merge {merge[:7]} is made, but " if merge else ""
        raise PromotionError(
            f"{done}version {version.version} did not come up in production, where the one before goes on; "
            "see why in its log, then run `greenroom promote` on the reviewed commit",
            log=preview.log,
        )
    move_champion(project, version, by=by, merge=merge)
    return Promotion(version, previous, merge)
