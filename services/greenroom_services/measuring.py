"""Measures predictions by a project's own functions, in the model's environment and out of Greenroom's process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from greenroom_services.environments import Environment
from greenroom_services.script import Wording, run_script

SCRIPT = Path(__file__).with_name("measuring_script.py")
WORDING = Wording(
    late="the project's own metrics did not end within {seconds} seconds; make them faster",
    broken="the process that runs the project's own metrics ended without an answer ({ending}); its log says more",
    steps={
        "refuse": "{message}",
        "load": "a metric of the project does not load in the model's environment: {reason}; {mend}",
        "measure": "a metric of the project fails on the predictions: {reason}; {mend}",
    },
    missing="keep its module in the repository, or add the package to the model's pip_requirements",
)


def measure_rows(
    functions: Mapping[str, str],
    *,
    repository: Path,
    table: Path,
    positive: str | None,
    seed: int,
    resamples: int,
    output: Path,
    environment: Environment,
    log: Path,
    timeout: float,
) -> None:
    """Run *functions*, `module:function` by the metric's name, on the Parquet *table*, and fill the folder *output*.

    The table has `target`, `row:<column>`, `<model>:prediction` and `<model>:probability:<class>` columns, and
    codes as `part:<number>`, `group` and `weight`. The folder then has a Parquet file
    of losses or draws for each metric; see the script. Raises `ModelError` when a function cannot be used.
    """
    request = {
        "functions": dict(functions),
        "repository": str(repository.resolve()),
        "table": str(table.resolve()),
        "positive": positive,
        "seed": seed,
        "resamples": resamples,
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
