"""A plain model file becomes an MLflow model that predicts the same, or says in one line why it cannot."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from greenroom_services.environments import Environment
from greenroom_services.errors import ModelError
from greenroom_services.model_file import convert_model_file
from tests.contract.example_models import REQUIREMENTS, ask


def write_pickle(content: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


def convert(file: Path, environment: Environment, *, timeout: float = 120) -> Path:
    output = file.with_name("model")
    convert_model_file(
        file,
        requirements=REQUIREMENTS,
        output=output,
        environment=environment,
        log=file.with_name("log"),
        timeout=timeout,
    )
    return output


@pytest.mark.parametrize(
    ("name", "write"),
    [
        pytest.param("model.joblib", joblib.dump, id="joblib"),
        pytest.param("model.skops", skops.io.dump, id="skops"),
        pytest.param("model.pkl", write_pickle, id="pickle"),
    ],
)
def test_a_model_file_predicts_the_same(
    name: str, write: Callable[[Any, Path], object], environment: Environment, tmp_path: Path
) -> None:
    """Each kind of file becomes an MLflow model with the answers and the requirements of the one in it."""
    rows, target = load_iris(as_frame=True, return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)
    write(model, tmp_path / name)

    output = convert(tmp_path / name, environment)

    assert ask(output, rows) == model.predict(rows).tolist()
    assert (output / "requirements.txt").read_text().splitlines() == REQUIREMENTS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("model.onnx", b"", r"^model\.onnx is none of \.skops, \.joblib, \.pkl", id="suffix"),
        pytest.param(
            "model.pkl",
            pickle.dumps({"coef": 1}),
            r"^model\.pkl holds a dict, which has no predict",
            id="dict",
        ),
        pytest.param(
            "model.pkl",
            b"no pickle",
            r"^the model file does not load: UnpicklingError: .*log",
            id="no pickle",
        ),
        pytest.param(
            "model.pkl",
            b"cfeatures\nModel\n.",
            r"does not load: ModuleNotFoundError: .*'features'; add the package to its requirements",
            id="module",
        ),
        pytest.param(
            "model.pkl", b"cos\nabort\n(tR.", r"read the model file ended .* \(signal 6\)", id="crash"
        ),
    ],
)
def test_a_file_without_a_model_is_one_line(
    name: str, content: bytes, message: str, environment: Environment, tmp_path: Path
) -> None:
    """What cannot be converted is named in one line that speaks of the file, and leaves no model."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ModelError, match=message) as caught:
        convert(tmp_path / name, environment)

    assert "\n" not in str(caught.value)
    assert "holdout" not in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_a_file_that_takes_too_long(environment: Environment, tmp_path: Path) -> None:
    """Converting ends with the time limit, and says so."""
    (tmp_path / "model.pkl").write_bytes(b"ctime\nsleep\n(I600\ntR.")

    with pytest.raises(ModelError, match=r"become an MLflow model within 0\.5 seconds"):
        convert(tmp_path / "model.pkl", environment, timeout=0.5)
