"""A run that has a server: the champion comes from there, and what came out is handed in there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from greenroom_pipeline.access import Access
from greenroom_pipeline.api.client import ServerClient
from greenroom_pipeline.api.documents import MAX_PARAMETERS, PullState, RunSheet
from greenroom_pipeline.api.examination import PREDICTIONS, SHEET
from greenroom_pipeline.errors import PackagingError, PreviewError, ServerError, StoreError
from greenroom_pipeline.forge.assigned import AssignedForge
from greenroom_pipeline.mirror import mirror_champion, mirror_places
from greenroom_pipeline.places import Places
from greenroom_pipeline.progress import Progress, Steps
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import PROFILE, REPORT
from greenroom_pipeline.report import Report, to_json
from greenroom_pipeline.run import RunResult, run_loop
from greenroom_pipeline.score import name_predictions
from greenroom_services.bundle import PackedBundle, pack_bundle
from greenroom_services.errors import ServiceError

ATTEMPTS = 1_000


def run_for_server(
    places: Places, access: Access, progress: Progress, environ: Mapping[str, str] = os.environ
) -> RunResult:
    """Take the checked-out commit through the loop against the server's champion, and hand the outcome in.

    The report is as the server keeps it, with the preview's link. `ServerError` when the server does not take it.
    """
    steps = Steps(progress)
    with steps.step("champion") as step:
        project = open_project(mirror_places(places, access))
        client = ServerClient(access, commit=project.repository.commit().sha)
        project = replace(project, forge=AssignedForge(project.repository, _find_number(client, project)))
        champion = mirror_champion(client, project)
        step.note = f"version {champion.version} of {access.address}" if champion else "there is none yet"
    result = run_loop(project, progress, environ)
    with steps.step("hand in") as step:
        state = client.hand_in(pack_run(project, result, environ))
        step.note = state.preview.address or state.preview.error or state.preview.state
    return replace(result, report=_adopt(result.report, state))


def _find_number(client: ServerClient, project: Project) -> int:
    """Return the one pull request that the credential may write."""
    rights = client.rights()
    if rights.project not in (project.name, "*"):
        raise ServerError(
            f"the credential is for project {rights.project!r}, and this is {project.name!r}; use the project's own"
        )
    if not rights.slot.isdecimal():
        raise ServerError(
            f"the token is for slot {rights.slot!r}, and a run writes one pull request's; make one on the server with"
            " `greenroom token create --scope deploy --slot NUMBER`"
        )
    return int(rights.slot)


def pack_run(project: Project, result: RunResult, environ: Mapping[str, str] = os.environ) -> PackedBundle:
    """Pack the run's Bento, report, profile, predictions and run record; the same run is the same bytes."""
    subject, package = result.subject, result.package
    predictions = name_predictions(result.model, subject.holdout)
    stored = project.store.get(result.model.logged.run_id, predictions)
    if stored is None:
        raise StoreError(f"run {result.run_id} has lost the candidate's predictions; run it again")
    report = _limit_parameters(result.report)
    sheet = RunSheet(
        project=project.name,
        origin=subject.origin,
        parameters=report.lineage.parameters if report.lineage else {},
        predictions=Path(predictions).stem,
        timings=report.timings,
    )
    try:
        return pack_bundle(
            package.bento.path,
            project=project.name,
            slot=subject.slot,
            repository=_match(environ, "GITHUB_REPOSITORY_ID"),
            order=read_order(environ),
            sha=subject.commit.sha,
            model=result.model.digest,
            requirements=package.requirements,
            probe=package.profile.examples[0],
            timeout=project.settings.preview.timeout,
            extra={
                REPORT: to_json(report).encode(),
                PROFILE: package.profile.model_dump_json(indent=2).encode(),
                SHEET: sheet.model_dump_json(indent=2).encode(),
                PREDICTIONS: stored,
            },
        )
    except ServiceError as error:
        raise PackagingError(str(error), log=error.log) from error


def write_bundle(
    project: Project, result: RunResult, path: Path, environ: Mapping[str, str] = os.environ
) -> None:
    """Leave the run's bundle in a file, for a server to fetch; `PackagingError` when that fails."""
    try:
        with path.open("wb") as file:
            for chunk in pack_run(project, result, environ).chunks():
                file.write(chunk)
    except ServiceError as error:
        raise PackagingError(str(error), log=error.log) from error
    except OSError as error:
        raise PackagingError(f"the bundle cannot be written to {path}: {error.strerror}") from None


def read_order(environ: Mapping[str, str]) -> int | None:
    """Return a number that is larger for a later run of a workflow and for a later attempt of one, or None elsewhere.

    GitHub numbers the runs of all its repositories in one row, and keeps the number when a run is tried again.
    """
    run, attempt = _match(environ, "GITHUB_RUN_ID"), _match(environ, "GITHUB_RUN_ATTEMPT")
    return order_attempt(int(run), int(attempt or "1")) if run else None


def order_attempt(run: int, attempt: int) -> int:
    return run * ATTEMPTS + min(attempt, ATTEMPTS - 1)


def _match(environ: Mapping[str, str], name: str) -> str:
    """Return a variable that holds a number, or nothing where it does not."""
    value = environ.get(name, "")
    return value if re.fullmatch("[0-9]{1,15}", value) else ""


def _limit_parameters(report: Report) -> Report:
    """Leave out the parameters that no server takes, rather than the run."""
    if report.lineage is None or len(report.lineage.parameters) <= MAX_PARAMETERS:
        return report
    kept = dict(sorted(report.lineage.parameters.items())[:MAX_PARAMETERS])
    return report.model_copy(update={"lineage": report.lineage.model_copy(update={"parameters": kept})})


def _adopt(report: Report, state: PullState) -> Report:
    """Return the report with what the server says, which knows of overrides and of the preview that people see.

    `PreviewError` when the preview came up here and not there.
    """
    assert report.preview is not None
    if state.preview.state == "failed" and report.preview.state == "awake":
        raise PreviewError(
            f"the server keeps the run ({state.verdict}: {state.summary}), but the preview that came up here failed"
            f" there: {state.preview.error}",
            log=state.preview.log,
        )
    preview = report.preview.model_copy(update={"address": state.preview.address})
    return report.model_copy(update={"verdict": state.verdict, "summary": state.summary, "preview": preview})
