"""Runs in an environment of the model's requirements: makes an MLflow model of a scikit-learn model file.

Called with the path of a JSON request; leaves `outcome.json` beside it, which says what went wrong.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def load_skops(path: Path) -> tuple[Any, dict[str, Any]]:
    import skops.io

    # Opened in a sandbox, where nothing that the file could do meets a secret.
    trusted = skops.io.get_untrusted_types(file=path)
    return skops.io.load(path, trusted=trusted), {"skops_trusted_types": trusted}


def load_joblib(path: Path) -> tuple[Any, dict[str, Any]]:
    import joblib

    return joblib.load(path), {"serialization_format": "cloudpickle"}


def load_pickle(path: Path) -> tuple[Any, dict[str, Any]]:
    with path.open("rb") as file:
        return pickle.load(file), {"serialization_format": "cloudpickle"}


LOADERS = {".skops": load_skops, ".joblib": load_joblib, ".pkl": load_pickle, ".pickle": load_pickle}


class Refused(Exception):
    """The file is none that can be converted."""


def load(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return the model and how MLflow is to save it."""
    if path.suffix not in LOADERS:
        raise Refused(
            f"{path.name} is none of {', '.join(LOADERS)}; log it to MLflow in the training command"
        )
    model, options = LOADERS[path.suffix](path)
    if not hasattr(model, "predict"):
        raise Refused(
            f"{path.name} holds a {type(model).__name__}, which has no predict; save the model in it"
        )
    return model, options


def save(model: Any, options: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    import mlflow.sklearn

    partial = request["output"] + ".partial"
    mlflow.sklearn.save_model(model, partial, pip_requirements=request["requirements"], **options)
    Path(partial).rename(request["output"])


def main(path: Path) -> int:
    request = json.loads(path.read_text(encoding="utf-8"))
    step = "load"
    try:
        model, options = load(Path(request["file"]))
        gc.freeze()
        gc.enable()
        step = "save"
        save(model, options, request)
    except Exception as error:
        traceback.print_exc()
        step = "refuse" if isinstance(error, Refused) else step
        outcome = {"step": step, "type": type(error).__name__, "message": str(error)}
        path.with_name("outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
