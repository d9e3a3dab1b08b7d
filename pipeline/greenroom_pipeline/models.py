"""A logged model's folder, read as data and never loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from greenroom_pipeline.errors import TrainingError
from greenroom_pipeline.observations import InputChange, Retyped
from greenroom_pipeline.plain_yaml import load_plain
from greenroom_pipeline.tracking import LoggedModel
from greenroom_services.bento import digest_folder
from greenroom_services.errors import BundlingError


@dataclass(frozen=True)
class Model:
    """What Greenroom must know of a model to score, package and name it."""

    logged: LoggedModel
    digest: str
    """SHA-256 over all of its files."""
    sha: str
    """The commit that it was trained at."""
    inputs: dict[str, str] | None
    """Column names and types of the signature; None when the model has no signature by column."""

    @property
    def path(self) -> Path:
        return self.logged.path

    @property
    def columns(self) -> list[str] | None:
        return None if self.inputs is None else list(self.inputs)

    @property
    def label(self) -> str:
        """Version by which its Bento goes: the same bytes have the same label."""
        return self.digest[:12]

    @property
    def size(self) -> int:
        """Bytes of all of its files."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())


def read_model(logged: LoggedModel, *, sha: str) -> Model:
    """Read an MLflow model's metadata; `TrainingError` when it is not one that can be served."""
    try:
        description = load_plain(logged.path / "MLmodel")
        digest = digest_folder(logged.path)
    except (OSError, ValueError, yaml.YAMLError, BundlingError) as error:
        raise TrainingError(f"the logged model cannot be read: {_first_line(error)}") from error
    flavors = description.get("flavors") if isinstance(description, dict) else None
    if not isinstance(flavors, dict):
        raise TrainingError(
            "the logged model cannot be read: its MLmodel names no flavours; log it with mlflow"
        )
    if "python_function" not in flavors:
        raise TrainingError(
            "the logged model cannot be served: it has no python_function flavour, "
            f"only {', '.join(map(str, flavors)) or 'none'}; log it with an mlflow flavour that has one"
        )
    inputs = _read_inputs(description.get("signature"))
    return Model(logged=logged, digest=digest, sha=sha, inputs=inputs)


def compare_inputs(candidate: Model, champion: Model) -> InputChange | None:
    """Return how the columns differ that the two models take; None when one of them does not say which."""
    if candidate.inputs is None or champion.inputs is None:
        return None
    ours, theirs = candidate.inputs, champion.inputs
    return InputChange(
        added=[name for name in ours if name not in theirs],
        removed=[name for name in theirs if name not in ours],
        retyped=[
            Retyped(column=name, before=theirs[name], after=kind)
            for name, kind in ours.items()
            if theirs.get(name, kind) != kind
        ],
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _read_inputs(signature: dict[str, Any] | None) -> dict[str, str] | None:
    columns = json.loads(signature["inputs"]) if signature and signature.get("inputs") else []
    if not columns or any("name" not in column for column in columns):
        return None
    return {column["name"]: column["type"] for column in columns}
