"""Drift of columns: published numbers, false alarms at the rate that is promised, and files of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline import row_samples
from greenroom_pipeline.drift import ColumnDrift, Drift
from greenroom_pipeline.drifting import LEAST_EFFECT, SIGNIFICANCE, Column, Independent, weigh_columns
from greenroom_pipeline.overlap import open_training
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import DataTable
from greenroom_pipeline.training_drift import find_drift
from greenroom_pipeline.two_samples import (
    OTHERS,
    Categories,
    compare_counts,
    compare_numbers,
    count_categories,
    join_rare,
    measure_counts,
    measure_numbers,
)

Columns = dict[str, Any]


def numbers(name: str, before: Any, after: Any) -> Column:
    return Column(name, "number", pd.Series(before, dtype=float), pd.Series(after, dtype=float))


def texts(name: str, before: Any, after: Any) -> Column:
    return Column(name, "category", pd.Series(before, dtype=object), pd.Series(after, dtype=object))


def weigh(*columns: Column) -> list[ColumnDrift]:
    return weigh_columns(columns, None)


# The tests themselves


def test_kolmogorov_smirnov_of_the_reference() -> None:
    """1 2 3 4 against 3 4 5 6 are half apart, with an exact p of .7714286; the order does not matter."""
    first, second = np.array([4.0, 2, 1, 3]), np.array([3.0, 6, 5, 4])

    assert measure_numbers(first, second) == 0.5
    assert compare_numbers(first, second) == pytest.approx(0.7714286, abs=1e-7)


def test_a_new_category_is_no_proof_of_drift() -> None:
    """One row of an unseen category has the two-sample p .606, not the 0 of a test that takes training for truth."""
    counts = np.array([[500, 500, 0], [500, 499, 1]])

    assert compare_counts(counts) == pytest.approx(0.606, abs=5e-4)


def test_jensen_shannon_of_the_reference() -> None:
    """(1, 0) against (.5, .5) are .4645014 apart, by counts of any size."""
    assert measure_counts(np.array([[30, 0], [200, 200]])) == pytest.approx(0.4645014, abs=1e-7)


def test_missing_numbers_are_less_than_any() -> None:
    """A share of missing numbers that grows is a difference, also where the numbers stay as they are."""
    before, after = np.arange(100.0), np.concatenate([np.full(50, np.nan), np.arange(0.0, 100, 2)])

    assert measure_numbers(before, after) == 0.5
    assert compare_numbers(before, after) < 1e-6
    assert measure_numbers(np.full(5, np.nan), np.full(7, np.nan)) == 0


def test_missing_categories_are_one() -> None:
    """What is missing counts as a category of its own."""
    found = count_categories(pd.Series(["a", None, "a"]), pd.Series(["a", "b", np.nan], dtype=object))

    assert dict(zip(found.names, found.counts.T.tolist(), strict=True)) == {
        "a": [2, 1],
        "(missing)": [1, 1],
        "b": [0, 1],
    }


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=30).filter(
        lambda pairs: all(map(sum, zip(*pairs, strict=True)))
    )
)
@settings(max_examples=80, deadline=None)
def test_rare_categories_are_joined_without_losing_a_row(pairs: list[tuple[int, int]]) -> None:
    """Every row stays counted, the test holds for what is left, and exchanging the sides exchanges the counts."""
    sides = [
        pd.Series([str(place) for place, pair in enumerate(pairs) for _ in range(pair[side])], dtype=object)
        for side in (0, 1)
    ]
    found, turned = (join_rare(count_categories(*each)) for each in (sides, sides[::-1]))
    expected = found.counts.sum(axis=0) * min(map(len, sides)) / sum(map(len, sides))

    assert found.counts.sum(axis=1).tolist() == [len(side) for side in sides]
    assert found.counts.shape[1] == 1 or expected.min() >= 5
    assert sorted(found.counts.T.tolist()) == sorted(turned.counts[::-1].T.tolist())
    assert compare_counts(found.counts) == pytest.approx(compare_counts(turned.counts))


def test_ids_are_no_drift() -> None:
    """A column of values that occur once says nothing: all of them are rare, on both sides."""
    (found,) = weigh(texts("id", [f"a{n}" for n in range(500)], [f"b{n}" for n in range(500)]))

    assert (found.drifted, found.effect, found.p_value) == (False, 0, 1)
    assert found.before == f"{OTHERS}: 100 %"


# What is said of columns


def test_p_values_are_corrected_over_the_columns() -> None:
    """What one column alone would prove, one of forty does not."""
    rng = np.random.default_rng(11)
    shifted = numbers("shifted", rng.normal(size=60), rng.normal(0.5, size=60))
    others = [numbers(f"same {n}", rng.normal(size=60), rng.normal(size=60)) for n in range(39)]
    (alone,) = weigh(shifted)
    among = next(each for each in weigh(shifted, *others) if each.column == "shifted")

    assert 0.0005 < alone.p_value < 0.03
    assert (alone.drifted, among.drifted) == (True, False)
    assert alone.p_value < among.p_value <= 40 * alone.p_value


def test_drift_needs_size_and_significance() -> None:
    """Many rows make a small difference significant, and few rows make a large one by chance: neither is drift."""
    rng = np.random.default_rng(5)
    many = numbers("many", rng.normal(size=50_000), rng.normal(0.1, size=50_000))
    few = numbers("few", np.arange(1, 12) / 10, np.arange(4, 15) / 10)
    real = numbers("real", rng.normal(size=500), rng.normal(0.5, size=500))
    found = {each.column: each for each in weigh(few, many, real)}

    assert (found["many"].drifted, found["few"].drifted, found["real"].drifted) == (False, False, True)
    assert found["many"].p_value < SIGNIFICANCE
    assert found["few"].effect > LEAST_EFFECT
    assert next(iter(found)) == "real"


def test_columns_are_told_in_words() -> None:
    """Numbers by their middle, times as times, categories by the shares that moved most, and what is missing."""
    days = (
        pd.Series(pd.date_range("2013-01-01", periods=101))
        .astype("datetime64[us]")
        .astype("int64")
        .astype(float)
    )
    told = {
        each.column: (each.kind, each.before, each.after)
        for each in weigh(
            numbers("distance", np.arange(0, 1010, 10), [*np.arange(0, 2020, 20), np.nan]),
            Column("day", "time", days, days + 86_400_000_000 * 365),
            texts("carrier", ["UA"] * 50 + ["HA"] * 50, ["UA"] * 90 + ["HA"] * 10),
            numbers("weekend", [0.0] * 50 + [1.0] * 50, [0.0] * 100),
            numbers("empty", [np.nan] * 30, [np.nan] * 30),
        )
    }

    assert told["distance"] == (
        "number",
        "median 500, middle half 250 to 750",
        "median 1,000, middle half 500 to 1,500, 0.98 % missing",
    )
    assert told["day"][1] == "median 2013-02-20 00:00, middle half 2013-01-26 00:00 to 2013-03-17 00:00"
    assert told["carrier"] == ("category", "UA: 50 %, HA: 50 %", "UA: 90 %, HA: 10 %")
    assert told["weekend"][::2] == ("category", "0: 100 %, 1: 0 %")
    assert told["empty"] == ("category", "(missing): 100 %", "(missing): 100 %")


def test_what_a_report_holds_of_drift_is_bounded() -> None:
    """Names and values of any length and columns of any number leave a report small."""
    long = "x" * 2_000
    columns = [texts(f"{long}{n}", [long] * 30 + ["b"] * 30, ["b"] * 60) for n in range(210)]
    found = weigh(*columns)

    assert len(found) == 200
    assert len(Drift(train_rows=60, rows=60, columns=found).model_dump_json()) < 200_000


# How often it is wrong


TRIES = 400
RARE = [0.4, 0.3, 0.15, 0.1, 0.03, 0.015, 0.004, 0.001]


def bound(tries: int) -> float:
    """Three standard deviations above a share of 5 % among so many tries."""
    return 0.05 + 3 * float(np.sqrt(0.05 * 0.95 / tries))


@pytest.mark.parametrize("rows", [50, 500])
@pytest.mark.parametrize("kind", ["numbers", "ties", "categories"])
def test_false_alarms_stay_at_the_promised_rate(rows: int, kind: str) -> None:
    """Without drift each test is below .05 at most 5 % of the time, but for the simulation's own noise."""
    rng = np.random.default_rng(rows)
    tests = {
        "numbers": lambda: compare_numbers(rng.normal(size=rows), rng.normal(size=2 * rows)),
        "ties": lambda: compare_numbers(*(rng.poisson(30, size=n).astype(float) for n in (rows, 2 * rows))),
        "categories": lambda: compare_counts(
            join_rare(
                Categories([""] * 8, np.array([rng.multinomial(n, RARE) for n in (rows, 2 * rows)]))
            ).counts
        ),
    }
    alarms = [tests[kind]() < SIGNIFICANCE for _ in range(TRIES)]

    assert np.mean(alarms) <= bound(TRIES)


