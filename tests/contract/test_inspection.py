"""Questions about the rows behind a report: DuckDB and the engine against pandas and the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.desk import Rows
from greenroom_pipeline.disagreements import find_disagreements
from greenroom_pipeline.errors import DataError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.filters import Among, Between, Filter
from greenroom_pipeline.inspection import (
    explore_rows,
    list_columns,
    list_differences,
    pick_row,
    span_column,
)
from greenroom_pipeline.predictions import from_frame
from greenroom_pipeline.report import MetricResult, Task
from greenroom_pipeline.row_reader import open_rows
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.slices import SliceColumn, cut_slices
from tests.row_files import METRICS, make_holdout, make_terms, write_rows

ROWS = 3_000


@pytest.fixture(scope="module")
def holdout() -> pd.DataFrame:
    return make_holdout(ROWS)


@pytest.fixture(scope="module")
def files(holdout: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return write_rows(tmp_path_factory.mktemp("rows"), holdout, group_rows=211)


def evaluate_all(
    files: Rows, task: Task, slices: Sequence[SliceColumn], **further: Any
) -> tuple[pd.DataFrame, Evaluation]:
    """Read everything and evaluate it, as the loop does."""
    frame = pd.read_parquet(files.holdout)
    assert files.champion is not None
    evaluation = evaluate(
        task=task,
        target=frame["delayed"],
        candidate=from_frame(pd.read_parquet(files.candidate), task=task),
        champion=from_frame(pd.read_parquet(files.champion), task=task),
        metrics=METRICS[task],
        slices=slices,
        **further,
    )
    return frame, evaluation


def part_of(evaluation: Evaluation, value: str) -> list[MetricResult]:
    """The results on one slice, as results that name none."""
    return [
        result.model_copy(update={"slice": None})
        for result in evaluation.metrics
        if result.slice is not None and result.slice.value == value
    ]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_declared_slice_explored_is_the_reports(tmp_path: Path, task: Task) -> None:
    """Exploring what the settings declare as a slice gives the report's very numbers for it."""
    files = write_rows(tmp_path, make_holdout(ROWS, task=task), task=task, group_rows=500)
    rules = [SliceRule(column="carrier"), SliceRule(column="distance", bins=4)]
    slices = cut_slices(pd.read_parquet(files.holdout), rules)
    frame, evaluation = evaluate_all(files, task, slices, seed=5)
    low, high = (int(end.replace(",", "")) for end in slices[1].values[1].split(" to "))

    explored: dict[str, list[Filter]] = {
        "HA": [Among("carrier", ("HA",))],
        "(missing)": [Among("carrier", (), missing=True)],
        slices[1].values[1]: [Between("distance", low, high)],
    }
    for value, filters in explored.items():
        found = explore_rows(files, make_terms(task, seed=5), filters)
        assert [finding.result for finding in found.findings] == part_of(evaluation, value)
        assert found.total == len(frame)


def test_groups_and_weights_count_as_in_the_report(tmp_path: Path) -> None:
    """Rows of one group stay together, and weights count, though each slice is read alone."""
    files = write_rows(tmp_path, make_holdout(ROWS))
    frame = pd.read_parquet(files.holdout)
    _, evaluation = evaluate_all(
        files,
        "binary",
        cut_slices(frame, [SliceRule(column="carrier")]),
        groups=frame["flight_date"],
        weights=frame["weight"],
    )
    terms = make_terms(group="flight_date", weight="weight")

    found = explore_rows(files, terms, [Among("carrier", ("UA",))])

    for ours, theirs in zip(found.findings, part_of(evaluation, "UA"), strict=True):
        assert ours.result.difference == pytest.approx(theirs.difference, rel=1e-9)
        assert ours.result.interval == pytest.approx(theirs.interval, rel=1e-9)
        assert ours.result.method == theirs.method


