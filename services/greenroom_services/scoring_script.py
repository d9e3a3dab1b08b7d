"""Runs in the model's environment: answers every row of a Parquet file and writes another one.

Called with the path of a JSON request; leaves `outcome.json` beside it, which says what went wrong.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


def load_module(path: Path) -> ModuleType:
    """Import the one file at *path*, so that nothing beside it gets in the way of the model's own modules."""
    spec = importlib.util.spec_from_file_location("greenroom_candidate", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def score(inference: ModuleType, predictor: Any, request: Mapping[str, Any]) -> None:
    import pandas

    output = predictor.predict(pandas.read_parquet(request["rows"]))
    labels = output.predictions
    if request["task"] != "regression":
        labels = [inference.label_text(label) for label in labels]
    table = pandas.DataFrame({"prediction": labels})
    if output.probabilities is not None:
        names = [f"probability:{name}" for name in output.classes]
        table = table.join(pandas.DataFrame(output.probabilities, columns=names), how="outer")
    partial = Path(request["output"] + ".partial")
    table.to_parquet(partial, index=False)
    partial.rename(request["output"])


def main(path: Path) -> int:
    request = json.loads(path.read_text(encoding="utf-8"))
    step = "load"
    try:
        inference = load_module(Path(request["inference"]))
        predictor = inference.Predictor(
            Path(request["model"]),
            task=request["task"],
            classes=request["classes"],
            positive=request["positive"],
        )
        gc.freeze()
        gc.enable()
        step = "score"
        score(inference, predictor, request)
    except Exception as error:
        traceback.print_exc()
        outcome = {"step": step, "type": type(error).__name__, "message": str(error)}
        path.with_name("outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
