"""The gate on many rows, beside a paired bootstrap around scikit-learn's metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, roc_auc_score

from benchmarks.results import Result, compare, judge
from greenroom_pipeline.checks.check import Case as GateCase
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.gate import run_gate
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.settings import GateRule, GateTable

RESAMPLES = 1_000
TIMED = {10_000: RESAMPLES, 100_000: 20, 1_000_000: 5}
"""Rows, and how many resamples are timed to estimate a thousand: each is the same work. All at the least."""
AGREEMENT_ROWS = 10_000
AGREEMENT_RESAMPLES = 2_000
"""So many that the bootstrap's own ends stray by less than 2 % of the width."""
TARGET = 1 / 500
AGREEMENT_TARGET = 0.05
CONFIDENCE = 0.95
CLASSES = ("0", "1")

Answers = NDArray[np.float64]
"""(n,) one model's probabilities of class 1."""
Score = Callable[[NDArray[np.int64], Answers], float]
METRICS: dict[str, Score] = {
    "roc_auc": roc_auc_score,
    "log_loss": log_loss,
    "brier": brier_score_loss,
    "accuracy": lambda target, answers: float(accuracy_score(target, answers > 0.5)),
    "f1": lambda target, answers: float(f1_score(target, answers > 0.5)),
}


@dataclass(frozen=True)
class Case:
    """What two models answered to the same n rows."""

    target: NDArray[np.int64]
    candidate: Answers
    champion: Answers


def bench_gate(runs: int) -> list[Result]:
    """Measure the gate on each size, and how near its interval ends are to the bootstrap's."""
    rows = [_compare_times(rows, timed=timed, runs=runs) for rows, timed in TIMED.items()]
    return [*rows, _compare_ends()]


def make_case(rows: int, *, seed: int = 7) -> Case:
    """Return two models that see the truth through noise, most of which they share."""
    random = np.random.default_rng(seed)
    truth, shared = random.normal(size=rows) - 1, random.normal(size=rows)
    target = (truth + random.logistic(size=rows) > 0).astype(np.int64)
    seen = [truth + 0.5 * shared + spread * random.normal(size=rows) for spread in (0.2, 0.3)]
    candidate, champion = (1 / (1 + np.exp(-each)) for each in seen)
    return Case(target, candidate, champion)


def evaluate_case(case: Case) -> Evaluation:
    """Evaluate and gate the case as `greenroom run` does."""
    rules = [GateRule(metric=name, max_loss=0.01) for name in METRICS]
    evaluation = evaluate(
        task="binary",
        target=case.target,
        candidate=_predict(case.candidate),
        champion=_predict(case.champion),
        metrics=list(METRICS),
        confidence=CONFIDENCE,
    )
    run_gate(GateTable(check=rules), GateCase(evaluation), PREDICTION_CHECKS)
    return evaluation


def bootstrap(case: Case, *, resamples: int, seed: int = 11) -> dict[str, NDArray[np.float64]]:
    """Return, for each metric, the (resamples,) differences candidate − champion on rows drawn anew."""
    random, rows = np.random.default_rng(seed), case.target.size
    found = {name: np.empty(resamples) for name in METRICS}
    for resample in range(resamples):
        drawn = random.integers(rows, size=rows)
        target, candidate, champion = case.target[drawn], case.candidate[drawn], case.champion[drawn]
        for name, score in METRICS.items():
            found[name][resample] = score(target, candidate) - score(target, champion)
    return found


def _compare_times(rows: int, *, timed: int, runs: int) -> Result:
    case = make_case(rows)
    evaluate_case(make_case(1_000))
    ours = [_time(lambda: evaluate_case(case)) for _ in range(runs)]
    theirs = _time(lambda: bootstrap(case, resamples=timed)) / timed * RESAMPLES
    how = "run in full" if timed == RESAMPLES else f"estimated from {timed} resamples"
    bootstrapped = f"paired bootstrap of {RESAMPLES:,}, {how}"
    target = TARGET if rows == max(TIMED) else None
    return compare(f"gate: {rows:,} rows, five metrics : {bootstrapped}", ours, [theirs], target=target)


def _compare_ends() -> Result:
    """Compare interval ends; the ratio is the worst distance in widths of the bootstrap's interval."""
    case = make_case(AGREEMENT_ROWS)
    drawn, evaluation = bootstrap(case, resamples=AGREEMENT_RESAMPLES), evaluate_case(case)
    worst = 0.0
    for result in evaluation.metrics:
        assert result.interval is not None
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(drawn[result.metric], [tail, 1 - tail])
        distance = max(abs(result.interval[0] - low), abs(result.interval[1] - high))
        worst = max(worst, float(distance / (high - low)))
    compared = f"{AGREEMENT_ROWS:,} rows, {AGREEMENT_RESAMPLES:,} resamples"
    return judge(
        f"gate: distance from the bootstrap's interval ends, in widths ({compared})",
        worst,
        target=AGREEMENT_TARGET,
        runs=1,
    )


def _predict(answers: Answers) -> Predictions:
    labels = np.where(answers > 0.5, "1", "0")
    return Predictions(labels, np.column_stack([1 - answers, answers]), CLASSES)


def _time(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
