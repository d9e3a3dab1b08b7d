"""The loop for one commit: train, score, evaluate, gate, package, preview, report."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom_pipeline.assembly import Evidence, Scores, assemble_report
from greenroom_pipeline.candidate import find_trained, require_another_model, train_candidate
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS, PROJECT_CHECKS, SERVING_CHECKS
from greenroom_pipeline.errors import GreenroomError, PreviewError
from greenroom_pipeline.evaluation import evaluate
from greenroom_pipeline.gate import apply_overrides, choose_metrics, run_gate
from greenroom_pipeline.holdouts import keep_holdout
from greenroom_pipeline.known import Known, find_known
from greenroom_pipeline.metrics.own import Own
from greenroom_pipeline.models import Model
from greenroom_pipeline.own_metrics import define_metrics, measure_own
from greenroom_pipeline.packaging import Package, package_model, profile_holdout
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.progress import Progress, Steps
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import (
    begin_record,
    complete_record,
    count_looks,
    fail_record,
    find_overrides,
    inherit_parameters,
)
from greenroom_pipeline.report import CheckResult, Preview, Report, Task
from greenroom_pipeline.rows import PREDICTED, Role
from greenroom_pipeline.score import model_environment, name_predictions, score
from greenroom_pipeline.seeds import observe_seeds, train_seeds
from greenroom_pipeline.serving import Served, serve_and_time, serve_candidate
from greenroom_pipeline.slices import SliceColumn, cut_slices
from greenroom_pipeline.subject import Subject, identify
from greenroom_pipeline.survey import survey_candidate


@dataclass(frozen=True)
class RunResult:
    report: Report
    run_id: str
    trained: bool
    """False when the model was there already and the training command did not run."""
    recorded: bool
    """True when the same evidence had a verdict already, and this is that verdict."""
    subject: Subject
    model: Model
    package: Package


@dataclass(frozen=True)
class Run:
    """One commit on its way through the loop, with the record that is kept of it."""

    project: Project
    subject: Subject
    id: str
    steps: Steps

    @property
    def task(self) -> Task:
        return self.project.settings.project.task


def run_loop(project: Project, progress: Progress, environ: Mapping[str, str] = os.environ) -> RunResult:
    """Take the checked-out commit through the loop, or return what is recorded of the same evidence.

    A `GreenroomError` on the way leaves a failed run with its step, reason and log, and registers nothing.
    """
    steps = Steps(progress)
    with steps.step("fingerprint") as step:
        subject = identify(project)
        step.note = f"{subject.fingerprint[:12]} at commit {subject.commit.sha[:7]}"
    keep_holdout(
        project.places, project.repository.root / project.settings.data.holdout, digest=subject.holdout.digest
    )
    known = find_known(project, subject)
    if known is not None:
        return _repeat(project, subject, known, steps)
    run = Run(project, subject, begin_record(project.store, subject.origin), steps)
    try:
        return _complete(run, environ)
    except GreenroomError as error:
        fail_record(project.store, run.id, steps.current, error)
        raise
    except Exception as defect:
        fail_record(
            project.store, run.id, steps.current, GreenroomError(f"a defect of Greenroom: {defect!r}")
        )
        raise
    except BaseException:
        fail_record(project.store, run.id, steps.current, GreenroomError("stopped before it had ended"))
        raise


def _complete(run: Run, environ: Mapping[str, str]) -> RunResult:
    model, trained = _train(run, environ)
    scores = _score(run, model)
    case = _evaluate(run, model, scores)
    looks = count_looks(run.project.store, run.id, holdout=run.subject.holdout.digest, digest=model.digest)
    case = _retrain(run, case, scores, environ)
    checks = _gate(run, case)
    package = _package(run, model)
    served = _serve(run, package)
    observed = case.observed.model_copy(update={"latency": served.latency})
    case = replace(case, observed=observed, preview=served.preview)
    checks += run_gate(run.project.settings.gate, case, SERVING_CHECKS)
    checks = apply_overrides(checks, find_overrides(run.project.store, run.subject.origin))
    with run.steps.step("report") as step:
        report = assemble_report(
            run.project,
            run.subject,
            Evidence(
                model,
                scores,
                case.evaluation,
                case.observed,
                checks,
                served.preview,
                run.steps.timings,
                looks,
            ),
            parameters=inherit_parameters(run.project.store, run.id, model),
        )
        complete_record(run.project.store, run.id, report, model=model, profile=package.profile)
        step.note = f"run {run.id[:12]}"
    return RunResult(
        report, run.id, trained=trained, recorded=False, subject=run.subject, model=model, package=package
    )


def _repeat(project: Project, subject: Subject, known: Known, steps: Steps) -> RunResult:
    """Return the recorded verdict of the same evidence, with its preview running again and where it is now."""
    run_id = known.recorded.record.id
    with steps.step("train") as step:
        step.cached = True
        step.note = f"nothing changed since run {run_id[:12]}: its model and verdict stand"
    with steps.step("preview") as step:
        step.cached = True
        package = package_model(project, known.model, known.profile)
        preview = serve_candidate(project, subject, package)
        step.note = _say_where(preview)
        if preview.state == "failed":
            raise PreviewError(f"the preview in slot {subject.slot} does not come up again", log=preview.log)
    return RunResult(
        known.recorded.report.model_copy(update={"preview": preview}),
        run_id,
        trained=False,
        recorded=True,
        subject=subject,
        model=known.model,
        package=package,
    )


def _train(run: Run, environ: Mapping[str, str]) -> tuple[Model, bool]:
    with run.steps.step("train") as step:
        model = find_trained(run.project.store, run.subject.fingerprint)
        if model is not None:
            step.cached = True
            step.note = f"same fingerprint as commit {model.sha[:7]}: its model is used"
            return model, False
        model = train_candidate(
            run.project, run.subject, run.id, environ=environ, wrote=run.steps.progress.wrote
        )
        step.note = f"model {model.label}"
        return model, True


def _score(run: Run, model: Model) -> Scores:
    subject, champion = run.subject, run.subject.champion
    with run.steps.step("score") as step:
        require_another_model(run.project.store, subject, model)
        candidate, known = _score_model(run, model, who="candidate")
        if champion is None:
            step.cached = known
            step.note = f"{len(subject.holdout.frame):,} rows; there is no champion yet"
            return Scores(candidate, None)
        other, other_known = _score_model(run, champion.model, who="champion")
        step.cached = known and other_known
        step.note = (
            f"{len(subject.holdout.frame):,} rows{', the champion from its record' if other_known else ''}"
        )
        return Scores(candidate, other)


def _score_model(run: Run, model: Model, *, who: Role) -> tuple[Predictions, bool]:
    store, holdout = run.project.store, run.subject.holdout
    found = score(model, holdout, task=run.task, store=store, places=run.project.places, who=f"the {who}")
    store.tag(run.id, {PREDICTED[who]: name_predictions(model, holdout)})
    return found


def _evaluate(run: Run, model: Model, scores: Scores) -> Case:
    settings, holdout = run.project.settings, run.subject.holdout
    slices = cut_slices(holdout.frame, settings.data.slices)
    with run.steps.step("evaluate") as step:
        own = _measure_own(run, model, scores, slices)
        evaluation = evaluate(
            task=run.task,
            target=holdout.target,
            candidate=scores.candidate,
            champion=scores.champion,
            metrics=choose_metrics(settings.gate, task=run.task, own=define_metrics(settings)),
            own=own,
            slices=slices,
            groups=holdout.groups,
            weights=holdout.weights,
            seed=run.subject.seed,
            confidence=settings.gate.confidence,
            positive=holdout.positive,
            min_rows=settings.gate.min_rows,
            min_class_rows=settings.gate.min_class_rows,
        )
        observed = survey_candidate(run.project, run.subject, model=model, scores=scores)
        step.note = f"{len(evaluation.metrics)} values"
        own_names = frozenset(each.metric.name for each in own)
        return Case(evaluation, observed, own=own_names, words=run.subject.words)


def _measure_own(run: Run, model: Model, scores: Scores, slices: Sequence[SliceColumn]) -> list[Own]:
    """Ask the project's own functions, which see both models' predictions in the candidate's environment."""
    if not run.project.settings.metric:
        return []
    return measure_own(
        run.project.settings,
        repository=run.project.repository,
        environment=model_environment(model, run.project.places, who="the candidate"),
        holdout=run.subject.holdout,
        candidate=scores.candidate,
        champion=scores.champion,
        slices=slices,
        seed=run.subject.seed,
        scratch=run.project.places.scratch,
    )