def test_a_slice_of_one_class_is_said_to_be_too_small(tmp_path: Path) -> None:
    """Rows of one class alone are explored as the gate sees such a slice: not tested, and why."""
    holdout = make_holdout(ROWS)
    files = write_rows(tmp_path, holdout)

    found = explore_rows(files, make_terms(), [Between("delayed", 1, 1)])

    assert found.rows == int((holdout["delayed"] == 1).sum())
    assert found.few == "it has 0 rows of class 0, fewer than 10"
    assert found.findings[0].result.difference is None


Pick = Callable[[pd.DataFrame], "pd.Series[bool]"]
CARRIERS = st.sets(st.sampled_from(["UA", "HA", "DL", "no such"]), max_size=3)
FLOATS = st.floats(-5, 60, width=32)
TICKETS = st.integers(2**53 - 1, 2**53 + 4)
HOURS = st.integers(0, 365 * 24)


def _pick_carriers(values: set[str], missing: bool) -> tuple[Filter, Pick]:
    return Among(
        "carrier", tuple(values), missing
    ), lambda frame: frame["carrier"].isin(values) | (frame["carrier"].isna() & missing)


def _pick_range(column: str, low: Any, high: Any, missing: bool) -> tuple[Filter, Pick]:
    def pick(frame: pd.DataFrame) -> pd.Series[bool]:
        values = frame[column]
        kept = values.notna()
        if low is not None:
            kept &= values >= low
        if high is not None:
            kept &= values <= high
        return kept | (values.isna() & missing)

    return Between(column, low, high, missing), pick


def _pick_times(first: int, last: int) -> tuple[Filter, Pick]:
    low, high = (pd.Timestamp("2013-01-01") + pd.Timedelta(hours=hours) for hours in (first, last))
    return Between("scheduled", low.isoformat(), high.isoformat()), lambda frame: frame["scheduled"].between(
        low, high
    )


def _pick_truth(values: set[bool]) -> tuple[Filter, Pick]:
    return Among("weekend", tuple(values)), lambda frame: frame["weekend"].isin(values)


PICKS = st.one_of(
    st.builds(_pick_carriers, CARRIERS, st.booleans()),
    st.builds(_pick_range, st.just("wind"), st.none() | FLOATS, st.none() | FLOATS, st.booleans()),
    st.builds(_pick_range, st.just("ticket"), st.none() | TICKETS, st.none() | TICKETS, st.booleans()),
    st.builds(_pick_times, HOURS, HOURS),
    st.builds(_pick_truth, st.sets(st.booleans())),
)


@settings(max_examples=30, deadline=None)
@given(picks=st.lists(PICKS, max_size=3))
def test_exploring_is_evaluating_the_rows_that_pandas_keeps(
    files: Rows, holdout: pd.DataFrame, picks: list[tuple[Filter, Pick]]
) -> None:
    """Any filters choose the rows that pandas does, in their order, and give the numbers of a slice of them."""
    kept = np.logical_and.reduce([np.ones(ROWS, bool), *(pick(holdout).to_numpy(bool) for _, pick in picks)])
    filters = [each for each, _ in picks]

    with open_rows(files) as reader:
        assert reader.choose(filters, ["delayed"]).places.tolist() == np.flatnonzero(kept).tolist()
    found = explore_rows(files, make_terms(), filters)

    assert found.rows == kept.sum()
    if not found.rows:
        assert found.findings == ()
        return
    codes = kept.astype(np.int16)
    values = ("out", "in") if not kept.all() else ("none", "in")
    _, evaluation = evaluate_all(files, "binary", [SliceColumn("kept", codes, values)])
    assert [finding.result for finding in found.findings] == part_of(evaluation, "in")


def test_differences_are_the_reports(files: Rows, holdout: pd.DataFrame) -> None:
    """Over the whole holdout, the rows that differ most are those that the report lists, in its order."""
    terms = make_terms()
    assert files.champion is not None
    expected = find_disagreements(
        task="binary",
        target=holdout["delayed"],
        features=holdout[list(terms.features)],
        candidate=from_frame(pd.read_parquet(files.candidate), task="binary"),
        champion=from_frame(pd.read_parquet(files.champion), task="binary"),
        most=20,
    )

    found = list_differences(files, terms, (), kept="all", most=20)

    assert [(one.row, one.features, one.target, one.candidate, one.champion) for one in found.rows] == [
        (one.row, one.features, one.target, one.candidate, one.champion) for one in expected
    ]
    assert [one.distance for one in found.rows] == sorted((one.distance for one in found.rows), reverse=True)


