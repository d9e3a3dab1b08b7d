"""The report put together from what the steps of a run found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from greenroom_pipeline.disagreements import find_disagreements
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.exhibits import Exhibits, draw_exhibits
from greenroom_pipeline.gate import decide
from greenroom_pipeline.models import Model
from greenroom_pipeline.movements import Movement
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import (
    CheckResult,
    Disagreement,
    Holdout,
    Lineage,
    ModelReference,
    Preview,
    Report,
    Timing,
)
from greenroom_pipeline.slices import cut_slices
from greenroom_pipeline.subject import Champion, Subject
from greenroom_pipeline.summary import summarize
from greenroom_pipeline.transitions import trace_movements


@dataclass(frozen=True)
class Scores:
    """Both models' predictions on the holdout; no champion yet is None."""

    candidate: Predictions
    champion: Predictions | None


@dataclass(frozen=True)
class Evidence:
    """What the steps of a run found of one candidate."""

    model: Model
    scores: Scores
    evaluation: Evaluation
    observed: Observations
    checks: Sequence[CheckResult]
    preview: Preview
    timings: Sequence[Timing]
    looks: int
    """How many candidates the holdout has been asked about."""


def assemble_report(
    project: Project, subject: Subject, evidence: Evidence, *, parameters: Mapping[str, str]
) -> Report:
    """Put the report together; *parameters* are those that training logged."""
    verdict, drawn = decide(evidence.checks), _draw(project, subject, evidence.scores)
    return Report(
        verdict=verdict,
        summary=summarize(verdict, evidence.checks, evidence.evaluation.metrics),
        project=project.name,
        task=project.settings.project.task,
        candidate=_refer(project, evidence.model, version=None),
        champion=_refer_champion(project, subject.champion),
        holdout=Holdout(rows=len(subject.holdout.frame), digest=subject.holdout.digest, looks=evidence.looks),
        metrics=evidence.evaluation.metrics,
        checks=list(evidence.checks),
        movements=_trace_movements(project, subject, evidence.scores),
        curves=drawn.curves,
        histograms=drawn.histograms,
        confusions=drawn.confusions,
        thresholds=drawn.thresholds,
        disagreements=_compare_rows(project, subject, evidence),
        words=subject.words,
        observations=evidence.observed,
        lineage=_trace(subject, parameters),
        preview=evidence.preview,
        timings=list(evidence.timings),
    )


def _refer(project: Project, model: Model, *, version: str | None) -> ModelReference:
    return ModelReference(
        name=project.name, version=version, digest=model.digest, run_id=model.logged.run_id, sha=model.sha
    )


def _refer_champion(project: Project, champion: Champion | None) -> ModelReference | None:
    if champion is None:
        return None
    return _refer(project, champion.model, version=champion.version.version)


def _draw(project: Project, subject: Subject, scores: Scores) -> Exhibits:
    return draw_exhibits(
        task=project.settings.project.task,
        target=subject.holdout.target,
        candidate=scores.candidate,
        champion=scores.champion,
        positive=subject.holdout.positive,
    )


def _trace_movements(project: Project, subject: Subject, scores: Scores) -> list[Movement]:
    holdout = subject.holdout
    return trace_movements(
        task=project.settings.project.task,
        target=holdout.target,
        candidate=scores.candidate,
        champion=scores.champion,
        slices=cut_slices(holdout.frame, project.settings.data.slices),
        groups=holdout.groups,
    )


def _compare_rows(project: Project, subject: Subject, evidence: Evidence) -> list[Disagreement]:
    return find_disagreements(
        task=project.settings.project.task,
        target=subject.holdout.target,
        features=subject.holdout.features(evidence.model.columns),
        candidate=evidence.scores.candidate,
        champion=evidence.scores.champion,
    )


def _trace(subject: Subject, parameters: Mapping[str, str]) -> Lineage:
    return Lineage(
        sha=subject.commit.sha,
        branch=subject.branch,
        pull=subject.pull.number if subject.pull else None,
        fingerprint=subject.fingerprint,
        parameters=dict(parameters),
    )
