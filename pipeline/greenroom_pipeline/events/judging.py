"""Judging a fork's candidate where production is known: its predictions are data, and the rules are the server's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd

from greenroom_pipeline.api.examination import Submission
from greenroom_pipeline.assembly import Evidence, Scores, assemble_report
from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.checks.foreign_evidence import ForeignEvidence
from greenroom_pipeline.checks.preview_answers import PreviewAnswers
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS, PROJECT_CHECKS
from greenroom_pipeline.checks.serving_latency import ServingLatency
from greenroom_pipeline.errors import DataError, ScoringError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.gate import choose_metrics, run_gate
from greenroom_pipeline.holdout import Holdout, read_holdout
from greenroom_pipeline.models import Model, read_model
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.predictions import Predictions, from_frame, validate
from greenroom_pipeline.project import Project
from greenroom_pipeline.report import CheckResult, Preview, Report
from greenroom_pipeline.repository import Commit
from greenroom_pipeline.revision import conclude_anew
from greenroom_pipeline.score import PREDICTIONS, begin_name, recorded_predictions
from greenroom_pipeline.settings import GateTable, Settings
from greenroom_pipeline.slices import cut_slices
from greenroom_pipeline.subject import Champion, Subject, find_champion
from greenroom_pipeline.survey import survey_candidate
from greenroom_pipeline.tracking import LoggedModel
from greenroom_pipeline.vocabulary import read_words
from greenroom_pipeline.wording import join_names

WAITING = "it waits for a maintainer's word on this commit"


def judge_fork(project: Project, pull: PullRequest, submission: Submission) -> Submission:
    """Return the submission with a report by the server's rules, or its own with the reason why there is none.

    `DataError` or `ScoringError` when its model or predictions are none that can be compared at all.
    """
    champion = find_champion(project.store)
    holdout = _find_holdout(project, submission)
    if holdout is None:
        return _leave_open(project, submission, "its holdout is not the one of this server's checkout")
    theirs = None if champion is None else _find_answers(project, champion, holdout)
    if champion is not None and theirs is None:
        return _leave_open(project, submission, "production was never scored on its holdout here")
    ours = _read(project, submission, holdout)
    subject = _make_subject(project, pull, submission, holdout, champion)
    origin = submission.sheet.origin.model_copy(update={"evidence": subject.evidence})
    return replace(
        submission,
        report=_judge(project, subject, submission, Scores(ours, theirs)),
        sheet=submission.sheet.model_copy(update={"origin": origin}),
    )


def _find_holdout(project: Project, submission: Submission) -> Holdout | None:
    """Return the holdout of the server's checkout when it is the one that the fork has scored, byte for byte."""
    data, task = project.settings.data, project.settings.project.task
    try:
        found = read_holdout(project.repository.root, data, task=task)
    except DataError:
        return None
    same = found.digest == submission.report.holdout.digest and task == submission.report.task
    return found if same else None


def _find_answers(project: Project, champion: Champion, holdout: Holdout) -> Predictions | None:
    """Return what production was scored with on the holdout, by this version of Greenroom or an earlier one."""
    store, task, run_id = project.store, project.settings.project.task, champion.model.logged.run_id
    known = recorded_predictions(champion.model, holdout, task=task, store=store)
    names = [name for name in store.names(run_id, PREDICTIONS) if name.startswith(begin_name(holdout.digest))]
    if known is not None or not names:
        return known
    path = store.get(run_id, f"{PREDICTIONS}/{names[-1]}")
    try:
        return None if path is None else from_frame(pd.read_parquet(path), task=task)
    except (OSError, ValueError, ScoringError):
        return None


def _read(project: Project, submission: Submission, holdout: Holdout) -> Predictions:
    task = project.settings.project.task
    found = from_frame(pd.read_parquet(submission.predictions), task=task, model="the candidate")
    validate(found, rows=len(holdout.frame), task=task, model="the candidate")
    return found


