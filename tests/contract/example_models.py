"""Small models of every kind, saved as MLflow saves them, with what they answer."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from greenroom_pipeline.profile import profile_features
from greenroom_services.scoring import Task

# Before MLflow is imported: it reads this once.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

PACKAGES = ("mlflow-skinny", "numpy", "pandas", "pyarrow", "scikit-learn", "skops")
REQUIREMENTS = [f"{name}=={version(name)}" for name in PACKAGES]

AVERAGE_MODEL = """
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Average(PythonModel):
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        return (model_input["low"] + model_input["high"]) / 2


set_model(Average())
"""


@dataclass(frozen=True)
class Example:
    """A saved MLflow model, rows to ask it, and what it says of them in the process that trained it."""

    name: str
    path: Path
    task: Task
    rows: pd.DataFrame
    expected: list[Any]
    classes: list[str] = field(default_factory=list)
    probabilities: Any = None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows as JSON has them."""
        plain = self.rows.astype(object)
        return [
            {str(key): value for key, value in row.items()}
            for row in plain.where(plain.notna(), None).to_dict(orient="records")
        ]

    def profile(self) -> dict[str, Any]:
        built = profile_features(self.rows, task=self.task, target="target", classes=self.classes)
        return built.model_dump(mode="json", by_alias=True)


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Importing MLflow warns of its own type hints, and saving a model from code of missing ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def save_sklearn(model: Any, path: Path, *, columns: Mapping[str, tuple[str, bool]]) -> None:
    with quiet_mlflow():
        import mlflow.sklearn
        import skops.io
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec(kind, name, required=required) for name, (kind, required) in columns.items()])
    with quiet_mlflow():
        mlflow.sklearn.save_model(
            model,
            str(path),
            signature=ModelSignature(inputs=inputs),
            pip_requirements=REQUIREMENTS,
            skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
        )


def save_code(
    source: str, folder: Path, *, columns: Sequence[str] = ("low", "high"), kind: str = "double"
) -> Path:
    """Save a model from its source text, as `python_model=` takes it, with columns of numbers."""
    with quiet_mlflow():
        import mlflow.pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, Schema

    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "code.py"
    script.write_text(source)
    signature = ModelSignature(inputs=Schema([ColSpec(kind, name) for name in columns]))
    path = folder / "model"
    with quiet_mlflow():
        mlflow.pyfunc.save_model(
            str(path), python_model=str(script), signature=signature, pip_requirements=REQUIREMENTS
        )
    return path


def ask(path: Path, rows: pd.DataFrame) -> list[Any]:
    """Return what MLflow itself says, in this process and in the rows' own types."""
    with quiet_mlflow():
        import mlflow.pyfunc

        answer: list[Any] = mlflow.pyfunc.load_model(str(path)).predict(rows).tolist()
    return answer


def make_flights(folder: Path) -> Example:
    """Binary, with texts, whole numbers, truth values and missing values."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    random = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "distance": random.integers(80, 4983, 600),
            "wind": random.normal(10, 4, 600),
            "carrier": random.choice(["UA", "B6", "AA"], 600),
            "weekend": random.random(600) < 0.3,
        }
    )
    rows.loc[::7, "wind"] = np.nan
    rows.loc[::11, "carrier"] = None
    target = (rows["distance"] / 5000 + random.random(600) > 1).astype(int)
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((texts, ["carrier"]), (numbers, ["distance", "wind", "weekend"]))
    model = make_pipeline(columns, LogisticRegression()).fit(rows, target)
    types = {
        "distance": ("long", True),
        "wind": ("double", False),
        "carrier": ("string", False),
        "weekend": ("boolean", True),
    }
    save_sklearn(model, folder, columns=types)
    probabilities = model.predict_proba(rows)
    return Example("flights", folder, "binary", rows, ask(folder, rows), ["0", "1"], probabilities)


def make_irises(folder: Path) -> Example:
    """Multiclass, with texts as classes."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_iris(as_frame=True)
    rows, target = data.data, data.target_names[data.target].astype(str)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)
    save_sklearn(model, folder, columns=dict.fromkeys(rows.columns, ("double", True)))
    classes = [str(name) for name in model.classes_]
    probabilities = model.predict_proba(rows)
    return Example("irises", folder, "multiclass", rows, model.predict(rows).tolist(), classes, probabilities)


def make_diabetes(folder: Path) -> Example:
    """Regression."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression

    data = load_diabetes(as_frame=True)
    model = LinearRegression().fit(data.data, data.target)
    save_sklearn(model, folder, columns=dict.fromkeys(data.data.columns, ("double", True)))
    return Example("diabetes", folder, "regression", data.data, ask(folder, data.data))


def make_average(folder: Path) -> Example:
    """A model of the user's own code, which gives a probability and nothing else."""
    low = np.linspace(0, 1, 50)
    rows = pd.DataFrame({"low": low, "high": low[::-1] ** 2})
    probability = (rows["low"] + rows["high"]) / 2
    path = save_code(AVERAGE_MODEL, folder)
    table = np.column_stack([1 - probability, probability])
    expected = np.where(probability >= 0.5, "late", "in time").tolist()
    return Example("average", path, "binary", rows, expected, ["in time", "late"], table)
