"""Rows that holdout and training share, whatever files and types they are in."""

from __future__ import annotations

import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from greenroom_pipeline import sources as module
from greenroom_pipeline.errors import DataError
from greenroom_pipeline.observations import Overlap
from greenroom_pipeline.overlap import find_overlap, open_training
from greenroom_pipeline.settings import DataTable

Columns = dict[str, Any]


def find(folder: Path, holdout: Columns | str, *files: Columns | str, id: str | None = None) -> Overlap:
    """Write each of the tables (Parquet from columns, CSV from text), and count what is in both."""
    names = [_write(folder, place, content) for place, content in enumerate((holdout, *files))]
    data = DataTable(holdout=names[0], target="y", train=names[1:], id=id)
    training = open_training(folder, data)
    assert training is not None
    return find_overlap(training)


def _write(folder: Path, place: int, content: Columns | str) -> str:
    if isinstance(content, str):
        (folder / f"{place}.csv").write_text(content)
        return f"{place}.csv"
    pq.write_table(pa.table(content), folder / f"{place}.parquet")
    return f"{place}.parquet"


@pytest.mark.parametrize(
    "training",
    [
        pytest.param({"a": [1, 2], "b": ["w", "x"]}, id="another text"),
        pytest.param({"a": [3, 1], "b": ["x", "y"]}, id="columns of two rows"),
        pytest.param({"b": ["1", "2"], "a": [None, None]}, id="exchanged columns"),
        pytest.param({"a": [1.5, 2.0000001], "b": ["x", "y"]}, id="another number"),
        pytest.param({"a": [None, None], "b": ["x", "y"]}, id="missing"),
        pytest.param({"a": [0, 0], "b": ["x", "y"]}, id="zero is not missing"),
        pytest.param("a,b\n1,\n,x\n", id="missing in CSV"),
    ],
)
def test_other_rows_are_not_identical(tmp_path: Path, training: Columns | str) -> None:
    """A row is identical only when each column agrees with one and the same row of training."""
    found = find(tmp_path, {"a": [1, 2, None], "b": ["x", "y", "z"]}, training)

    assert (found.identical, found.train_rows, found.rows, found.ids) == (0, 2, 3, None)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pa.array([1, 2, None], pa.int8()), id="int8"),
        pytest.param(pa.array([1, 2, None], pa.uint64()), id="uint64"),
        pytest.param(pa.array([1.0, 2.0, None], pa.float32()), id="float32"),
        pytest.param(pa.array([1.0, 2.0, float("nan")]), id="NaN"),
        pytest.param(pa.array([Decimal("1.00"), Decimal("2.00"), None]), id="decimal"),
        pytest.param(pa.array([1, 2, None]).dictionary_encode(), id="categories"),
        pytest.param(pa.array(["1", "2.0", None]), id="text"),
        pytest.param("a\n1\n2.00\nNA\n", id="CSV"),
    ],
)
def test_numbers_are_compared_as_numbers(tmp_path: Path, values: pa.Array | str) -> None:
    """Width and kind of number do not matter, and missing equals missing."""
    training = values if isinstance(values, str) else {"a": values, "other": [0, 0, 0]}
    found = find(tmp_path, {"a": pa.array([2, None, 7, 1], pa.int64())}, training)

    assert (found.identical, found.columns) == (3, ["a"])


def test_numbers_of_fewer_bits_are_compared_in_fewer_bits(tmp_path: Path) -> None:
    """0.1 in 32 bits is 0.1, and a great whole number is itself and not its neighbour."""
    narrow = find(tmp_path, {"a": [0.1, 0.3]}, {"a": pa.array([0.1, 0.2], pa.float32())})
    great = find(tmp_path, {"a": [2**62, 2**62 + 1]}, {"a": pa.array([2**62, None])}, f"a\n{2**62}\n\n")

    assert (narrow.identical, great.identical) == (1, 1)


def test_truths_times_and_texts_in_a_csv_file(tmp_path: Path) -> None:
    """A CSV file's texts are read as what the Parquet file holds; codes that only look like numbers stay texts."""
    holdout = {
        "truth": [True, False],
        "day": pa.array([0, 1], pa.date32()),
        "time": pa.array([0, 3_600_000_000], pa.timestamp("us", tz="Europe/Berlin")),
        "code": ["007", "7"],
    }
    rows = "truth,day,time,code\nTrue,1970-01-01,1970-01-01T00:00:00Z,007\nFalse,1970-01-02,1970-01-01 01:00:00,07\n"
    found = find(tmp_path, holdout, rows)

    assert found.identical == 1


