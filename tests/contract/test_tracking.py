"""MLflow as Greenroom's one store: the embedded one, made at first use, and a tracking server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mlflow import MlflowClient

from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.places import Places, find_places, prepare_home
from greenroom_pipeline.tracking import Registry, Store, open_store


@pytest.fixture(params=["embedded", "server"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    uri = (
        {"MLFLOW_TRACKING_URI": request.getfixturevalue("mlflow_server")} if request.param == "server" else {}
    )
    places = find_places(tmp_path / "project", uri)
    prepare_home(places)
    return places


@pytest.fixture
def store(places: Places, request: pytest.FixtureRequest) -> Store:
    """A project of its own for each test, since the server outlives it."""
    return open_store(re.sub("[^a-z0-9]", "-", request.node.name.lower()), places)


def test_runs_are_found_by_their_tags(store: Store) -> None:
    """A run is found by any of its tags, newest first, and by no other project's store."""
    first = store.begin("one", {"sha": "a", "state": "running"})
    second = store.begin("two", {"sha": "a", "state": "finished"})

    assert {record.id for record in store.records(sha="a")} == {first, second}
    assert [record.id for record in store.records(sha="a", state="finished")] == [second]
    assert store.records(sha="b") == []


def test_models_of_other_seeds_are_no_candidates(store: Store) -> None:
    """What was trained with another seed is found by its fingerprint, and stands in no list of candidates."""
    candidate = store.begin("one", {"sha": "a", "fingerprint": "f", "trained": "true"})
    seeds = [store.begin("seed", {"seed": str(seed), "seed_of": "f", "trained": "true"}) for seed in (1, 2)]
    store.begin("failed", {"seed": "3", "seed_of": "f"})
    store.begin("another", {"seed": "1", "seed_of": "g", "trained": "true"})

    assert {record.id for record in store.retrainings("f")} == set(seeds)
    assert [record.id for record in store.records()] == [candidate]


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


def test_artifacts_stay_in_the_home_folder(tmp_path: Path) -> None:
    """A store in a file keeps its artifacts in Greenroom's home, whatever the current folder is."""
    places = find_places(tmp_path, {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db"})
    prepare_home(places)
    store = open_store("flights", places)
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
    prepare_home(places)
    with pytest.raises(StoreError) as caught:
        open_store("flights", places)

    assert "MLflow could not open sqlite:///" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_model_is_the_champion_at_first(store: Store) -> None:
    """A project begins without a champion and without versions."""
    assert store.champion() is None
    assert store.registry() == Registry({}, None)
    assert store.versions() == []


def test_runs_of_the_teams_own_are_left_alone(store: Store, places: Places) -> None:
    """Runs without Greenroom's tags in the same experiment are none of its business."""
    ours = store.begin("ours", {"sha": "a"})
    client = MlflowClient(places.tracking_uri)
    experiment = client.get_run(ours).info.experiment_id
    client.create_run(experiment, run_name="somebody's notebook")

    assert [record.id for record in store.records()] == [ours]


def test_a_model_is_registered_once_for_a_commit(store: Store, places: Places, tmp_path: Path) -> None:
    """Commit, digest and pull request keep their version and get the newest tags; the champion is one version."""
    run = store.begin("one", {"sha": "a"})
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
    store.put_folder(run, folder, "model")
    model = store.logged_model(run)
    assert model is not None
    first = store.register(model, {"digest": "d", "sha": "a", "verdict": "fail"})
    again = store.register(model, {"digest": "d", "sha": "a", "verdict": "pass"})
    other = store.register(model, {"digest": "d", "sha": "b", "verdict": "pass"})
    elsewhere = store.register(model, {"digest": "d", "sha": "a", "pull": "8", "verdict": "fail"})
    nothing = store.registry()
    store.set_champion(again.version)
    store.tag_model("promotion.000001.aa", "ü" * 4900)
    champion = store.champion()

    assert (model.path / "MLmodel").read_text().startswith("flavors")
    assert first.version == again.version
    assert len({first.version, other.version, elsewhere.version}) == 3
    assert champion is not None
    assert (champion.version, champion.tags["verdict"]) == (first.version, "pass")
    assert champion.created is not None
    assert (nothing.tags, nothing.champion) == ({}, None)
    assert store.registry() == Registry({"promotion.000001.aa": "ü" * 4900}, first.version)


def test_a_run_has_a_page_where_a_server_shows_one(store: Store, places: Places) -> None:
    """A tracking server shows a run under its address; an embedded store shows nothing."""
    page = store.run_page("abc")

    if places.tracking_uri.startswith("http"):
        assert page == f"{places.tracking_uri}/#/experiments/{store.experiment}/runs/abc"
    else:
        assert page is None


def test_a_run_s_page_tells_no_password(tmp_path: Path) -> None:
    """Whoever reads a report, a timeline or the history learns nothing of how Greenroom signs in to MLflow."""
    client = MlflowClient("http://ada:se@cret@mlflow.example")

    assert Store("flights", client, "3", tmp_path).run_page("ab") == (
        "http://mlflow.example/#/experiments/3/runs/ab"
    )
