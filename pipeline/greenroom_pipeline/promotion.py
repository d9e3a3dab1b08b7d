"""Promotion: the reviewed bytes become the champion."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.errors import PromotionError
from greenroom_pipeline.packaging import package_champion
from greenroom_pipeline.previews import PRODUCTION, deploy, preview_host
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.subject import find_champion, open_champion
from greenroom_pipeline.tracking import ModelVersion, RunRecord


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
    version = _reviewed(project, sha)
    merged = project.forge.merge(number, head=sha, by=by)
    return _move(project, version, by=by, merge=merged)


def promote_checkout(project: Project, *, by: str) -> Promotion:
    """Make the candidate of the checked-out commit champion; it must have been merged."""
    sha, target = project.repository.commit().sha, project.repository.default_branch()
    if not project.repository.is_ancestor(sha, target):
        raise PromotionError(f"commit {sha[:7]} is not on {target}; merge it first, or promote in the portal")
    return _move(project, _reviewed(project, sha), by=by, merge=None)


def _reviewed(project: Project, sha: str) -> ModelVersion:
    record = _last_finished(project, sha)
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
    version = record.tags["version"]
    return next(each for each in project.store.versions() if each.version == version)


def _last_finished(project: Project, sha: str) -> RunRecord:
    finished = project.store.records(sha=sha, state="finished")
    if not finished:
        raise PromotionError(f"no finished run for commit {sha[:7]}; run `greenroom run` on it first")
    return finished[0]


def _move(project: Project, version: ModelVersion, *, by: str, merge: str | None) -> Promotion:
    previous = project.store.champion()
    package = package_champion(project, open_champion(project.store, version))
    with preview_host(project.places) as host:
        timeout = project.settings.preview.timeout
        preview = deploy(host, package, project=project.name, slot=PRODUCTION, timeout=timeout)
    if preview.state == "failed":
        raise PromotionError(
            f"version {version.version} did not come up in production; the one before goes on",
            log=preview.log,
        )
    project.store.tag_version(version.version, {"promoted_by": by, "merge": merge or ""})
    project.store.set_champion(version.version)
    return Promotion(version, previous, merge)
