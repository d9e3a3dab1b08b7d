"""Histograms, confusion and thresholds: exact counts, in few numbers however many the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from greenroom_pipeline.exhibits import Exhibits, draw_exhibits
from greenroom_pipeline.predictions import Predictions, as_labels

RNG = np.random.default_rng(5)
LATE = RNG.random(4_000) < 0.3
SCORES: dict[str, Any] = {
    "candidate": np.clip(RNG.normal(0.3 + 0.2 * LATE, 0.2), 0, 1),
    # Two decimals in 32 bits: many of them are thresholds themselves.
    "champion": np.round(RNG.random(4_000), 2).astype(np.float32),
}


def classify(scores: Any) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


@pytest.fixture(scope="module")
def binary() -> Exhibits:
    candidate, champion = (classify(scores) for scores in SCORES.values())
    return draw_exhibits(task="binary", target=LATE, candidate=candidate, champion=champion)


def test_thresholds_are_counted_exactly(binary: Exhibits) -> None:
    """At each of 101 thresholds the counts are those of "says so from there on", a score on it included."""
    assert [each.model for each in binary.thresholds] == ["candidate", "champion"]
    for counted in binary.thresholds:
        scores = SCORES[counted.model]
        assert (counted.label, counted.positives, counted.negatives) == ("1", LATE.sum(), (~LATE).sum())
        assert counted.thresholds == [step / 100 for step in range(101)]
        for place, threshold in enumerate(counted.thresholds):
            # NumPy compares in the scores' own bits.
            _, wrong, _, right = confusion_matrix(LATE, scores >= threshold).ravel()
            assert (counted.true_positives[place], counted.false_positives[place]) == (right, wrong)


def test_scores_are_counted_by_true_class(binary: Exhibits) -> None:
    """Each model's probabilities have a histogram of 20 bins for the rows of each class."""
    assert [(each.model, each.label, each.of) for each in binary.histograms] == [
        (model, "1", of) for model in ("candidate", "champion") for of in ("0", "1")
    ]
    for histogram in binary.histograms:
        rows = LATE if histogram.of == "1" else ~LATE
        expected, _ = np.histogram(SCORES[histogram.model][rows], bins=histogram.edges)
        assert histogram.edges == [step / 20 for step in range(21)]
        assert histogram.counts == expected.tolist()
        assert sum(histogram.counts) == rows.sum()


def test_the_positive_class_may_be_the_first() -> None:
    """Thresholds and histograms follow the class that the settings call positive."""
    drawn = draw_exhibits(
        task="binary", target=LATE, candidate=classify(SCORES["candidate"]), champion=None, positive="0"
    )

    (counted,) = drawn.thresholds
    assert (counted.label, counted.positives) == ("0", (~LATE).sum())
    assert counted.true_positives[60] == ((1 - SCORES["candidate"] >= 0.6) & ~LATE).sum()
    assert {each.label for each in drawn.histograms} == {"0"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from("abcd")] * 3), max_size=60))
def test_confusion_is_that_of_scikit_learn(rows: list[tuple[str, str, str]]) -> None:
    """Rows by true and predicted class, also where a model says a class that no row is of."""
    known = [(name, name, name) for name in "abc"]
    true, ours, theirs = (np.array(column) for column in zip(*known, *rows, strict=True))
    drawn = draw_exhibits(
        task="multiclass", target=true, candidate=Predictions(ours), champion=Predictions(theirs)
    )

    for confusion, said in zip(drawn.confusions, (ours, theirs), strict=True):
        assert confusion.classes == sorted({*true, *ours, *theirs})
        assert confusion.counts == confusion_matrix(true, said, labels=confusion.classes).tolist()
    assert drawn.thresholds == []


def test_rare_classes_are_joined() -> None:
    """Of 40 classes the twelve most frequent are told apart, in the target's order; no row is lost."""
    rng = np.random.default_rng(6)
    names = np.array([f"class {place:02}" for place in range(40)])
    weights = np.where(np.arange(40) % 3 == 0, 20.0, 1.0)
    true, said = (names[rng.choice(40, 9_000, p=weights / weights.sum())] for _ in "ab")
    drawn = draw_exhibits(
        task="multiclass", target=true, candidate=Predictions(said), champion=Predictions(true)
    )
    ours, theirs = drawn.confusions

    assert ours.classes == theirs.classes
    assert (len(ours.classes), ours.classes[-1]) == (13, "(others)")
    assert ours.classes[:-1] == sorted(ours.classes[:-1])
    assert set(ours.classes[:-1]) < set(names[::3])
    assert np.sum(ours.counts) == 9_000
    first = ours.classes[0]
    assert ours.counts[0][-1] == ((true == first) & ~np.isin(said, ours.classes)).sum()
    assert np.trace(theirs.counts) == 9_000


def test_residuals_of_both_share_bins_without_the_tails() -> None:
    """One absurd residual does not squeeze the others into a bin; both models are counted in the same bins."""
    rng = np.random.default_rng(7)
    actual = rng.normal(50, 10, 10_000)
    ours, theirs = actual + rng.normal(0, 1, 10_000), actual + rng.normal(1, 2, 10_000)
    ours[17] = 1e12
    drawn = draw_exhibits(
        task="regression", target=actual, candidate=Predictions(ours), champion=Predictions(theirs)
    )
    first, second = drawn.histograms

    assert (first.kind, first.label, first.of, len(first.counts)) == ("residuals", None, None, 30)
    assert first.edges == second.edges
    assert -8 < first.edges[0] < first.edges[-1] < 10
    assert sum(first.counts) + sum(second.counts) == pytest.approx(20_000 * 0.99, abs=2)
    assert second.counts == np.histogram(theirs - actual, bins=first.edges)[0].tolist()


@pytest.mark.parametrize("offset", [0.0, 3.0, 1e17, -1e139])
def test_equal_residuals_are_in_one_bin(offset: float) -> None:
    """A model that is always off by the same, or never, has bins that rise and hold all its rows."""
    actual = np.zeros(200)
    (histogram,) = draw_exhibits(
        task="regression", target=actual, candidate=Predictions(actual + offset), champion=None
    ).histograms

    assert (np.diff(histogram.edges) > 0).all()
    assert sorted(histogram.counts)[-2:] == [0, 200]


def test_labels_alone_have_confusion_alone() -> None:
    """Without probabilities there is no histogram and no threshold to choose."""
    labels = Predictions(np.array(["0", "1"] * 2))
    drawn = draw_exhibits(task="binary", target=[0, 1, 1, 0], candidate=labels, champion=None)

    assert (drawn.curves, drawn.histograms, drawn.thresholds) == ([], [], [])
    assert drawn.confusions[0].counts == [[1, 1], [1, 1]]


@pytest.mark.parametrize("rows", [300, 30_000])
def test_size_does_not_grow_with_the_rows(rows: int) -> None:
    """A hundred times the rows of 30 classes are drawn in the same handful of numbers."""
    rng = np.random.default_rng(8)
    names = tuple(f"c{place}" for place in range(30))
    true = np.array(names)[rng.integers(0, 30, rows)]
    answers = Predictions(true, rng.dirichlet([1] * 30, rows), names)
    drawn = draw_exhibits(task="multiclass", target=true, candidate=answers, champion=answers)

    assert len(drawn.curves) == len(drawn.histograms) * 3 / 2 == 8 * 2 * 3
    assert sum(len(curve.points) for curve in drawn.curves) <= 8 * 2 * (200 + 200 + 10)
