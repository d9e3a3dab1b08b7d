"""A logged model's folder, read as data: its columns, its size, and how two of them differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from greenroom_pipeline.errors import TrainingError
from greenroom_pipeline.models import Model, compare_inputs, read_model
from greenroom_pipeline.observations import Retyped
from greenroom_pipeline.tracking import LoggedModel


def make_model(folder: Path, inputs: dict[str, str] | None) -> Model:
    """Write what MLflow writes for a model with these columns, and read it."""
    folder.mkdir()
    columns = [{"type": kind, "name": name, "required": True} for name, kind in (inputs or {}).items()]
    description: dict[str, object] = {"flavors": {"python_function": {"loader_module": "mlflow.sklearn"}}}
    if inputs is not None:
        description["signature"] = {"inputs": json.dumps(columns), "outputs": None}
    (folder / "MLmodel").write_text(yaml.safe_dump(description))
    return read_model(LoggedModel("run", str(folder), folder), sha="a")


def test_the_same_columns_in_another_order_are_no_change(tmp_path: Path) -> None:
    """Columns are known by name; their order is the model's own business."""
    one = make_model(tmp_path / "one", {"age": "double", "sex": "string"})
    other = make_model(tmp_path / "other", {"sex": "string", "age": "double"})
    change = compare_inputs(one, other)

    assert change is not None
    assert (change.added, change.removed, change.retyped) == ([], [], [])


def test_each_kind_of_change_is_told(tmp_path: Path) -> None:
    """New, lost and retyped columns are told apart, with the types before and after."""
    ours = make_model(tmp_path / "ours", {"age": "long", "wind": "double"})
    theirs = make_model(tmp_path / "theirs", {"age": "double", "hour": "integer"})
    change = compare_inputs(ours, theirs)

    assert change is not None
    assert (change.added, change.removed) == (["wind"], ["hour"])
    assert change.retyped == [Retyped(column="age", before="double", after="long")]


def test_a_model_without_a_signature_cannot_be_compared(tmp_path: Path) -> None:
    """Nothing is said of columns that one model does not name."""
    assert compare_inputs(make_model(tmp_path / "a", None), make_model(tmp_path / "b", {"x": "long"})) is None


def test_the_size_counts_every_file(tmp_path: Path) -> None:
    """Files in folders below count too."""
    model = make_model(tmp_path / "model", None)
    before = model.size
    (model.path / "data").mkdir()
    (model.path / "data" / "weights.bin").write_bytes(bytes(1000))

    assert model.size == before + 1000


LEVELS = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9))
BOMBS = {
    "alias": "a: &a {k: 1}\nb: [*a, *a]\n",
    "merge key": f"a0: &a0 {{k: 1}}\n{LEVELS}",
    "number": f"k: {'1:' * 200_000}1\n",
    "20,000": f"k: [{'1,' * 20_000}1]\n",
    "nested": "k: " + "[" * 20_000 + "]" * 20_000,
    "1 MiB": "k: " + "x" * 2**20,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_description_that_makes_much_of_little_is_refused(tmp_path: Path, name: str) -> None:
    """What would take minutes or all memory to read, and MLflow never writes, is told in one line."""
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {}}\n" + BOMBS[name])
    with pytest.raises(TrainingError, match=f"^the logged model cannot be read: .*{name}") as caught:
        read_model(LoggedModel("run", str(tmp_path), tmp_path), sha="a")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "flavors:\n", "[1]\n", "flavors: [python_function]\n"])
def test_a_description_without_flavours_is_refused(tmp_path: Path, text: str) -> None:
    """What is no description of a model is an error of the model's, not a defect."""
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(TrainingError, match="names no flavours"):
        read_model(LoggedModel("run", str(tmp_path), tmp_path), sha="a")
