"""Keeping a submission: its run, report, predictions and model version in MLflow, by what `greenroom run` uses."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from greenroom_pipeline.api.examination import Submission
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.gate import apply_overrides, decide
from greenroom_pipeline.locks import locked
from greenroom_pipeline.models import read_model
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import begin_record, complete_record, count_looks, find_overrides
from greenroom_pipeline.report import ModelReference, Report
from greenroom_pipeline.score import PREDICTIONS
from greenroom_pipeline.summary import summarize
from greenroom_pipeline.tracking import ModelVersion, RunRecord, Store
from greenroom_services.errors import BundleStale


def keep(project: Project, submission: Submission, *, fork: str = "") -> RunRecord:
    """Return the finished run of the submission, writing what of it is not written yet.

    Each step may be done again, so a try that was broken off is finished by the next one. `BundleStale` when the
    pull request or production has moved on. *fork* names the run that brought it where that is a fork's, which knows
    no champion.
    """
    # One at a time: the registry would give two first versions of a project one name.
    with locked(project.places.home / "keeping.lock"):
        return _keep(project, submission, fork=fork)


def _keep(project: Project, submission: Submission, *, fork: str) -> RunRecord:
    store = project.store
    _require_newest_commit(submission, _admit(project, submission))
    known = _find_kept(store, submission)
    if known is not None and known.tags["state"] == "finished":
        _require_newest_run(store, known)
        return known
    champion = store.champion()
    if not fork or submission.report.champion is not None:
        _require_champion(submission, champion)
    _require_candidate(submission, champion)
    origin = submission.sheet.origin
    run_id = known.id if known else begin_record(store, origin, bundle=submission.bundle.digest, fork=fork)
    # Without the tag `trained` nobody takes its model for what their own training would give.
    store.put_folder(run_id, submission.model, "model")
    _put_predictions(store, run_id, submission)
    store.log_parameters(run_id, submission.sheet.parameters)
    logged = store.logged_model(run_id)
    assert logged is not None
    assert submission.report.candidate.sha is not None
    model = read_model(logged, sha=submission.report.candidate.sha)
    report = _adopt(store, run_id, submission, champion)
    complete_record(store, run_id, report, model=model, profile=submission.profile)
    return store.record(run_id)


def _find_kept(store: Store, submission: Submission) -> RunRecord | None:
    origin = submission.sheet.origin
    found = store.records(bundle=submission.bundle.digest, sha=origin.sha, pull=str(origin.pull))
    return found[0] if found else None


def _admit(project: Project, submission: Submission) -> PullRequest:
    origin = submission.sheet.origin
    assert origin.pull is not None
    try:
        return project.forge.admit(origin.pull, branch=origin.branch, head=origin.sha)
    except RepositoryError:
        # A forge may refuse what was closed or has moved as it refuses what it never had.
        with suppress(RepositoryError):
            _require_newest_commit(submission, project.forge.pull(origin.pull))
        raise


def _require_newest_commit(submission: Submission, pull: PullRequest) -> None:
    sha = submission.sheet.origin.sha
    if pull.state != "open":
        raise BundleStale(f"pull request {pull.number} is {pull.state}; nothing of it is taken any more")
    if pull.head != sha:
        raise BundleStale(
            f"pull request {pull.number} has moved from {sha[:7]} to {pull.head[:7]}; run the newest commit"
        )


def _require_newest_run(store: Store, known: RunRecord) -> None:
    """Raise when another run of the commit came after this one, whose preview would take that one's place."""
    newest = store.records(pull=known.tags["pull"], state="finished")[0]
    if newest.id != known.id:
        raise BundleStale(
            f"commit {known.tags['sha'][:7]} has been run and handed in again since; that run stands"
        )


def _require_champion(submission: Submission, champion: ModelVersion | None) -> None:
    """Raise unless the run compared with the model in production."""
    report = submission.report
    compared = report.champion.digest if report.champion else None
    current = champion.tags.get("digest") if champion else None
    if compared != current:
        raise BundleStale(
            f"production is {_name(current)}, and the run compared with {_name(compared)}; run `greenroom run` again"
        )


def _require_candidate(submission: Submission, champion: ModelVersion | None) -> None:
    """Raise when the run is about the very version that is in production."""
    origin = submission.sheet.origin
    here = (origin.sha, str(origin.pull))
    if champion is not None and (champion.tags.get("sha"), champion.tags.get("pull")) == here:
        raise BundleStale(f"commit {origin.sha[:7]} is in production already; its record stays as it is")


def _name(digest: str | None) -> str:
    return f"model {digest[:12]}" if digest else "no model"


def _put_predictions(store: Store, run_id: str, submission: Submission) -> None:
    with tempfile.TemporaryDirectory(dir=submission.bundle.folder) as folder:
        named = Path(folder) / f"{submission.sheet.predictions}.parquet"
        named.hardlink_to(submission.predictions)
        store.put(run_id, named, PREDICTIONS)


def _adopt(store: Store, run_id: str, submission: Submission, champion: ModelVersion | None) -> Report:
    """Return the report with what only the server knows: its own runs and versions, looks and overrides."""
    report, origin = submission.report, submission.sheet.origin
    checks = apply_overrides(report.checks, find_overrides(store, origin))
    verdict = decide(checks)
    looks = count_looks(store, run_id, holdout=origin.holdout, digest=report.candidate.digest)
    assert report.preview is not None
    overridden = checks != report.checks
    return report.model_copy(
        update={
            "verdict": verdict,
            "summary": summarize(verdict, checks, report.metrics) if overridden else report.summary,
            "checks": checks,
            "candidate": report.candidate.model_copy(update={"run_id": run_id, "version": None}),
            "champion": _adopt_champion(report.champion, champion),
            "holdout": report.holdout.model_copy(update={"looks": looks}),
            "preview": report.preview.model_copy(update={"address": None}),
        }
    )


def _adopt_champion(said: ModelReference | None, champion: ModelVersion | None) -> ModelReference | None:
    if said is None or champion is None:
        return None
    return said.model_copy(
        update={
            "version": champion.version,
            "run_id": champion.run_id,
            "sha": champion.tags.get("trained_at"),
        }
    )
