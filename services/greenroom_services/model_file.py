"""Makes an MLflow model of a plain model file, in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greenroom_services.environments import Environment
from greenroom_services.script import Wording, run_script

SCRIPT = Path(__file__).with_name("model_file_script.py")
WORDING = Wording(
    late="the model file did not become an MLflow model within {seconds} seconds; make it smaller",
    broken="the process that read the model file ended without an answer ({ending}); its log says more",
    steps={
        "refuse": "{message}",
        "load": "the model file does not load: {reason}; {mend}",
        "save": "the model file loads, but MLflow does not save it: {reason}; {mend}",
    },
    missing="add the package to its requirements, or log the model to MLflow in the training command",
)


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
    run_script(
        SCRIPT,
        request,
        output=output,
        environment=environment,
        log=log,
        timeout=timeout,
        wording=WORDING,
    )
