"""A model file that training leaves, logged to MLflow for projects that do not log one themselves."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from uv import find_uv_bin

from greenroom_pipeline.errors import TrainingError
from greenroom_pipeline.project import Project
from greenroom_pipeline.settings import TrainTable
from greenroom_services.environments import build_environment, serving_requirements
from greenroom_services.errors import ModelError, RequirementsError
from greenroom_services.model_file import convert_model_file

_TIMEOUT = 300.0


def log_model_file(project: Project, run_id: str, *, since: int) -> None:
    """Make an MLflow model of the file that `train.model` names, and keep it with the run.

    *since* is when training began, in nanoseconds: an older file is another training's.
    The file is opened in an environment of its requirements, never here. `TrainingError` when it is missing,
    or is none of scikit-learn's kind.
    """
    train, root = project.settings.train, project.repository.root
    assert train.model is not None
    file = root / train.model
    if not file.is_file() or file.stat().st_mtime_ns < since:
        raise TrainingError(
            f"training by {train.command!r} left no new {train.model!r}; mend it, or train.model"
        )
    requirements = read_requirements(train, root)
    with tempfile.TemporaryDirectory(dir=project.places.scratch) as folder:
        output = Path(folder) / "model"
        try:
            environment = build_environment(
                serving_requirements(requirements), cache=project.places.environments
            )
            convert_model_file(
                file,
                requirements=requirements,
                output=output,
                environment=environment,
                log=Path(folder) / "log",
                timeout=_TIMEOUT,
            )
        except (ModelError, RequirementsError) as error:
            raise TrainingError(f"train.model {train.model!r}: {error}", log=error.log) from error
        project.store.put_folder(run_id, output, "model")


def read_requirements(train: TrainTable, root: Path) -> list[str]:
    """Return what the file needs: `train.requirements`, else requirements.txt, else what uv.lock pins."""
    named = root / (train.requirements or "requirements.txt")
    if named.is_file():
        return _lines(named.read_text())
    if train.requirements is None and (root / "uv.lock").is_file():
        return _lines(_export_lock(root))
    raise TrainingError(
        f"no {named.name} says what {train.model!r} needs to load; write one with pinned versions, "
        "or name it as train.requirements"
    )


def _lines(text: str) -> list[str]:
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _export_lock(root: Path) -> str:
    wishes = ("--frozen", "--no-hashes", "--no-emit-project", "--no-header", "--no-annotate", "--no-dev")
    done = subprocess.run(
        [find_uv_bin(), "export", "--quiet", *wishes], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise TrainingError(f"uv.lock cannot be exported: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout
