"""An ordinary service around an MLflow model, as a project without Greenroom writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bentoml
import mlflow.sklearn
import pandas as pd


@bentoml.service
class FlightDelays:
    def __init__(self) -> None:
        self.model = mlflow.sklearn.load_model(str(Path(__file__).parent / "model"))

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, rows: list[dict[str, Any]]) -> list[float]:
        probabilities: list[float] = self.model.predict_proba(pd.DataFrame(rows))[:, 1].tolist()
        return probabilities
