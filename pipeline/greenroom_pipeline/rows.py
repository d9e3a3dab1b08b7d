"""The whole holdout behind a report, row by row, as files that are queried and not read whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from greenroom_pipeline.desk import Rows
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.exploration import Terms
from greenroom_pipeline.holdouts import find_holdout
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import Report
from greenroom_pipeline.score import PREDICTIONS, begin_name
from greenroom_pipeline.subject import start_seed
from greenroom_pipeline.tracking import RunRecord, Store

Role = Literal["candidate", "champion"]
PREDICTED: dict[Role, str] = {"candidate": "candidate_predictions", "champion": "champion_predictions"}
"""Tags of a run: the files of both models' predictions that it measured."""


def find_rows(project: Project, record: RunRecord) -> Rows | None:
    """Return the files behind a run's report; None where the holdout or predictions are not on this machine."""
    report = read_report(project.store, record.id)
    if report is None:
        return None
    path = project.repository.root / project.settings.data.holdout
    holdout = find_holdout(project.places, path, digest=report.holdout.digest)
    if holdout is None:
        return None
    candidate = _find_predictions(project.store, record, report, "candidate")
    champion = _find_predictions(project.store, record, report, "champion") if report.champion else None
    if candidate is None or (report.champion is not None and champion is None):
        return None
    return Rows(holdout=holdout, candidate=candidate, champion=champion)


def read_terms(project: Project, record: RunRecord, *, features: Sequence[str]) -> Terms:
    """Return how the run's report was measured; *features* are the columns that its models take."""
    report = read_report(project.store, record.id)
    if report is None:
        raise StoreError(f"run {record.id[:12]} has no report yet; wait until it has ended")
    data, gate = project.settings.data, project.settings.gate
    overall = {result.metric: result for result in report.metrics if result.slice is None}
    return Terms(
        task=report.task,
        metrics=tuple(name for name in overall if name in METRICS),
        confidence=report.metrics[0].confidence if report.metrics else gate.confidence,
        target=data.target,
        features=tuple(features),
        positive=data.positive,
        group=data.group,
        weight=data.weight,
        min_rows=gate.min_rows,
        min_class_rows=gate.min_class_rows,
        seed=start_seed(record.tags["evidence"]),
        left_out=tuple(result.title for name, result in overall.items() if name not in METRICS),
    )


def _find_predictions(store: Store, record: RunRecord, report: Report, model: Role) -> Path | None:
    """Return the file that the run noted, or else the one that the model's run has for this holdout."""
    reference = report.candidate if model == "candidate" else report.champion
    if reference is None or reference.run_id is None:
        return None
    noted = record.tags.get(PREDICTED[model])
    found = store.get(reference.run_id, noted) if noted else None
    if found is not None:
        return found
    begin = begin_name(report.holdout.digest)
    names = [name for name in store.names(reference.run_id, PREDICTIONS) if name.startswith(begin)]
    return store.get(reference.run_id, f"{PREDICTIONS}/{names[-1]}") if names else None
