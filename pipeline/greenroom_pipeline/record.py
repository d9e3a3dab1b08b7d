"""The record of a run in MLflow: begun, completed or failed, and found again."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from greenroom_pipeline.errors import GreenroomError, StoreError
from greenroom_pipeline.models import Model
from greenroom_pipeline.origin import Origin
from greenroom_pipeline.profile import FeatureProfile
from greenroom_pipeline.report import MetricResult, Override, Report, from_json, main_result, to_json
from greenroom_pipeline.tracking import ModelVersion, RunRecord, Store
from greenroom_pipeline.wording import count

REPORT = "report.json"
PROFILE = "profile.json"
LOG = "failure.log"


@dataclass(frozen=True)
class Recorded:
    """A run that completed, with its report."""

    record: RunRecord
    report: Report


def begin_record(store: Store, origin: Origin, **further: str) -> str:
    """Start a run that says which commit it is about, and return its id; *further* tags it, too."""
    about = {
        "state": "running",
        "sha": origin.sha,
        "subject": origin.subject,
        "author": origin.author,
        "branch": origin.branch or "",
        "pull": _name_pull(origin.pull),
        "title": origin.title,
        "fingerprint": origin.fingerprint,
        "holdout": origin.holdout,
        "evidence": origin.evidence,
    }
    return store.begin(f"{origin.branch or 'detached'} {origin.sha[:7]}", about | further)


def complete_record(
    store: Store, run_id: str, report: Report, *, model: Model, profile: FeatureProfile
) -> ModelVersion:
    """Store the report and register the candidate; the run counts as finished only after all of it."""
    store.put_text(run_id, to_json(report), REPORT)
    store.put_text(run_id, profile.model_dump_json(indent=2), PROFILE)
    store.log_metrics(run_id, _overall(report))
    assert report.preview is not None
    assert report.lineage is not None
    version = store.register(
        model.logged,
        {
            "digest": model.digest,
            "sha": report.lineage.sha,
            "trained_at": model.sha,
            "bento": report.preview.bento,
            "run": run_id,
            "pull": _name_pull(report.lineage.pull),
            "verdict": report.verdict,
        },
    )
    store.tag(
        run_id,
        {
            "state": "finished",
            "verdict": report.verdict,
            "summary": report.summary,
            "digest": model.digest,
            "version": version.version,
            "main_result": _write_main(report),
        },
    )
    store.end(run_id)
    return version


def find_overrides(store: Store, origin: Origin) -> dict[str, Override]:
    """Return what people have overridden on this evidence, by check: it holds when the loop has to run again."""
    for record in find_same(store, origin):
        report = read_report(store, record.id)
        found = {check.code: check.override for check in report.checks if check.override} if report else {}
        if found:
            return found
    return {}


def counts_for(record: RunRecord, pull: int | None) -> bool:
    """Say whether a run counts for a pull request; None stands for a commit without one.

    What came in a bundle counts for its own alone: whoever handed it in may write there and nowhere else.
    """
    return "bundle" not in record.tags or record.tags.get("pull") == _name_pull(pull)


def find_newest(store: Store, pull: int, *, sha: str) -> RunRecord | None:
    """Return the newest run of a commit that counts for a pull request."""
    return next((each for each in store.records(sha=sha) if counts_for(each, pull)), None)


def find_finished(store: Store, pull: int, *, sha: str) -> RunRecord | None:
    """Return the newest finished run of a commit that counts for a pull request."""
    return next((each for each in store.records(sha=sha, state="finished") if counts_for(each, pull)), None)


def find_same(store: Store, origin: Origin) -> list[RunRecord]:
    """Return what completed on the same evidence, newest first.

    A bundle itself says what its evidence is; so the commit, which is verified, must be the same as well.
    """
    found = store.records(evidence=origin.evidence, sha=origin.sha, state="finished")
    return [each for each in found if counts_for(each, origin.pull)]


def revise_report(store: Store, record: RunRecord, report: Report) -> None:
    """Store a report whose checks someone has overridden, in the place of the one before."""
    store.put_text(record.id, to_json(report), REPORT)
    store.tag(record.id, {"verdict": report.verdict, "summary": report.summary})
    store.tag_version(record.tags["version"], {"verdict": report.verdict})


def count_looks(store: Store, run_id: str, *, holdout: str, digest: str) -> int:
    """Note that a candidate was measured on a holdout, and return how many have been.

    The same model counts once, however often it is looked at: its verdict says nothing new.
    """
    store.tag(run_id, {"looked": digest})
    looks = {record.tags.get("looked") for record in store.records(holdout=holdout)}
    return len(looks - {None} | {digest})


def inherit_parameters(store: Store, run_id: str, model: Model) -> dict[str, str]:
    """Return what training logged as parameters, and give them to the run where another one trained."""
    parameters = dict(store.record(model.logged.run_id).parameters)
    if model.logged.run_id != run_id:
        store.log_parameters(run_id, parameters)
        store.tag(run_id, {"trained_by": model.logged.run_id})
    return parameters


def fail_record(store: Store, run_id: str, step: str, error: GreenroomError) -> None:
    """Say in the run which step failed and why, with the log of the process that failed."""
    store.put_text(run_id, error.log or str(error), LOG)
    store.tag(run_id, {"state": "failed", "step": step, "reason": str(error)})
    store.end(run_id, failed=True)


def find_recorded(store: Store, origin: Origin) -> Recorded | None:
    """Return what was recorded of the same evidence, or None.

    A preview that did not come up is no evidence: the machine may have been busy, and it is tried again.
    """
    for record in find_same(store, origin):
        report = read_report(store, record.id)
        if report is not None and report.preview is not None and report.preview.state == "awake":
            return Recorded(record, report)
    return None


def read_report(store: Store, run_id: str) -> Report | None:
    """Return a run's report; `StoreError` when it is none that this version of Greenroom reads."""
    path = store.get(run_id, REPORT)
    if path is None:
        return None
    try:
        return from_json(path.read_bytes())
    except ValidationError as error:
        raise StoreError(f"the report of run {run_id} {_explain_unreadable(error)}") from error


