"""Reading tables: the same columns from CSV and Parquet, compact, and nothing read by mistake."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.table import read_columns, read_names, read_table

ROWS = 150_000


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Return a Parquet file of several batches and row groups, and what is in it."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "old": random.random(ROWS),
            "old.1": random.random(ROWS).astype(np.float32),
            "code": random.integers(0, 100, size=ROWS),
            "big": random.integers(-1, 2**40, size=ROWS),
            "name": random.choice(np.array(["b", "a", None], dtype=object), size=ROWS),
            "flag": random.choice(np.array([True, False, None], dtype=object), size=ROWS),
            "size": pd.Categorical(
                random.choice(["small", "large"], size=ROWS), categories=["small", "large"]
            ),
            "day": [datetime.date(2026, 1, 1 + row % 20) for row in range(ROWS)],
            "price": [Decimal(row % 7) / 2 for row in range(ROWS)],
        }
    )
    path = tmp_path_factory.mktemp("table") / "wide.parquet"
    frame.to_parquet(path, row_group_size=40_000)
    return path, frame


def test_wanted_columns_come_whole_and_compact(wide: tuple[Path, pd.DataFrame]) -> None:
    """Values and their order are kept over batches; text is coded, whole numbers shrink, 32 bits stay 32."""
    path, frame = wide
    read = read_columns(path, ["old.1", "code", "big", "name", "flag", "size", "day", "price"])

    assert read["old.1"].dtype == np.float32
    assert read["code"].dtype == np.int8
    assert read["big"].dtype == np.int64
    assert read["name"].cat.categories.tolist() == ["a", "b"]
    assert read["size"].cat.categories.tolist() == ["small", "large"]
    for column in ("old.1", "code", "big"):
        assert (read[column] == frame[column]).all()
    for column in ("name", "size", "day"):
        same = read[column].astype(object) == frame[column].astype(object)
        assert (same | (read[column].isna() & frame[column].isna())).all()
    assert (read["price"] == frame["price"].astype(float)).all()
    assert read["flag"].isna().sum() == frame["flag"].isna().sum()
    assert read["flag"].sum() == frame["flag"].sum()
    assert read.memory_usage(index=False).sum() < 27 * ROWS


def test_a_dot_in_a_name_is_no_nesting(wide: tuple[Path, pd.DataFrame]) -> None:
    """`old` is `old`, though Parquet's reader gives `old.1` along with it."""
    path, frame = wide

    assert (read_columns(path, ["old"])["old"] == frame["old"]).all()


def test_a_holdout_keeps_pandas_s_own_types(wide: tuple[Path, pd.DataFrame]) -> None:
    """A table that is read whole, for models to be asked about, has the types that pandas gives it."""
    path, _ = wide

    pd.testing.assert_frame_equal(read_table(path), pd.read_parquet(path))


def test_csv_has_the_same_columns(tmp_path: Path) -> None:
    """Columns come by name in the order asked for, empty cells are missing, and a cell may hold a newline."""
    path = tmp_path / "table.csv"
    path.write_text('\ufeffname,note,share\nb,"two\nlines",0.25\n,"a, comma",1\na,,0\n')
    read = read_columns(path, ["share", "name"])

    assert read_names(path) == ["name", "note", "share"]
    assert read["share"].tolist() == [0.25, 1, 0]
    assert read["name"].cat.categories.tolist() == ["a", "b"]
    assert read["name"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("row", ["1,2,3,4", "1,2"])
def test_an_uneven_row_is_refused(row: str, tmp_path: Path) -> None:
    """A row with a value too many or too few, as an unquoted comma makes, is never read shifted or cut."""
    path = tmp_path / "table.csv"
    path.write_text("a,b,c\n1,2,3\n" + row + "\n")

    with pytest.raises(DataError, match="Expected 3 columns"):
        read_columns(path, ["a"])
    with pytest.raises(DataError, match="Expected 3 columns"):
        read_table(path)


def test_names_that_occur_twice_matter_only_where_wanted(tmp_path: Path) -> None:
    """A column is refused when its name is there twice; others may be."""
    path = tmp_path / "table.csv"
    path.write_text("a,b,b\n1,2,3\n")

    assert read_columns(path, ["a"])["a"].tolist() == [1]
    with pytest.raises(DataError, match="two columns 'b'"):
        read_columns(path, ["b"])
    with pytest.raises(DataError, match="two columns 'b'"):
        read_table(path)


def test_a_large_table_of_mixed_values_warns_of_nothing(tmp_path: Path) -> None:
    """Numbers and text in one column of many rows are one column of text, not pieces of either."""
    path = tmp_path / "table.csv"
    pd.DataFrame({"id": [*range(200_000), *["x"] * 200_000]}).to_csv(path, index=False)

    assert set(map(type, read_columns(path, ["id"])["id"].cat.categories)) == {str}


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    """A nested column has no one value a row, and is named."""
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": [[1, 2], [3]]}).to_parquet(path)

    with pytest.raises(DataError, match="column 'a' holds list"):
        read_columns(path, ["a"])
