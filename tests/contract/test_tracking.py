"""MLflow as Greenroom's one store: the embedded one, made at first use."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.places import Places, find_places, prepare_home
from greenroom_pipeline.tracking import Store, open_store


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = find_places(tmp_path / "project", {"HOME": str(tmp_path)})
    prepare_home(places)
    return places


@pytest.fixture
def store(places: Places) -> Store:
    return open_store("flights", places)


def test_runs_are_found_by_their_tags(store: Store) -> None:
    """A run is found by any of its tags, newest first, and by no other project's store."""
    first = store.begin("one", {"sha": "a", "state": "running"})
    second = store.begin("two", {"sha": "a", "state": "finished"})

    assert {record.id for record in store.records(sha="a")} == {first, second}
    assert [record.id for record in store.records(sha="a", state="finished")] == [second]
    assert store.records(sha="b") == []


def test_projects_do_not_see_each_other(store: Store, places: Places) -> None:
    """Two projects in one store keep their runs and models apart."""
    store.begin("one", {"sha": "a"})

    assert open_store("other", places).records() == []


def test_files_come_back_as_they_were(store: Store, tmp_path: Path) -> None:
    """Text and files are kept with the run, in folders too; what is not there is None."""
    run = store.begin("one", {})
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"\0\1")
    store.put(run, path, "predictions")
    store.put_text(run, "{}", "report.json")
    report, rows = store.get(run, "report.json"), store.get(run, "predictions/rows.parquet")

    assert report is not None
    assert rows is not None
    assert (report.read_text(), rows.read_bytes()) == ("{}", b"\0\1")
    assert store.get(run, "predictions/other.parquet") is None


def test_artifacts_stay_in_the_home_folder(store: Store, places: Places) -> None:
    """The embedded store keeps its files in Greenroom's home, whatever the current folder is."""
    run = store.begin("one", {})
    store.put_text(run, "x", "a.txt")
    path = store.get(run, "a.txt")

    assert path is not None
    assert path.is_relative_to(places.artifacts)


def test_a_tag_that_cannot_be_searched_is_refused(store: Store) -> None:
    """A quote in a search is refused with the value, rather than searching for something else."""
    with pytest.raises(StoreError, match=r"O'Neil"):
        store.records(author="O'Neil")


def test_a_store_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """A tracking address that cannot be opened is named in one line."""
    places = find_places(tmp_path, {"MLFLOW_TRACKING_URI": "sqlite:////dev/null/mlflow.db"})
    with pytest.raises(StoreError) as caught:
        open_store("flights", places)

    assert "MLflow could not open sqlite:///" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_model_is_the_champion_at_first(store: Store) -> None:
    """A project begins without a champion and without versions."""
    assert store.champion() is None
    assert store.versions() == []