def _retrain(run: Run, case: Case, scores: Scores, environ: Mapping[str, str]) -> Case:
    """Train with other seeds too, where the settings ask for it."""
    seeds = run.project.settings.train.seeds
    if seeds == 1:
        return case
    with run.steps.step("retrain") as step:
        models = train_seeds(run.project, run.subject, environ=environ, wrote=run.steps.progress.wrote)
        found = observe_seeds(
            run.project, run.subject, own=case.evaluation, models=models, champion=scores.champion
        )
        step.note = f"{seeds} seeds, the candidate's own included"
        return replace(case, observed=case.observed.model_copy(update={"retraining": found}))


def _gate(run: Run, case: Case) -> list[CheckResult]:
    with run.steps.step("gate") as step:
        checks = run_gate(run.project.settings.gate, case, (*PREDICTION_CHECKS, *PROJECT_CHECKS))
        outcomes = Counter(check.outcome for check in checks)
        step.note = ", ".join(f"{many} {outcome.replace('_', ' ')}" for outcome, many in outcomes.items())
        return checks


def _package(run: Run, model: Model) -> Package:
    with run.steps.step("package") as step:
        profile = profile_holdout(run.subject.holdout, model, task=run.task)
        package = package_model(run.project, model, profile)
        step.note = package.bento.tag
        return package


def _serve(run: Run, package: Package) -> Served:
    with run.steps.step("preview") as step:
        served = serve_and_time(run.project, run.subject, package)
        step.note = _say_where(served.preview)
        return served


def _say_where(preview: Preview) -> str:
    if preview.state == "failed":
        return "failed"
    if preview.state == "stopped":
        return preview.log
    return preview.address or "it answers; `greenroom serve` gives it a link"
