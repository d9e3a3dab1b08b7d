"""Desks whose reports hold what charts are drawn from, as the pipeline draws it of made-up models."""

from __future__ import annotations

from typing import Any

import numpy as np

from greenroom_pipeline.exhibits import draw_exhibits
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import Task
from greenroom_pipeline.words import Words
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, passing, regression

WORDS = Words(row="flight", rows="flights", classes={"0": "on-time", "1": "late"})


def binary() -> MemoryDesk:
    """Two models of late flights, one a little better than the other; people's words for all."""
    late, candidate, champion = _answer_binary(rows=4_000)
    return _draw(passing(), "binary", late, candidate, champion, words=WORDS)


def first_model() -> MemoryDesk:
    late, candidate, _ = _answer_binary(rows=500)
    return _draw(passing(), "binary", late, candidate, None)


def many_classes() -> MemoryDesk:
    """Thirty classes, of which the charts tell twelve apart and join the rest."""
    rng = np.random.default_rng(12)
    names = tuple(f"destination {place:02}" for place in range(30))
    weights = 1 / np.arange(1, 31)
    codes = rng.choice(30, 4_000, p=weights / weights.sum())
    candidate, champion = (_lean(codes, names, rng, by=by) for by in (3.0, 2.5))
    return _draw(passing(), "multiclass", np.array(names)[codes], candidate, champion)


def numbers() -> MemoryDesk:
    rng = np.random.default_rng(13)
    actual = rng.gamma(2.0, 20.0, 5_000)
    candidate = 4 + 0.9 * actual + rng.normal(0, 8, actual.size)
    candidate[0] = 400
    champion = 12 + 0.75 * actual + rng.normal(0, 10, actual.size)
    return _draw(regression(), "regression", actual, Predictions(candidate), Predictions(champion))


def hostile() -> MemoryDesk:
    """Classes named badly, two of them alike but for what is cut off."""
    late, candidate, champion = _answer_binary(rows=500)
    names = (HOSTILE + "a", HOSTILE + "b")
    renamed = [Predictions(_name(each.values), each.probabilities, names) for each in (candidate, champion)]
    words = Words(row=HOSTILE[:60], rows=HOSTILE[:60], classes={})
    return _draw(passing(), "binary", _name(late), *renamed, words=words)


def _name(labels: Any) -> Any:
    return np.where(np.asarray(labels).astype(str) == "1", HOSTILE + "b", HOSTILE + "a").astype(object)


def _draw(
    desk: MemoryDesk,
    task: Task,
    target: Any,
    candidate: Predictions,
    champion: Predictions | None,
    *,
    words: Words | None = None,
) -> MemoryDesk:
    drawn = draw_exhibits(task=task, target=target, candidate=candidate, champion=champion)
    holdout = desk.reports[7].holdout.model_copy(update={"rows": len(target)})
    parts = {**vars(drawn), "task": task, "words": words or Words(), "holdout": holdout}
    desk.reports[7] = desk.reports[7].model_copy(update=parts)
    return desk


def _answer_binary(*, rows: int) -> tuple[Any, Predictions, Predictions]:
    rng = np.random.default_rng(11)
    chance = rng.beta(1.2, 4, rows)
    late = (rng.random(rows) < chance).astype(int)
    logit = np.log(chance / (1 - chance))
    scores = (
        1 / (1 + np.exp(-(slope * logit + rng.normal(0, noise, rows))))
        for slope, noise in ((0.9, 0.5), (0.7, 0.9))
    )
    candidate, champion = (
        Predictions(as_labels((score > 0.5).astype(int)), np.column_stack([1 - score, score]), ("0", "1"))
        for score in scores
    )
    return late, candidate, champion


def _lean(codes: Any, names: tuple[str, ...], rng: np.random.Generator, *, by: float) -> Predictions:
    weights = np.exp(rng.normal(0, 1, (codes.size, len(names))) + by * np.eye(len(names))[codes])
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return Predictions(np.array(names)[probabilities.argmax(axis=1)], probabilities, names)
