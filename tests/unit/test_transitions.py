"""Transitions: what changes for whom, against counting row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.metrics.shares import Pairs, count_pairs, mcnemar_exact
from greenroom_pipeline.movements import Movement
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import Task
from greenroom_pipeline.slices import SliceColumn
from greenroom_pipeline.target import read_sample, read_target
from greenroom_pipeline.transitions import MOST_MOVES, trace_movements

CLASSES = ("a", "b", "c")
VALUES = ("HA", "UA", "DL")


@dataclass(frozen=True)
class Rows:
    """A small holdout: truth, both answers, and a slice of each row."""

    truth: list[str]
    candidate: list[str]
    champion: list[str]
    places: list[int]

    @property
    def slices(self) -> list[SliceColumn]:
        return [SliceColumn("carrier", np.array(self.places, dtype=np.int16), VALUES)]


@st.composite
def draw_rows(draw: st.DrawFn) -> Rows:
    size = draw(st.integers(2, 40))
    label = st.sampled_from(CLASSES)
    texts = [draw(st.lists(label, min_size=size, max_size=size)) for _ in range(3)]
    # Each class occurs, as a holdout's must.
    truth = [*CLASSES, *texts[0]]
    candidate, champion = ([*CLASSES, *each] for each in texts[1:])
    places = draw(st.lists(st.integers(0, 2), min_size=size + 3, max_size=size + 3))
    return Rows(truth, candidate, champion, places)


def answer(labels: list[str]) -> Predictions:
    return Predictions(as_labels(np.array(labels, dtype=object)))


def trace(rows: Rows, *, groups: list[int] | None = None, task: Task = "multiclass") -> list[Movement]:
    return trace_movements(
        task=task,
        target=np.array(rows.truth, dtype=object),
        candidate=answer(rows.candidate),
        champion=answer(rows.champion),
        slices=rows.slices,
        groups=None if groups is None else np.array(groups),
    )


def count_by_hand(rows: Rows, place: int | None) -> tuple[int, int, int, int, Counter[tuple[str, str]]]:
    found = [
        (truth, after, before)
        for truth, after, before, where in zip(
            rows.truth, rows.candidate, rows.champion, rows.places, strict=True
        )
        if place in (None, where)
    ]
    moves = Counter((before, after) for _, after, before in found if before != after)
    fixed = sum(after == truth != before for truth, after, before in found)
    broken = sum(before == truth != after for truth, after, before in found)
    return len(found), sum(moves.values()), fixed, broken, moves


@settings(max_examples=40, deadline=None)
@given(draw_rows())
def test_counts_are_those_of_every_single_row(rows: Rows) -> None:
    """On all rows and on each slice, what is counted is what counting row by row gives."""
    found = trace(rows)

    assert [(one.column, one.value) for one in found] == [
        (None, None),
        *(("carrier", value) for value in VALUES),
    ]
    for one, place in zip(found, (None, 0, 1, 2), strict=True):
        *counts, moves = count_by_hand(rows, place)
        assert [one.rows, one.changed, one.fixed, one.broken] == counts
        assert len(one.moves) == min(len(moves), MOST_MOVES)
        assert all(moves[each.before, each.after] == each.rows for each in one.moves)
        shown = [each.rows for each in one.moves]
        assert shown == sorted(moves.values(), reverse=True)[:MOST_MOVES]
        assert one.p_value == pytest.approx(mcnemar_exact(Pairs(counts[2], counts[3], counts[0])))


@settings(max_examples=40, deadline=None)
@given(draw_rows())
def test_swapping_the_models_swaps_what_they_mend(rows: Rows) -> None:
    """With the models exchanged, fixed and broken change places and every move turns round."""
    turned = trace(Rows(rows.truth, rows.champion, rows.candidate, rows.places))
    for one, other in zip(trace(rows), turned, strict=True):
        assert (one.rows, one.changed) == (other.rows, other.changed)
        assert (one.fixed, one.broken) == (other.broken, other.fixed)
        assert one.p_value == other.p_value
        assert sorted(each.rows for each in one.moves) == sorted(each.rows for each in other.moves)


@settings(max_examples=40, deadline=None)
@given(draw_rows())
def test_flips_are_those_of_the_metrics(rows: Rows) -> None:
    """What is fixed and broken overall is what accuracy's own comparison counts."""
    whole = trace(rows)[0]
    models = answer(rows.candidate), answer(rows.champion)
    truth = read_target(
        np.array(rows.truth, dtype=object), task="multiclass", candidate=models[0], champion=models[1]
    )
    pairs = count_pairs(METRICS["accuracy"], *(read_sample(model, target=truth) for model in models))

    assert (whole.fixed, whole.broken) == (pairs.gained, pairs.lost)


def test_rows_of_one_group_tell_less() -> None:
    """Flips that all come from one day are no sign of harm, however many they are."""
    rows = Rows(["a", "b"] * 60, ["a", "b"] * 40 + ["b", "a"] * 20, ["a", "b"] * 60, [0] * 120)
    apart, together = (
        trace(rows, task="binary"),
        trace(rows, groups=[*range(80), *([80] * 40)], task="binary"),
    )

    assert apart[0].p_value == pytest.approx(0, abs=1e-6)
    assert together[0].p_value is not None
    assert together[0].p_value > 0.05
    assert together[1].p_value == pytest.approx(together[0].p_value)
    assert together[2].p_value is None


def test_numbers_move_up_and_closer() -> None:
    """For numbers, it is told how far they move on average, and for how many rows they get nearer the truth."""
    found = trace_movements(
        task="regression",
        target=np.array([1.0, 2.0, 3.0, 4.0]),
        candidate=Predictions(np.array([1.0, 2.5, 5.0, 4.0])),
        champion=Predictions(np.array([2.0, 2.5, 4.0, 4.5])),
        slices=[SliceColumn("origin", np.array([0, 0, 1, 1], dtype=np.int16), ("JFK", "LGA"))],
    )

    assert [(one.value, one.shift, one.closer, one.farther, one.changed) for one in found] == [
        (None, -0.125, 2, 1, None),
        ("JFK", -0.5, 1, 0, None),
        ("LGA", 0.25, 1, 1, None),
    ]


def test_without_a_champion_nothing_moves() -> None:
    """A first model changes nothing for anybody."""
    assert (
        trace_movements(task="binary", target=["0", "1"], candidate=answer(["0", "1"]), champion=None) == []
    )
