"""The drift of a candidate's columns: the files of training rows held against the holdout's."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.drift import Drift
from greenroom_pipeline.drifting import Independent, weigh_columns
from greenroom_pipeline.overlap import Training
from greenroom_pipeline.report import Task
from greenroom_pipeline.row_samples import Drawn, draw_rows, pair_column, pair_text, pick_one_each
from greenroom_pipeline.settings import DataTable

MOST_COLUMNS = 1_000


def find_drift(
    training: Training,
    data: DataTable,
    *,
    columns: Sequence[str],
    task: Task,
    train_rows: int,
    rows: int,
    seed: int,
) -> Drift | None:
    """Hold the target and *columns*, which the model takes, against the holdout's; None where none is in both.

    Rows of one group are not independent: where both sides say it, one row of each group judges what is chance.
    """
    names = [name for name in dict.fromkeys([data.target, *columns]) if name in training.forms][:MOST_COLUMNS]
    if not names:
        return None
    group = data.group if data.group in training.forms else None
    read = names if group is None else list(dict.fromkeys([*names, group]))
    before = draw_rows(training.files, read, rows=train_rows, seed=seed)
    after = draw_rows([training.holdout], read, rows=rows, seed=seed + 1)
    labels = set() if task == "regression" else {data.target}
    paired = (
        pair_text(name, before, after)
        if name in labels
        else pair_column(name, before, after, form=training.forms[name])
        for name in names
    )
    return Drift(
        train_rows=train_rows,
        rows=rows,
        columns=weigh_columns(paired, _pick(before, after, group, seed=seed)),
        tested=len(names),
        by_group=None if data.group is None else group is not None,
    )


def _pick(before: Drawn, after: Drawn, group: str | None, *, seed: int) -> Independent | None:
    if group is None:
        return None
    return Independent(
        pick_one_each(before.read(group), seed=seed), pick_one_each(after.read(group), seed=seed + 1)
    )