def test_an_id_is_compared_by_itself(tmp_path: Path) -> None:
    """The same row under another id is identical, the same id on another row is shared, and no id is none."""
    holdout = {"id": ["a", "b", None], "x": [1, 2, 3]}
    found = find(tmp_path, holdout, {"id": ["b", "b", None], "x": [9, 1, 8]}, id="id")
    alone = find(tmp_path, holdout, {"id": ["b", "c"]}, id="id")

    assert (found.identical, found.ids, found.columns) == (1, 1, ["x"])
    assert (alone.identical, alone.ids, alone.columns) == (0, 1, [])


def test_every_row_of_every_file_and_batch_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are found in any batch of any file, and a row that the holdout has twice counts twice."""
    monkeypatch.setattr(module, "_BATCH", 7)
    rng = np.random.default_rng(3)
    numbers = rng.permutation(200)
    first = {"a": numbers[:90], "b": [f"row {number}" for number in numbers[:90]]}
    rest = pd.DataFrame({"a": numbers[90:150], "b": [f"row {number}" for number in numbers[90:150]]})
    holdout = [*numbers[140:], *numbers[140:145]]
    found = find(
        tmp_path,
        {"b": [f"row {number}" for number in holdout], "a": holdout},
        first,
        rest.to_csv(),  # with a column of row numbers, which says nothing
    )

    assert (found.rows, found.train_rows, found.identical, found.columns) == (65, 150, 15, ["b", "a"])


def test_hashes_tell_many_rows_apart(tmp_path: Path) -> None:
    """Among 200,000 by 200,000 near rows none is taken for another."""
    numbers = np.arange(200_000)
    holdout = {"a": numbers, "b": numbers % 7, "c": numbers / 3}

    assert find(tmp_path, holdout, {**holdout, "b": (numbers + 1) % 7}).identical == 0


@pytest.mark.parametrize(
    ("training", "id", "said"),
    [
        ({"z": [1]}, None, "data.train has no column in common with 0.parquet: 1.parquet has z; give files"),
        (
            {"key": [1]},
            "keys",
            "data.id is 'keys', which 1.parquet of data.train has no column for; did you mean 'key'?",
        ),
        ({"a": []}, None, "the files of data.train have no rows"),
        ("", None, "1.csv cannot be read as Parquet or CSV: No columns to parse from file"),
    ],
)
def test_files_that_cannot_be_compared(
    tmp_path: Path, training: Columns | str, id: str | None, said: str
) -> None:
    """What is wrong with the files is an error of the data in one line."""
    with pytest.raises(DataError) as caught:
        find(tmp_path, {"a": [1], "keys": [1]}, training, id=id)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The setting and the file are named."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "holdout.parquet")
    with pytest.raises(
        DataError, match=r"data.train names 'gone.csv', which is no file in .*; make it, or mend"
    ):
        open_training(tmp_path, DataTable(holdout="holdout.parquet", target="a", train=["gone.csv"]))


def test_the_digest_follows_the_bytes(tmp_path: Path) -> None:
    """Another byte in a training file is other evidence; without files there is nothing to look at."""
    _write(tmp_path, 0, "a\n1\n")
    _write(tmp_path, 1, "a\n2\n")
    data = DataTable(holdout="0.csv", target="a", train=["1.csv"])
    before, same = open_training(tmp_path, data), open_training(tmp_path, data)
    _write(tmp_path, 1, "a\n3\n")
    after = open_training(tmp_path, data)

    assert before is not None
    assert same is not None
    assert after is not None
    assert before.digest == same.digest != after.digest
    assert open_training(tmp_path, DataTable(holdout="0.csv", target="a")) is None


def test_odd_values_raise_no_warning(tmp_path: Path) -> None:
    """Infinities, mixed texts and lists are values like others, and nothing is said of them on the terminal."""
    odd = {
        "a": [float("inf"), float("-inf"), 1e300],
        "b": ["1", "x", "nan"],
        "c": [[1], None, [2, 3]],
        "d": pa.array([1.0, None, 2.0], pa.float32()),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = find(tmp_path, odd, odd)

    assert found.identical == 3
