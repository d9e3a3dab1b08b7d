"""Copies of holdouts: by digest, whole, bounded, and never of other bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from greenroom_pipeline.holdouts import MOST_KEPT, find_holdout, keep_holdout
from greenroom_pipeline.places import Places, find_places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return find_places(tmp_path, {})


def write(path: Path, *, first: int = 1) -> str:
    frame = pd.DataFrame({"a": [first, 2], "b": ["x", "y"]})
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["holdout.csv", "holdout.parquet"])
def test_a_copy_outlasts_its_file(tmp_path: Path, places: Places, name: str) -> None:
    """What was kept is found as Parquet when the file has become another, even in place."""
    path = tmp_path / name
    digest = write(path)
    keep_holdout(places, path, digest=digest)
    with path.open("r+b") as stream:
        stream.write(b"other")

    kept = find_holdout(places, path, digest=digest)

    assert kept == places.holdouts / f"{digest}.parquet"
    assert pd.read_parquet(kept).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_the_checkouts_file_is_taken_when_it_is_the_same(tmp_path: Path, places: Places) -> None:
    """On a server, a report's holdout is taken from the checkout only when its digest is the report's."""
    path = tmp_path / "holdout.parquet"
    digest = write(path)

    assert find_holdout(places, path, digest="0" * 64) is None
    assert find_holdout(places, tmp_path / "gone.parquet", digest=digest) is None
    assert find_holdout(places, path, digest=digest) == places.holdouts / f"{digest}.parquet"


def test_copies_are_bounded(tmp_path: Path, places: Places) -> None:
    """Beyond eight, the copy goes that nobody asked for the longest."""
    path = tmp_path / "holdout.parquet"
    digests = []
    for number in range(MOST_KEPT):
        digests.append(write(path, first=number))
        kept = keep_holdout(places, path, digest=digests[-1])
        assert kept is not None
        os.utime(kept, (number, number))
    find_holdout(places, path, digest=digests[0])
    last = write(path, first=100)
    keep_holdout(places, path, digest=last)

    assert {copy.stem for copy in places.holdouts.iterdir()} == {last, digests[0], *digests[2:]}


def test_a_holdout_that_cannot_be_kept_stops_nothing(tmp_path: Path, places: Places) -> None:
    """A copy is a convenience: where it cannot be made there is none, and no half of one."""
    path = tmp_path / "holdout.csv"
    path.write_text("a,b\n1\n1,2,3\n")

    assert keep_holdout(places, path, digest="1" * 64) is None
    assert list(places.holdouts.iterdir()) == []
