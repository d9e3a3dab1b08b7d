"""Which pull requests change anything of the model."""

from __future__ import annotations

import pytest

from greenroom_pipeline.configuration import parse_settings
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.touches import touches_model


def make_settings(train: str = "", more: str = "") -> Settings:
    return parse_settings(f"""
        [project]
        name = "flights"
        task = "regression"
        [train]
        command = "python train.py"
        {train}
        [data]
        holdout = "data/holdout.parquet"
        target = "delay"
        train = ["data/train.parquet"]
        {more}
    """)


NAMED = 'inputs = ["train.py", "features/", "./conf"]'


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("train.py", True),
        ("features/hours.py", True),
        ("conf/a/b.toml", True),
        ("greenroom.toml", True),
        ("data/holdout.parquet", True),
        ("data/train.parquet", True),
        ("data/train.parquet.dvc", True),
        ("data.dvc", True),
        ("dvc.lock", True),
        ("conf", True),
        ("docs.dvc", False),
        ("docs/features/hours.md", False),
        ("features.md", False),
        ("train.pyi", False),
        (".github/workflows/greenroom.yml", False),
        ("uv.lock", False),
    ],
)
def test_what_training_and_gate_read_touches_the_model(changed: str, touched: bool) -> None:
    """Inputs of training, the settings and the tables count; what nothing reads does not."""
    assert touches_model(make_settings(NAMED), "", ["README.md", changed]) is touched


def test_a_project_of_a_folder_minds_its_own_files() -> None:
    """Paths are the repository's, inputs the project's: another project's file of the same name is none of it."""
    settings = make_settings(NAMED)

    assert touches_model(settings, "models/flights", ["models/flights/train.py"])
    assert not touches_model(
        settings, "models/flights", ["train.py", "models/trains/train.py", "models/flights.md"]
    )


def test_without_named_inputs_every_file_of_the_project_counts() -> None:
    """The fingerprint then has all tracked files, so any change to them trains anew."""
    assert touches_model(make_settings(), "", ["README.md"])
    assert not touches_model(make_settings(), "models", ["README.md"])


def test_pins_of_a_model_file_count() -> None:
    """A model that comes as a file is loaded with its requirements."""
    settings = make_settings(f'{NAMED}\nmodel = "model.skops"\nrequirements = "deploy.txt"')

    assert touches_model(settings, "", ["uv.lock"])
    assert touches_model(settings, "", ["deploy.txt"])


def test_any_python_file_counts_beside_own_metrics() -> None:
    """A function of the project imports what it likes."""
    settings = make_settings(NAMED, '[[metric]]\nname = "cost"\nfunction = "costs:cost"')

    assert touches_model(settings, "", ["rates.py"])
    assert not touches_model(settings, "", ["rates.csv"])


def test_too_many_files_and_none() -> None:
    """What cannot be listed may touch it; an empty change does not."""
    assert touches_model(make_settings(NAMED), "", None)
    assert not touches_model(make_settings(NAMED), "", [])


def test_what_an_input_leads_to_counts() -> None:
    """A link among the inputs stands for what it leads to, wherever in the repository that is."""
    settings = make_settings(NAMED)
    links = {"features/shared": "lib/hours", "docs/other": "lib/docs"}

    assert touches_model(settings, "models/flights", ["lib/hours/a.py"], links=links)
    assert not touches_model(settings, "models/flights", ["lib/hours/a.py"])
    assert not touches_model(settings, "models/flights", ["lib/docs/a.md", "lib/hours.py"], links=links)
