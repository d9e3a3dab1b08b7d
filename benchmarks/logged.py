"""A model as MLflow logged it, and how long that took by MLflow's own stamps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse


@dataclass(frozen=True)
class Logged:
    path: Path
    seconds: float
    """From the moment at which MLflow made the model's record until it called the model ready."""


def read_logged(tracking_uri: str, *, run_id: str | None = None) -> Logged:
    """Return the model of a run, by default of the newest one in the default experiment."""
    # Imported late, since it reads the environment while it is imported.
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri)
    run = client.get_run(run_id) if run_id else client.search_runs(["0"], max_results=1)[0]
    assert run.outputs is not None
    model = client.get_logged_model(run.outputs.model_outputs[-1].model_id)
    seconds = (model.last_updated_timestamp - model.creation_timestamp) / 1000
    return Logged(Path(unquote(urlparse(model.artifact_location).path)), seconds)