@pytest.mark.parametrize("rows", [50, 500])
def test_a_table_without_drift_raises_no_alarm(rows: int) -> None:
    """Of tables of five columns without drift at most one in twenty has any that drifted."""
    rng, tries = np.random.default_rng(rows), 100
    alarms = [
        weigh(*(numbers(str(n), rng.normal(size=rows), rng.normal(size=rows)) for n in range(5)))[0].drifted
        for _ in range(tries)
    ]

    assert np.mean(alarms) <= bound(tries)


def test_rows_of_one_group_are_not_counted_for_many() -> None:
    """Days that differ from each other are no drift: one row of each judges it. Row by row they would be."""
    rng = np.random.default_rng(2)
    alarms = {"rows": 0, "groups": 0}
    for _ in range(60):
        weather = rng.normal(size=40).repeat(25) + rng.normal(0, 0.1, size=1000)
        column = numbers("wind", weather[:500], weather[500:])
        each = Independent(np.arange(0, 500, 25), np.arange(0, 500, 25))
        alarms["rows"] += weigh_columns([column], None)[0].drifted
        alarms["groups"] += weigh_columns([column], each)[0].drifted

    assert alarms["rows"] > 30
    assert alarms["groups"] / 60 <= bound(60)


# Files


def find(
    folder: Path,
    holdout: Columns | str,
    *files: Columns | str,
    group: str | None = None,
    task: Task = "binary",
) -> Drift | None:
    names = [_write(folder, place, content) for place, content in enumerate((holdout, *files))]
    data = DataTable(holdout=names[0], target="y", train=names[1:], group=group)
    training = open_training(folder, data)
    assert training is not None
    columns = list(training.holdout.columns)
    counts = [_count(folder / name) for name in names]
    return find_drift(
        training, data, columns=columns, task=task, train_rows=sum(counts[1:]), rows=counts[0], seed=7
    )