def test_fixed_and_broken_rows_are_told_apart(files: Rows, holdout: pd.DataFrame) -> None:
    """Counts are of all chosen rows, and each choice lists only rows of its kind."""
    truth = holdout["delayed"].astype(str)
    assert files.champion is not None
    ours, theirs = (
        pd.read_parquet(path)["prediction"] == truth for path in (files.candidate, files.champion)
    )
    united = holdout["carrier"] == "UA"
    filters = [Among("carrier", ("UA",))]

    fixed = list_differences(files, make_terms(), filters, kept="fixed", most=ROWS)
    broken = list_differences(files, make_terms(), filters, kept="broken", most=ROWS)

    assert fixed.tally == broken.tally
    assert (fixed.tally.rows, fixed.tally.fixed, fixed.tally.broken) == (
        united.sum(),
        (united & ours & ~theirs).sum(),
        (united & theirs & ~ours).sum(),
    )
    assert {one.row for one in fixed.rows} == set(np.flatnonzero(united & ours & ~theirs))
    assert {one.row for one in broken.rows} == set(np.flatnonzero(united & theirs & ~ours))


def test_without_a_champion_there_is_nothing_to_compare(tmp_path: Path) -> None:
    """The first model is measured alone, and differs from none."""
    files = write_rows(tmp_path, make_holdout(500), champion=False)

    found = explore_rows(files, make_terms(), [Among("weekend", (True,))])

    assert found.findings[0].result.candidate is not None
    assert (found.findings[0].result.difference, found.tally) == (None, None)
    assert list_differences(files, make_terms(), (), kept="all", most=5).rows == ()


def test_a_random_row_is_one_of_the_holdout(files: Rows, holdout: pd.DataFrame) -> None:
    """A seed picks one row, with the columns that the models take, and other seeds pick others."""
    terms = make_terms(features=("distance", "ticket"))
    rows = [pick_row(files, terms, seed=seed) for seed in (1, 1, 2, 3)]

    assert rows[0] == rows[1]
    assert len({row["distance"] for row in rows}) > 1
    known = set(zip(holdout["distance"], holdout["ticket"], strict=True))
    assert all((row["distance"], row["ticket"]) in known for row in rows)


def test_spans_say_what_there_is_to_choose(files: Rows, holdout: pd.DataFrame) -> None:
    """Text comes with counts, numbers and times with their ends, and all with how many are missing."""
    carrier, wind = span_column(files, "carrier"), span_column(files, "wind")

    assert dict(carrier.values) == holdout["carrier"].value_counts().to_dict()
    assert carrier.missing == holdout["carrier"].isna().sum()
    assert (wind.low, wind.high, wind.missing) == (
        holdout["wind"].min(),
        holdout["wind"].max(),
        holdout["wind"].isna().sum(),
    )
    assert span_column(files, "scheduled").low == holdout["scheduled"].min().isoformat()
    assert span_column(files, "ticket").high == 2**53 + 3


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    """Columns that differ in case, hold quotes, or go by DuckDB's own names are told apart and filtered by."""
    names = ["A", "a", 'x"; DROP TABLE holdout; --', "file_row_number", "C0", "", "line\nbreak"]
    holdout = make_holdout(400)
    for place, name in enumerate(names):
        holdout[name] = np.arange(400) % (place + 2)
    files = write_rows(tmp_path, holdout)
    terms = make_terms(features=("A", "a", "file_row_number"))

    assert [column.name for column in list_columns(files)][-len(names) :] == names
    for place, name in enumerate(names):
        found = explore_rows(files, terms, [Between(name, place + 1, None)])
        assert found.rows == (holdout[name] >= place + 1).sum() > 0
    differing = list_differences(files, terms, (), kept="all", most=3)
    assert [one.features for one in differing.rows] == [
        {name: int(holdout[name][one.row]) for name in terms.features} for one in differing.rows
    ]