def _make_subject(
    project: Project,
    pull: PullRequest,
    submission: Submission,
    holdout: Holdout,
    champion: Champion | None,
) -> Subject:
    origin = submission.sheet.origin
    parts = [
        version("greenroom"),
        submission.bundle.digest,
        holdout.digest,
        project.settings.model_dump_json(),
        champion.model.digest if champion else "",
    ]
    return Subject(
        commit=Commit(origin.sha, origin.subject, origin.author, datetime.fromtimestamp(0, UTC)),
        branch=origin.branch,
        pull=pull,
        fingerprint=origin.fingerprint,
        holdout=holdout,
        training=None,
        champion=champion,
        evidence=hashlib.sha256("\0".join(parts).encode()).hexdigest(),
        words=read_words(project.settings.words, holdout),
    )


def _judge(project: Project, subject: Subject, submission: Submission, scores: Scores) -> Report:
    report, settings = submission.report, project.settings
    assert report.candidate.sha is not None
    assert report.lineage is not None
    model = read_model(LoggedModel("", "", submission.model), sha=report.candidate.sha)
    gate, own = _leave_out_own(settings)
    evaluation = _evaluate(settings, gate, subject, scores)
    foreign = f"{join_names(own)} of its own metrics would have to be measured by its code" if own else ""
    observed = _survey(project, subject, submission, model, scores)
    case = Case(evaluation, observed, _hold(submission), foreign=foreign, words=subject.words)
    checks = run_gate(gate, case, (*PREDICTION_CHECKS, *PROJECT_CHECKS)) + _test_later(gate, case)
    assert case.preview is not None
    evidence = Evidence(
        model, scores, evaluation, case.observed, checks, case.preview, report.timings, looks=1
    )
    return assemble_report(project, subject, evidence, parameters=report.lineage.parameters)


def _leave_out_own(settings: Settings) -> tuple[GateTable, list[str]]:
    """Return the gate without the rules that only code of the fork could measure, and those rules' metrics."""
    own = {each.name for each in settings.metric}
    rules = [rule for rule in settings.gate.check if rule.metric not in own]
    named = sorted({rule.metric for rule in settings.gate.check} & own)
    return settings.gate.model_copy(update={"check": rules}), named


def _evaluate(settings: Settings, gate: GateTable, subject: Subject, scores: Scores) -> Evaluation:
    holdout = subject.holdout
    return evaluate(
        task=settings.project.task,
        target=holdout.target,
        candidate=scores.candidate,
        champion=scores.champion,
        metrics=choose_metrics(gate, task=settings.project.task),
        slices=cut_slices(holdout.frame, settings.data.slices),
        groups=holdout.groups,
        weights=holdout.weights,
        seed=subject.seed,
        confidence=gate.confidence,
        positive=holdout.positive,
        min_rows=gate.min_rows,
        min_class_rows=gate.min_class_rows,
    )


def _survey(
    project: Project, subject: Subject, submission: Submission, model: Model, scores: Scores
) -> Observations:
    """Observe what can be observed here; of its training data and its seeds there is the fork's word alone."""
    said = submission.report.observations
    found = survey_candidate(project, subject, model=model, scores=scores)
    return found.model_copy(update={"overlap": said.overlap, "retraining": said.retraining})


def _hold(submission: Submission) -> Preview:
    assert submission.report.preview is not None
    return submission.report.preview.model_copy(update={"state": "stopped", "address": None, "log": WAITING})


def _test_later(gate: GateTable, case: Case) -> list[CheckResult]:
    """Return what is said of a candidate's service that has not been started."""
    answers = run_gate(gate, case, [PreviewAnswers()])
    timed = (
        [] if gate.latency is None else [conclude(ServingLatency(), "not_tested", f"Not timed: {WAITING}.")]
    )
    return answers + timed


def _leave_open(project: Project, submission: Submission, why: str) -> Submission:
    """Return the submission with its own report, whose verdict is inconclusive at best."""
    report, gate = submission.report, project.settings.gate
    nothing = Evaluation(report.task, has_champion=False, findings=())
    case = Case(nothing, preview=_hold(submission), foreign=why)
    redone = run_gate(gate, case, [ForeignEvidence()]) + _test_later(gate, case)
    codes = {each.code for each in redone}
    checks = [each for each in report.checks if each.code not in codes] + redone
    held = report.model_copy(update={"preview": case.preview})
    return replace(submission, report=conclude_anew(held, checks))
