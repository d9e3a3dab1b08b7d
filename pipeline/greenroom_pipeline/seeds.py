"""Seeds: the candidate's commit trained again, each time with another seed, and held against the champion."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom_pipeline.assembly import Scores
from greenroom_pipeline.candidate import train_candidate
from greenroom_pipeline.errors import GreenroomError, TrainingError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.gate import choose_metrics
from greenroom_pipeline.models import Model, read_model
from greenroom_pipeline.observations import Retraining
from greenroom_pipeline.own_metrics import define_metrics
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.project import Project
from greenroom_pipeline.retraining import compare_seeds
from greenroom_pipeline.score import score
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.subject import Subject


def train_seeds(
    project: Project, subject: Subject, *, environ: Mapping[str, str], wrote: Callable[[str], None]
) -> list[Model]:
    """Return the models of seeds 1, 2, … of `train.seeds`, those that are there already untrained."""
    known = find_retrained(project, subject)
    return [
        known[seed] if seed in known else _train(project, subject, seed, environ=environ, wrote=wrote)
        for seed in range(1, project.settings.train.seeds)
    ]


def find_retrained(project: Project, subject: Subject) -> dict[int, Model]:
    """Return the newest model of each seed that was trained with this fingerprint and is there still."""
    found: dict[int, Model] = {}
    for record in reversed(project.store.retrainings(subject.fingerprint)):
        logged = project.store.logged_model(record.id)
        if logged is not None and logged.path.exists():
            found[int(record.tags["seed"])] = read_model(logged, sha=record.tags["trained_at"])
    return found


def _train(
    project: Project, subject: Subject, seed: int, *, environ: Mapping[str, str], wrote: Callable[[str], None]
) -> Model:
    store, sha = project.store, subject.commit.sha
    # Without the tag `sha` it is no candidate of anybody's, and no list shows it.
    tags = {"seed": str(seed), "seed_of": subject.fingerprint, "trained_at": sha}
    run_id = store.begin(f"seed {seed} of {sha[:7]}", tags)
    try:
        model = train_candidate(project, subject, run_id, environ=environ, wrote=wrote, seed=seed)
    except BaseException as error:
        store.end(run_id, failed=True)
        if isinstance(error, GreenroomError):
            raise TrainingError(f"with GREENROOM_SEED={seed}, {error}", log=error.log) from error
        raise
    store.end(run_id)
    return model


def observe_seeds(
    project: Project, subject: Subject, *, own: Evaluation, models: list[Model], champion: Predictions | None
) -> list[Retraining]:
    """Score each of *models* as the candidate was, and set their metrics beside its *own*."""
    others = [
        _evaluate(project, subject, Scores(_score(project, subject, model, seed=seed), champion))
        for seed, model in enumerate(models, start=1)
    ]
    return compare_seeds([own, *others], metrics=_ruled(project.settings))


def _score(project: Project, subject: Subject, model: Model, *, seed: int) -> Predictions:
    task, who = project.settings.project.task, f"the candidate of seed {seed}"
    return score(model, subject.holdout, task=task, store=project.store, places=project.places, who=who)[0]


def _evaluate(project: Project, subject: Subject, scores: Scores) -> Evaluation:
    task, names = project.settings.project.task, _ruled(project.settings)
    own = define_metrics(project.settings)
    return evaluate(
        task=task,
        target=subject.holdout.target,
        candidate=scores.candidate,
        champion=scores.champion,
        metrics=[
            metric
            for metric in choose_metrics(project.settings.gate, task=task, own=own)
            if metric.name in names
        ],
        groups=subject.holdout.groups,
        weights=subject.holdout.weights,
        seed=subject.seed,
        confidence=project.settings.gate.confidence,
        positive=subject.holdout.positive,
    )


def _ruled(settings: Settings) -> list[str]:
    """Return the built-in metrics that a loss is judged by, each once."""
    own = define_metrics(settings)
    ruled = dict.fromkeys(rule.metric for rule in settings.gate.check if rule.max_loss is not None)
    return [name for name in ruled if name not in own]
