"""Train the model of this repository on data/train.parquet and log it to MLflow."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline

from features import TARGET, encoder, select

TRAIN = Path(__file__).parent / "data" / "train.parquet"
PARAMETERS = {"C": 1.0, "max_iter": 500}
PACKAGES = ["mlflow-skinny", "numpy", "pandas", "scikit-learn", "skops"]
TRUSTED = ["numpy.dtype"]
"""Types beyond the plain ones that skops may build when the model is loaded."""


def build() -> Pipeline:
    return Pipeline([("encoder", encoder()), ("model", LogisticRegression(**PARAMETERS))])


def main() -> None:
    frame = pd.read_parquet(TRAIN)
    rows, target = select(frame), frame[TARGET]
    model = build().fit(rows, target)
    probability = model.predict_proba(rows)[:, 1]
    metrics = {
        "train_roc_auc": float(roc_auc_score(target, probability)),
        "train_log_loss": float(log_loss(target, probability)),
    }
    # MLflow warns of integers that may come to be missing; those of the schedule never are.
    warnings.filterwarnings("ignore", message="Hint: Inferred schema contains integer")
    # Resumes the run that MLFLOW_RUN_ID names, if it is set.
    with mlflow.start_run():
        mlflow.log_params({"model": type(model["model"]).__name__, **PARAMETERS})
        mlflow.log_metrics(metrics)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(rows, model.predict(rows)),
            skops_trusted_types=TRUSTED,
            # Given, for MLflow takes seconds to find them out.
            pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
        )
    print(f"trained on {len(rows):,} flights: " + ", ".join(f"{k} {v:.4f}" for k, v in metrics.items()))


if __name__ == "__main__":
    main()
