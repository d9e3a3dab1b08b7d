"""`greenroom compare`: the gate alone, on a table of two models' predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.answers import observe_answers
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.exhibits import draw_exhibits
from greenroom_pipeline.gate import decide, run_gate
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.outline import is_judged, tell_unjudged
from greenroom_pipeline.question import Question, choose_metrics, make_gate, require_sense, tell_held
from greenroom_pipeline.reading import ModelReading, Reading, read_question
from greenroom_pipeline.report import CheckResult, Holdout, ModelReference, Report
from greenroom_pipeline.settings import GateRule
from greenroom_pipeline.summary import summarize


@dataclass(frozen=True)
class Answer:
    """The report, the rules that it was judged by, and a sentence on each thing that was guessed."""

    report: Report
    rules: list[GateRule]
    notes: list[str]
    reading: Reading


def compare_table(question: Question) -> Answer:
    """Evaluate, gate and report; a `GreenroomError` says in one line what cannot be used."""
    require_sense(question)
    reading = read_question(question)
    metrics = choose_metrics(question, task=reading.task, kind=reading.kind)
    gate = make_gate(question, metrics)
    evaluation, observed = _evaluate(question, reading, metrics)
    checks = run_gate(gate, Case(evaluation, observed), PREDICTION_CHECKS)
    report = _assemble(question, reading, evaluation, observed, checks)
    notes = [*reading.notes, *tell_held(question, metrics), *_tell_undefined(evaluation)]
    return Answer(report, gate.check, notes, reading)


def draw_report(answer: Answer) -> Report:
    """Return the report with what is drawn of it, for faces that draw: it takes a sort of each model's answers."""
    reading = answer.reading
    drawn = draw_exhibits(
        task=reading.task,
        target=reading.target,
        candidate=reading.candidate.predictions,
        champion=reading.champion.predictions if reading.champion else None,
        positive=reading.positive,
    )
    return answer.report.model_copy(update=vars(drawn))


def _evaluate(
    question: Question, reading: Reading, metrics: Sequence[Metric]
) -> tuple[Evaluation, Observations]:
    candidate = reading.candidate.predictions
    champion = reading.champion.predictions if reading.champion else None
    seed = _seed(reading)
    evaluation = evaluate(
        task=reading.task,
        target=reading.target,
        candidate=candidate,
        champion=champion,
        metrics=metrics,
        slices=reading.slices,
        groups=reading.groups,
        weights=reading.weights,
        confidence=question.confidence,
        positive=reading.positive,
        min_rows=question.min_rows,
        seed=seed,
    )
    observed = observe_answers(
        task=reading.task,
        target=reading.target,
        candidate=candidate,
        champion=champion,
        groups=reading.groups,
        weights=reading.weights,
        positive=reading.positive,
        confidence=question.confidence,
        seed=seed,
    )
    return evaluation, observed


def _seed(reading: Reading) -> int:
    """Return a number that follows from the evidence alone: the same table draws the same rows anew."""
    champion = reading.champion.digest if reading.champion else "none"
    evidence = "\0".join([reading.digest, reading.candidate.digest, champion])
    return int(hashlib.sha256(evidence.encode()).hexdigest()[:15], 16)


def _assemble(
    question: Question,
    reading: Reading,
    evaluation: Evaluation,
    observed: Observations,
    checks: Sequence[CheckResult],
) -> Report:
    verdict = decide(checks)
    summary = (
        summarize(verdict, checks, evaluation.metrics)
        if is_judged(checks)
        else tell_unjudged(evaluation.metrics)
    )
    return Report(
        verdict=verdict,
        summary=summary,
        project=question.table.stem,
        task=reading.task,
        candidate=_refer(reading.candidate),
        champion=_refer(reading.champion) if reading.champion else None,
        holdout=Holdout(rows=len(reading.target), digest=reading.digest),
        metrics=evaluation.metrics,
        checks=list(checks),
        observations=observed,
    )


def _refer(model: ModelReading) -> ModelReference:
    return ModelReference(name=model.name, digest=model.digest, run_id=None, sha=None)


def _tell_undefined(evaluation: Evaluation) -> list[str]:
    return [
        f"{finding.result.title}: {finding.reason}."
        for finding in evaluation.findings
        if finding.result.slice is None and finding.reason is not None
    ]
