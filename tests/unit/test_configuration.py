"""greenroom.toml: what is read, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom_pipeline.configuration import load_settings, parse_settings
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.settings import SliceRule

GOOD = """
[project]
name = "flight-delays"
task = "binary"
[train]
command = "python train.py"
[data]
holdout = "data/holdout.parquet"
target = "delayed"
slices = ["carrier", { column = "distance", bins = 4 }]
[[gate.check]]
metric = "roc_auc"
max_loss = 0.005
"""


def test_reads_a_whole_file() -> None:
    """A file as the design shows it becomes settings, with defaults for what it leaves out."""
    settings = parse_settings(GOOD)

    assert settings.project.name == "flight-delays"
    assert settings.data.slices == [SliceRule(column="carrier"), SliceRule(column="distance", bins=4)]
    assert settings.gate.confidence == 0.95
    assert settings.gate.on_inconclusive == "warn"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param("target =", "taget =", "unknown key data.taget; did you mean target?", id="misspelt"),
        pytest.param(
            "max_loss =", "max_los =", "gate.check[1].max_los; did you mean max_loss?", id="in a rule"
        ),
        pytest.param('command = "python train.py"', "", "train.command is missing", id="missing"),
        pytest.param('"binary"', '"ranking"', "project.task is 'ranking'", id="not a task"),
        pytest.param("bins = 4", "bins = 1", "data.slices[2].bins is 1", id="too few bins"),
        pytest.param("data/holdout", "../holdout", "leaves the repository", id="outside"),
        pytest.param("max_loss = 0.005", "", "needs at least one of min, max", id="rule without a bound"),
        pytest.param("max_loss = 0.005", "max_loss = -1", "gate.check[1].max_loss is -1", id="negative loss"),
        pytest.param("max_loss = 0.005", "max_loss = nan", "gate.check[1].max_loss is nan", id="no number"),
        pytest.param("max_loss = 0.005", "min = 1\nmax = 0", "which no value can keep", id="bounds cross"),
        pytest.param(
            "max_loss = 0.005", "min = 1\n[gate.calibration]", "at least one of max_error", id="empty"
        ),
        pytest.param(
            'target = "delayed"', 'target = "delayed"\ngroup = "delayed"', "is the target", id="group"
        ),
        pytest.param(
            "[project]",
            '[preview]\nimage = "--privileged"\n[project]',
            "preview.image is '--privileged'",
            id="option",
        ),
        pytest.param("[project]", "[project", "not valid TOML", id="not TOML"),
        pytest.param("[project]", "[words]\nrwo = 'x'\n[project]", "words.rwo; did you mean row?", id="word"),
        pytest.param(
            "[project]", f"[words.classes]\n1 = '{'x' * 61}'\n[project]", "at most 60 characters", id="long"
        ),
        pytest.param(
            "[project]", '[words.units]\nmiles = "a\\nb"\n[project]', "as one visible line", id="two lines"
        ),
        pytest.param('"flight-delays"', '"Flights!"', "'Flights!' is no project name", id="name"),
    ],
)
def test_wrong_settings_are_named(before: str, after: str, said: str) -> None:
    """A wrong key or value is named in one line, with the nearest known key."""
    with pytest.raises(SettingsError) as caught:
        parse_settings(GOOD.replace(before, after, 1))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_table_names_the_known_ones() -> None:
    """An unknown table is refused with the tables that exist."""
    with pytest.raises(SettingsError, match="unknown key gates; did you mean gate"):
        parse_settings(GOOD + "\n[gates]\n")


def test_no_file_says_where_it_looked(tmp_path: Path) -> None:
    """Without a greenroom.toml, the folder is named and the mend is said."""
    with pytest.raises(SettingsError, match=f"no greenroom.toml in {tmp_path}"):
        load_settings(tmp_path)


def test_a_folder_inside_a_project_names_the_project(tmp_path: Path) -> None:
    """From a folder below, the project is named that it probably was about."""
    (tmp_path / "greenroom.toml").write_text(GOOD)
    (tmp_path / "data").mkdir()
    with pytest.raises(SettingsError, match=f"there is one in {tmp_path}: run it there, or with -C"):
        load_settings(tmp_path / "data")
