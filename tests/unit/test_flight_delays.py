"""The example repository and the branches of the demo's history: complete, consistent and free of leakage."""

from __future__ import annotations

import ast
import runpy
import sys
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from greenroom_pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "flight-delays"
BRANCHES = sorted((ROOT / "pipeline" / "greenroom_pipeline" / "demo_branches").iterdir())
KNOWN_TOO_LATE = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"}
SHARED_PACKAGES = ["mlflow", "mlflow-skinny", "scikit-learn", "skops", "pandas", "numpy", "pyarrow"]


def read_settings() -> Settings:
    return Settings.model_validate(tomllib.loads((EXAMPLE / "greenroom.toml").read_text()))


def read_constants(path: Path) -> dict[str, Any]:
    """Return the module's upper-case names that are literals, or sums of such names, without running it."""
    constants: dict[str, Any] = {}
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name.isupper():
                constants[name] = _read_value(statement.value, constants)
    return constants


def _read_value(node: ast.expr, constants: dict[str, Any]) -> Any:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _read_value(node.left, constants) + _read_value(node.right, constants)
    if isinstance(node, ast.Name):
        return constants[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def locked_versions(path: Path, package: str) -> set[str]:
    packages = tomllib.loads(path.read_text())["package"]
    return {entry["version"] for entry in packages if entry["name"] == package}


def test_settings_are_valid_and_name_columns_of_the_tables() -> None:
    """`greenroom.toml` is accepted; target, group and slices are columns that `features.py` declares."""
    settings, constants = read_settings(), read_constants(EXAMPLE / "features.py")

    assert settings.data.target == constants["TARGET"]
    assert settings.data.group == constants["GROUP"]
    assert {rule.column for rule in settings.data.slices} <= set(constants["FEATURES"])
    assert {*settings.words.columns, *settings.words.units} <= set(constants["FEATURES"])


def test_the_fingerprint_covers_the_files_of_the_repository() -> None:
    """Each declared input that git carries is there; the data is made by `prepare.py`."""
    inputs = [entry for entry in read_settings().train.inputs if entry != "data/"]

    assert [entry for entry in inputs if not (EXAMPLE / entry).is_file()] == []


@pytest.mark.parametrize(
    "folder",
    [EXAMPLE, *[path for path in BRANCHES if (path / "features.py").exists()]],
    ids=lambda path: path.name,
)
def test_no_feature_is_known_only_after_departure(folder: Path) -> None:
    """No feature is a column of the outcome, the target or the day; each branch keeps the same columns."""
    constants = read_constants(folder / "features.py")
    features = constants["FEATURES"]

    assert KNOWN_TOO_LATE.isdisjoint(features)
    assert {constants["TARGET"], constants["GROUP"]}.isdisjoint(features)
    assert features == read_constants(EXAMPLE / "features.py")["FEATURES"]


@pytest.mark.parametrize("package", SHARED_PACKAGES)
def test_the_lock_file_agrees_with_greenrooms_own(package: str) -> None:
    """What reads and writes models and tables has one version on both sides."""
    assert (
        locked_versions(EXAMPLE / "uv.lock", package) == locked_versions(ROOT / "uv.lock", package) != set()
    )


def test_branches_are_complete_and_in_order() -> None:
    """Four branches, each with all keys, a distinct name, and files that the example has and that differ."""
    values = [tomllib.loads((folder / "branch.toml").read_text()) for folder in BRANCHES]

    assert [folder.name for folder in BRANCHES] == [
        f"{number:02}-{value['branch']}" for number, value in enumerate(values, start=1)
    ]
    for folder, value in zip(BRANCHES, values, strict=True):
        assert set(value) - {"because"} == {"branch", "title", "author", "message", "ends"}
        assert all(value.values())
        replaced = [path for path in folder.iterdir() if path.is_file() and path.name != "branch.toml"]
        assert replaced
        for path in replaced:
            assert path.read_text() != (EXAMPLE / path.name).read_text(), path


@pytest.mark.parametrize("folder", [EXAMPLE, *BRANCHES], ids=lambda path: path.name)
def test_training_names_its_requirements(folder: Path) -> None:
    """Every variant gives MLflow explicit requirements, among them what loading the model takes."""
    source = (folder / "train.py").read_text()

    assert "pip_requirements=" in source
    assert {"mlflow-skinny", "scikit-learn", "pandas", "numpy"} <= set(
        read_constants(folder / "train.py")["PACKAGES"]
    )


def test_only_the_last_branch_pickles_code_of_the_repository() -> None:
    """The model that loads nowhere refers to a function of `features.py`; the others hold plain parts."""
    pickling = [path.name for path in BRANCHES if "cloudpickle" in (path / "train.py").read_text()]
    own_functions = [
        path.parent.name
        for path in (folder / "features.py" for folder in BRANCHES)
        if path.exists() and "FunctionTransformer" in path.read_text()
    ]

    assert pickling == own_functions == ["04-cyclic-hour"]


def make_flights(**changes: Any) -> pd.DataFrame:
    """Return five flights of one morning; the second is cancelled."""
    minutes = [(8, 0), (8, 30), (9, 30), (9, 45), (10, 30)]
    flights = pd.DataFrame(
        {
            "year": 2013,
            "month": 3,
            "day": 1,
            "time_hour": [pd.Timestamp(2013, 3, 1, hour + 5, tz="UTC") for hour, _ in minutes],
            "hour": [hour for hour, _ in minutes],
            "minute": [minute for _, minute in minutes],
            "sched_dep_time": [hour * 100 + minute for hour, minute in minutes],
            "dep_delay": [0.0, None, 0.0, 20.0, 40.0],
            "arr_delay": [5.0, None, 31.0, 30.0, 55.0],
            "carrier": ["AA", "AA", "B6", "B6", "AA"],
            "flight": [1, 2, 3, 4, 5],
            "origin": "JFK",
            "dest": ["BOS", "LAX", "BOS", "LAX", "BOS"],
            "distance": 187,
        }
    )
    return flights.assign(**changes)


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    monkeypatch.delitem(sys.modules, "features", raising=False)
    yield runpy.run_path(str(EXAMPLE / "prepare.py"))["build"]
    sys.modules.pop("features", None)


@pytest.fixture
def weather() -> pd.DataFrame:
    hours = pd.date_range("2013-03-01 08:00", periods=12, freq="h", tz="UTC")
    numbers = dict.fromkeys(["humid", "wind_speed", "precip", "pressure", "visib"], 1.0)
    return pd.DataFrame({"origin": "JFK", "time_hour": hours, "temp": range(8, 20), **numbers})


def test_rows_are_the_flights_that_arrived_and_more_than_30_minutes_count(
    build: Any, weather: pd.DataFrame
) -> None:
    """The cancelled flight has no row, exactly 30 minutes is not delayed, and rows are in schedule order."""
    frame = build(make_flights(), weather)

    assert frame["delayed"].tolist() == [0, 1, 0, 1]
    assert frame["departure_hour"].tolist() == [8.0, 9.5, 9.75, 10.5]
    assert frame["flight_date"].unique().tolist() == ["2013-03-01"]


def test_lateness_counts_flights_scheduled_75_minutes_before_or_earlier(
    build: Any, weather: pd.DataFrame
) -> None:
    """A cancelled flight counts as late; one whose lateness is not known an hour before does not count."""
    frame = build(make_flights(), weather)

    assert frame["airport_late"].fillna(-1).tolist() == [-1, 0, 0.5, 0.5]
    assert frame["carrier_late"].fillna(-1).tolist() == [-1, -1, -1, 0.5]
    assert frame["dest_late"].fillna(-1).tolist() == [-1, 0, 1, 0]


def test_weather_is_that_of_two_hours_before(build: Any, weather: pd.DataFrame) -> None:
    """The temperature, here the hour of its observation in UTC, is two hours older than the flight."""
    frame = build(make_flights(), weather)

    assert frame["temperature"].tolist() == [11, 12, 12, 13]


def test_what_happens_later_changes_no_feature(build: Any, weather: pd.DataFrame) -> None:
    """No feature moves when flights from 9:30 on leave otherwise than they did: none was known in time."""
    known = build(make_flights(), weather)
    other = build(make_flights(dep_delay=[0.0, None, 300.0, -5.0, 0.0]), weather)

    pd.testing.assert_frame_equal(known, other)
