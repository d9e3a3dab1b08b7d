"""A run on somebody's own machine, whose report goes to the forge that the project has there."""

from __future__ import annotations

from pathlib import Path

from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.handover import write_bundle
from greenroom_pipeline.jobs.poster import Poster, Warn
from greenroom_pipeline.places import Places
from greenroom_pipeline.progress import Watch
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import Place
from greenroom_pipeline.report import Report
from greenroom_pipeline.run import RunResult, run_loop

_BEFORE = ("prepare", "fingerprint")
"""Steps in which a commit is looked over: what they refuse may lie in files that are no commit's."""


def run_locally(places: Places, watch: Watch, *, bundle: Path | None, warn: Warn) -> Report:
    """Take the checked-out commit through the loop, and post what came of it."""
    project = open_project(places)
    try:
        result = run_loop(project, watch)
    except GreenroomError as error:
        if watch.step not in _BEFORE:
            _open_poster(project, warn).failure(
                step=watch.step, reason=str(error), log=error.log or watch.log
            )
        raise
    _open_poster(project, warn, result).report(result.report)
    if bundle is not None:
        write_bundle(project, result, bundle)
    return result.report


def _open_poster(project: Project, warn: Warn, result: RunResult | None = None) -> Poster:
    pull = result.subject.pull if result else project.forge.pull_of_checkout()
    place = Place(
        project=project.name,
        folder=project.repository.folder(),
        sha=project.repository.commit().sha,
        pull=pull.number if pull else None,
        side_branch=pull.side_branch if pull else "",
    )
    run = project.store.run_page(result.run_id) if result else None
    settings = (project.places.repository / FILE).read_text(encoding="utf-8")
    return Poster(project.forge, place, Links(run=run), settings, warn)
