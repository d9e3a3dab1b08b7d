"""Makes an MLflow model of a plain model file, in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greenroom_services.environments import Environment
from greenroom_services.script import run_script

SCRIPT = Path(__file__).with_name("model_file_script.py")


def convert_model_file(
    file: Path,
    *,
    requirements: Sequence[str],
    output: Path,
    environment: Environment,
    log: Path,
    timeout: float,
) -> None:
    """Write the model in *file* (skops, joblib or pickle) to the folder *output* as an MLflow model.

    Raises `ModelError` when it does not load, or is no model of scikit-learn's kind.
    """
    request = {
        "file": str(file.resolve()),
        "requirements": list(requirements),
        "output": str(output.resolve()),
    }
    run_script(SCRIPT, request, output=output, environment=environment, log=log, timeout=timeout)