def _explain_unreadable(error: ValidationError) -> str:
    """Say why a report cannot be read: a later version counts its schema up, or adds keys."""
    problems = error.errors(include_url=False, include_context=False)
    schema = next((each["input"] for each in problems if each["loc"] == ("schema",)), 1)
    if isinstance(schema, int) and schema > 1:
        return f"was written by a newer Greenroom (schema {schema}); update this one to read it"
    unknown = next((each["loc"][-1] for each in problems if each["type"] == "extra_forbidden"), None)
    if unknown is not None:
        return f"was written by a newer Greenroom, which knows {unknown!r:.60}; update this one to read it"
    differences = count(error.error_count(), "difference")
    return f"is not of this version's schema ({differences}); run `greenroom run` on its commit again"


def read_main(record: RunRecord) -> MetricResult | None:
    """Return the one number that matters, which lists show without reading a report; None where there is none."""
    try:
        return MetricResult.model_validate_json(record.tags.get("main_result", ""))
    except ValidationError:
        return None


def _write_main(report: Report) -> str:
    main = main_result(report)
    return main.model_dump_json() if main else ""


def read_profile(store: Store, run_id: str) -> FeatureProfile | None:
    """Return what a run's model takes; `StoreError` when it is nothing that this version of Greenroom reads."""
    path = store.get(run_id, PROFILE)
    if path is None:
        return None
    try:
        return FeatureProfile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StoreError(f"the feature profile of run {run_id} {_explain_unreadable(error)}") from error


def read_failure(store: Store, run_id: str) -> str:
    path = store.get(run_id, LOG)
    return "" if path is None else path.read_text()


def _name_pull(pull: int | None) -> str:
    return "" if pull is None else str(pull)


def _overall(report: Report) -> dict[str, float]:
    """Return the overall metrics under names that the project's own cannot collide with."""
    values: dict[str, float] = {}
    for result in report.metrics:
        if result.slice is None and result.candidate is not None:
            values[f"greenroom.{result.metric}"] = result.candidate
        if result.slice is None and result.difference is not None:
            values[f"greenroom.{result.metric}.difference"] = result.difference
    return values