def _write(folder: Path, place: int, content: Columns | str) -> str:
    if isinstance(content, str):
        (folder / f"{place}.csv").write_text(content)
        return f"{place}.csv"
    pq.write_table(pa.table(content), folder / f"{place}.parquet")
    return f"{place}.parquet"


def _count(path: Path) -> int:
    return len(pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path))


def test_the_same_rows_in_any_file_are_no_drift(tmp_path: Path) -> None:
    """Numbers, truths, times, decimals and codes are the same from CSV, Parquet and several files of both."""
    rows = 120
    table: Columns = {
        "y": [place % 2 for place in range(rows)],
        "size": pa.array([place * 1.5 if place % 7 else None for place in range(rows)]),
        "truth": [place % 3 == 0 for place in range(rows)],
        "day": pa.array([place % 40 for place in range(rows)], pa.date32()),
        "code": pa.array([f"{place % 4:02}" for place in range(rows)]).dictionary_encode(),
    }
    frame = pa.table(table).to_pandas()
    drift = find(tmp_path, table, frame.to_csv(index=False), table)

    assert drift is not None
    assert (drift.train_rows, drift.rows, drift.tested) == (240, 120, 5)
    assert {each.column: each.effect for each in drift.columns} == dict.fromkeys(table, 0)
    assert {each.column: each.kind for each in drift.columns}["code"] == "category"


def test_a_column_that_changes_its_kind_is_drift(tmp_path: Path) -> None:
    """Numbers that become words are compared as categories, and none of them is lost."""
    drift = find(tmp_path, {"y": [0, 1] * 50, "a": ["high"] * 100}, {"y": [0, 1] * 50, "a": [1.5] * 100})

    assert drift is not None
    assert [(each.column, each.kind, each.drifted) for each in drift.columns] == [
        ("a", "category", True),
        ("y", "category", False),
    ]
    assert "1.5: 100 %" in drift.columns[0].before


def test_large_files_are_sampled_and_small_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many rows about as many as suffice are drawn, evenly from all files, and the same ones each time."""
    rng = np.random.default_rng(1)
    rows = 40_000
    files = [
        {"y": rng.integers(0, 2, size=rows), "a": rng.normal(shift, size=rows)} for shift in (0.0, 2.0, 1.0)
    ]
    whole = find(tmp_path, files[2], *files[:2])
    monkeypatch.setattr(row_samples, "MOST_ROWS", 2_000)
    sampled, again = (find(tmp_path, files[2], *files[:2]) for _ in "ab")

    assert whole is not None
    assert sampled is not None
    assert sampled == again
    assert sampled != whole
    assert (sampled.train_rows, sampled.rows) == (80_000, 40_000)
    # Half from a file whose values are lower, half from one where they are higher.
    assert sampled.columns[0].effect == pytest.approx(whole.columns[0].effect, abs=0.05)


def test_groups_judge_where_both_sides_name_them(tmp_path: Path) -> None:
    """By one row of each group where training has the column, and else the drift says that it has not."""
    rng = np.random.default_rng(4)
    weather, day = rng.normal(size=20).repeat(50), np.arange(20).repeat(50)
    holdout = {"y": [0, 1] * 250, "wind": weather[:500], "day": day[:500]}
    training = {"y": [0, 1] * 250, "wind": weather[500:], "day": day[500:]}
    by_group = find(tmp_path, holdout, training, group="day")
    blind = find(tmp_path, holdout, {name: training[name] for name in ("y", "wind")}, group="day")
    without = find(tmp_path, holdout, training)

    assert by_group is not None
    assert blind is not None
    assert without is not None
    assert (by_group.by_group, blind.by_group, without.by_group) == (True, False, None)
    p_values = [
        next(each.p_value for each in drift.columns if each.column == "wind") for drift in (by_group, blind)
    ]
    assert p_values[0] > 1e-4 > p_values[1]


def test_nothing_in_common_is_no_drift(tmp_path: Path) -> None:
    """Training rows without target and features of the model say nothing of drift."""
    data = DataTable(
        holdout=_write(tmp_path, 0, {"y": [0, 1], "a": [1, 2], "k": [1, 2]}),
        target="y",
        train=[_write(tmp_path, 1, {"k": [1, 2]})],
    )
    training = open_training(tmp_path, data)
    assert training is not None

    assert find_drift(training, data, columns=["a"], task="binary", train_rows=2, rows=2, seed=1) is None
