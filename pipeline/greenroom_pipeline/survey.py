"""The survey: what is observed of a candidate beyond its metrics, for the report and for checks."""

from __future__ import annotations

from greenroom_pipeline.answers import observe_answers
from greenroom_pipeline.assembly import Scores
from greenroom_pipeline.models import Model, compare_inputs
from greenroom_pipeline.observations import Observations, Size
from greenroom_pipeline.overlap import find_overlap
from greenroom_pipeline.project import Project
from greenroom_pipeline.subject import Subject


def survey_candidate(project: Project, subject: Subject, *, model: Model, scores: Scores) -> Observations:
    """Return what answers, model and data show before anything is served."""
    champion = subject.champion.model if subject.champion else None
    return _observe_answers(project, subject, scores).model_copy(
        update={
            "overlap": None if subject.training is None else find_overlap(subject.training),
            "inputs": None if champion is None else compare_inputs(model, champion),
            "size": Size(candidate=model.size, champion=None if champion is None else champion.size),
        }
    )


def _observe_answers(project: Project, subject: Subject, scores: Scores) -> Observations:
    return observe_answers(
        task=project.settings.project.task,
        target=subject.holdout.target,
        candidate=scores.candidate,
        champion=scores.champion,
        groups=subject.holdout.groups,
        weights=subject.holdout.weights,
        positive=subject.holdout.positive,
        confidence=project.settings.gate.confidence,
        seed=subject.seed,
    )
