"""Transitions: how many answers change from champion to candidate, on all rows and on each slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.evaluation import encode_groups
from greenroom_pipeline.flips import weigh_balance
from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.metrics.shares import Pairs, mcnemar_exact
from greenroom_pipeline.movements import Move, Movement
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Task
from greenroom_pipeline.slices import SliceColumn
from greenroom_pipeline.target import read_sample, read_target

MOST_MOVES = 5
Counts = NDArray[np.intp]


@dataclass(frozen=True)
class Changes:
    """The rows on which the two answer with another class; each array has one value for each of them."""

    rows: Counts
    """Their positions in the holdout."""
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    broken: NDArray[np.bool_]


def trace_movements(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    slices: Sequence[SliceColumn] = (),
    groups: ArrayLike | pd.Series[Any] | None = None,
) -> list[Movement]:
    """Return how answers move on all rows, then on each slice; nothing without a champion.

    Rows count alike, whatever their weights; *groups* of rows that are not independent count for p alone.
    """
    if champion is None:
        return []
    truth = read_target(target, task=task, candidate=candidate, champion=champion)
    ours, theirs = (read_sample(model, target=truth) for model in (candidate, champion))
    columns = [SliceColumn("", np.zeros(truth.rows, dtype=np.int16), ("",)), *slices]
    if task == "regression":
        found = [_trace_numbers(ours, theirs, column) for column in columns]
    else:
        changes = _find_changes(ours, theirs)
        coded = None if groups is None else encode_groups(groups, rows=truth.rows)
        found = [_trace_classes(changes, column, truth.classes, groups=coded) for column in columns]
    (whole,), *parts = found
    return [
        whole.model_copy(update={"column": None, "value": None}),
        *(one for part in parts for one in part),
    ]


def _find_changes(ours: Sample, theirs: Sample) -> Changes:
    rows = np.flatnonzero(ours.predicted != theirs.predicted)
    truth, before, after = ours.target[rows], theirs.predicted[rows], ours.predicted[rows]
    return Changes(rows, before.astype(np.int64), after.astype(np.int64), after == truth, before == truth)


def _trace_classes(
    changes: Changes, column: SliceColumn, classes: Sequence[str], *, groups: NDArray[np.int32] | None
) -> list[Movement]:
    many, where = len(column.values), column.codes[changes.rows]
    rows = np.bincount(column.codes, minlength=many)
    changed, fixed, broken = (
        np.bincount(part, minlength=many) for part in (where, where[changes.fixed], where[changes.broken])
    )
    p_values = (
        [mcnemar_exact(Pairs(*pair)) for pair in np.column_stack([fixed, broken, rows]).tolist()]
        if groups is None
        else _weigh_by_group(changes, column, groups)
    )
    moves = _rank_moves(changes, where, classes, many=many)
    return [
        Movement(
            column=column.column,
            value=value,
            rows=int(rows[place]),
            changed=int(changed[place]),
            fixed=int(fixed[place]),
            broken=int(broken[place]),
            p_value=p_values[place],
            moves=moves[place],
        )
        for place, value in enumerate(column.values)
    ]


def _weigh_by_group(changes: Changes, column: SliceColumn, groups: NDArray[np.int32]) -> list[float | None]:
    balance = np.zeros(column.codes.size)
    balance[changes.rows[changes.fixed]] = 1
    balance[changes.rows[changes.broken]] = -1
    return [
        weigh_balance(balance[rows], encode_groups(groups[rows], rows=rows.size)) if rows.size else None
        for rows in _split(column)
    ]


def _split(column: SliceColumn) -> Iterator[Counts]:
    """Yield the rows of each value, by one sort of the column."""
    order = np.argsort(column.codes, kind="stable")
    ends = np.searchsorted(column.codes[order], np.arange(len(column.values) + 1))
    return (order[start:end] for start, end in pairwise(ends))


def _rank_moves(
    changes: Changes, where: NDArray[np.int16], classes: Sequence[str], *, many: int
) -> list[list[Move]]:
    """Return the most frequent moves of each value, by one sort of the rows that change."""
    pairs = changes.before * len(classes) + changes.after
    keys, counts = np.unique(where * np.int64(len(classes) ** 2) + pairs, return_counts=True)
    parts, pairs = np.divmod(keys, len(classes) ** 2)
    order = np.lexsort((pairs, -counts, parts))
    ends = np.searchsorted(parts[order], np.arange(many + 1))
    return [
        [
            Move(
                before=classes[pairs[one] // len(classes)],
                after=classes[pairs[one] % len(classes)],
                rows=int(counts[one]),
            )
            for one in order[start:end][:MOST_MOVES]
        ]
        for start, end in pairwise(ends)
    ]


def _trace_numbers(ours: Sample, theirs: Sample, column: SliceColumn) -> list[Movement]:
    many = len(column.values)
    nearer = np.abs(theirs.predicted - ours.target) - np.abs(ours.predicted - ours.target)
    rows, closer, farther = (
        np.bincount(part, minlength=many)
        for part in (column.codes, column.codes[nearer > 0], column.codes[nearer < 0])
    )
    moved = np.bincount(column.codes, weights=ours.predicted - theirs.predicted, minlength=many)
    return [
        Movement(
            column=column.column,
            value=value,
            rows=int(rows[place]),
            changed=None,
            fixed=None,
            broken=None,
            shift=float(moved[place] / rows[place]) if rows[place] else None,
            closer=int(closer[place]),
            farther=int(farther[place]),
        )
        for place, value in enumerate(column.values)
    ]
