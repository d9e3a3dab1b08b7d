"""Keeping a submission: its run, report, predictions and model version in MLflow, by what `greenroom run` uses."""

from __future__ import annotations

import tempfile
from pathlib import Path

from greenroom_pipeline.api.examination import Submission
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.gate import apply_overrides, decide
from greenroom_pipeline.models import read_model
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import begin_record, complete_record, count_looks, find_overrides
from greenroom_pipeline.report import ModelReference, Report
from greenroom_pipeline.score import PREDICTIONS
from greenroom_pipeline.summary import summarize
from greenroom_pipeline.tracking import ModelVersion, RunRecord, Store
from greenroom_services.errors import BundleStale


def keep(project: Project, submission: Submission) -> RunRecord:
    """Return the finished run of the submission, writing what of it is not written yet.

    Each step may be done again, so a try that was broken off is finished by the next one. `BundleStale` when the
    pull request or production has moved on.
    """
    store = project.store
    known = _find_kept(store, submission)
    if known is not None and known.tags["state"] == "finished":
        return known
    champion = store.champion()
    _require_current(submission, champion, pull=_admit(project, submission))
    origin = submission.sheet.origin
    run_id = known.id if known else begin_record(store, origin, bundle=submission.bundle.digest)
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
    return project.forge.admit(origin.pull, branch=origin.branch, head=origin.sha)


def _require_current(submission: Submission, champion: ModelVersion | None, *, pull: PullRequest) -> None:
    origin, report = submission.sheet.origin, submission.report
    if pull.state != "open":
        raise BundleStale(f"pull request {pull.number} is {pull.state}; nothing of it is taken any more")
    if pull.head != origin.sha:
        raise BundleStale(
            f"pull request {pull.number} has moved from {origin.sha[:7]} to {pull.head[:7]}; run the newest commit"
        )
    compared = report.champion.digest if report.champion else None
    current = champion.tags.get("digest") if champion else None
    if compared != current:
        raise BundleStale(
            f"production is {_name(current)}, and the run compared with {_name(compared)}; run `greenroom run` again"
        )
    if champion is not None and (champion.tags.get("sha"), champion.tags.get("pull")) == (
        origin.sha,
        str(origin.pull),
    ):
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