def test_every_type_is_filtered_or_refused(tmp_path: Path) -> None:
    """Dates, zoned times, decimals, short floats and unsigned numbers filter by their values; lists do not."""
    holdout = make_holdout(4)
    table = pa.Table.from_pandas(holdout, preserve_index=False)
    further = {
        "day": pa.array([0, 1, None, 3], pa.date32()),
        "zoned": pa.array([0, 3_600_000_000, None, 86_400_000_000], pa.timestamp("us", "Europe/Berlin")),
        "money": pa.array([1, 2, None, 4], pa.decimal128(10, 2)),
        "short": pa.array([0.1, 0.5, float("nan"), None], pa.float32()),
        "unsigned": pa.array([0, 2**64 - 1, None, 5], pa.uint64()),
        "maybe": pa.array([True, None, False, True]),
        "list": pa.array([[1], [], None, [2]]),
    }
    for name, column in further.items():
        table = table.append_column(name, column)
    files = write_rows(tmp_path, holdout)
    pq.write_table(table, files.holdout)
    chosen: list[tuple[Filter, list[int]]] = [
        (Between("day", "1970-01-02", None), [1, 3]),
        (Between("zoned", "1970-01-01T01:00", "1970-01-01"), [1]),
        (Between("money", 1.5, 2), [1]),
        (Between("short", None, 0.4), [0]),
        (Between("short", 0.4, None), [1]),
        (Among("short", (), missing=True), [2, 3]),
        (Among("unsigned", (2**64 - 1,)), [1]),
        (Among("maybe", (False,), missing=True), [1, 2]),
    ]

    with open_rows(files) as reader:
        for each, places in chosen:
            assert reader.choose([each], []).places.tolist() == places, each
        with pytest.raises(DataError, match="holds no single value a row"):
            reader.choose([Among("list", (1,))], [])
        with pytest.raises(DataError, match="cannot be read"):
            reader.choose([Between("day", "2013-02-31", None)], [])
    assert span_column(files, "zoned").high == "1970-01-02T00:00:00"


def test_files_of_other_lengths_are_not_joined(tmp_path: Path) -> None:
    """Predictions of fewer rows than the holdout would belong to none of them, so they are refused."""
    files = write_rows(tmp_path, make_holdout(300))
    pd.read_parquet(files.candidate)[:299].to_parquet(files.candidate, index=False)

    with pytest.raises(DataError, match="predictions of the candidate for 299 rows, and the holdout has 300"):
        explore_rows(files, make_terms(), ())


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    """A file that is no Parquet is an error that says what to do."""
    files = write_rows(tmp_path, make_holdout(300))
    files.holdout.write_bytes(b"PAR1 cut off")

    with pytest.raises(DataError, match=r"cannot be read: .*; `greenroom run` it again"):
        explore_rows(files, make_terms(), ())


def test_a_reader_reads_its_files_and_nothing_else(files: Rows, tmp_path: Path) -> None:
    """Other files, the network and settings are out of a query's reach, whatever it says."""
    other = tmp_path / "other.parquet"
    pd.DataFrame({"secret": [1]}).to_parquet(other)
    target = tmp_path / "written.csv"
    attempts = [
        f"SELECT * FROM read_parquet('{other}')",
        f"COPY (SELECT 1) TO '{target}'",
        f"ATTACH '{tmp_path / 'new.db'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
    ]

    with open_rows(files) as reader:
        for attempt in attempts:
            with pytest.raises(duckdb.Error):
                reader.connection.execute(attempt)

    assert not target.exists()


def test_a_question_that_takes_too_long_ends_in_a_sentence(tmp_path: Path) -> None:
    """A query is interrupted after its seconds, and says what to do instead of hanging."""
    files = write_rows(tmp_path, make_holdout(300))

    with open_rows(files, seconds=0.2) as reader, pytest.raises(DataError, match=r"longer than 0.2 seconds"):
        reader._query("SELECT max(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b", [])
