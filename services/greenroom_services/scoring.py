"""Scores a model on the holdout, in its own environment and out of Greenroom's process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from greenroom_services.environments import Environment
from greenroom_services.script import Wording, run_script

SCRIPT = Path(__file__).with_name("scoring_script.py")
INFERENCE = Path(__file__).with_name("inference.py")
Task = Literal["binary", "multiclass", "regression"]
WORDING = Wording(
    late="the model did not answer within {seconds} seconds; make it faster or the holdout smaller",
    broken="the process that scored the model ended without an answer ({ending}); its log says more",
    steps={
        "load": "the model does not load in its own environment: {reason}; {mend}",
        "score": "the model loads, but fails on the holdout: {reason}; its log says where",
    },
    missing="add the package to the model's pip_requirements, or log its own modules with code_paths=[…]",
)


def score_model(
    model_dir: Path,
    *,
    rows: Path,
    output: Path,
    environment: Environment,
    task: Task,
    classes: Sequence[str] = (),
    positive: str | None = None,
    log: Path,
    timeout: float,
) -> None:
    """Write to *output* what the model says of every row of the Parquet file *rows*, in the same order.

    Columns: `prediction` (texts for classes, numbers for regression) and, where the model gives them, one
    `probability:<class>` a class. Raises `ModelError` when the model does not load, crashes, takes longer
    than *timeout* seconds or leaves no file; whether its answers make sense is for others to say.
    """
    output.unlink(missing_ok=True)
    request = {
        "inference": str(INFERENCE),
        "model": str(model_dir.resolve()),
        "rows": str(rows.resolve()),
        "output": str(output.resolve()),
        "task": task,
        "classes": list(classes),
        "positive": positive,
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
