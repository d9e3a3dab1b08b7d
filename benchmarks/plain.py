"""The plain recipe: train and log with MLflow, `bentoml build` and `bentoml serve`, without Greenroom."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from uv import find_uv_bin

from benchmarks.logged import read_logged
from benchmarks.processes import BenchmarkError, run_timed, time_server
from greenroom_services.environments import Environment, build_environment

RECIPE = Path(__file__).with_name("recipe")
# Without it MLflow finds out by itself what the model needs, as it does for whoever does not know better.
_EXPLICIT = re.compile(r"^ *pip_requirements=.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Plain:
    """A folder in which the recipe is followed, with a store of MLflow's and one of BentoML's, both warm."""

    project: Path
    folder: Path
    bentos: Path
    environment: Environment

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"


@dataclass(frozen=True)
class PlainTimes:
    """Seconds of the recipe's steps."""

    train: float
    log_model: float
    build: float
    build_unlocked: float
    """Of the same Bento with `lock_packages: false`; not part of the recipe."""
    serve: float

    @property
    def after_training(self) -> float:
        return self.log_model + self.build + self.serve


def prepare_plain(project: Path, folder: Path, *, cache: Path) -> Plain:
    """Make *folder*, and an environment with what the project names plus BentoML."""
    context = folder / "recipe"
    shutil.copytree(RECIPE, context, ignore=shutil.ignore_patterns("__pycache__"))
    (context / "data").symlink_to(project / "data")
    environment = build_environment(
        [*_direct_requirements(project), f"bentoml=={version('bentoml')}"], cache=cache
    )
    return Plain(project, context, folder / "bentoml", environment)


def follow(plain: Plain, *, row: Mapping[str, Any]) -> PlainTimes:
    """Follow the recipe for the commit that is checked out in the project."""
    _copy_code(plain)
    python = str(plain.environment.python)
    variables = {"MLFLOW_TRACKING_URI": plain.tracking_uri, "BENTOML_HOME": str(plain.bentos)}
    trained = run_timed([python, "train.py"], folder=plain.folder, variables=variables)
    logged = read_logged(plain.tracking_uri)
    shutil.rmtree(plain.folder / "model", ignore_errors=True)
    shutil.copytree(logged.path, plain.folder / "model")
    bentoml = [python, "-m", "bentoml"]
    build = run_timed([*bentoml, "build"], folder=plain.folder, variables=variables)
    served = time_server(
        [*bentoml, "serve", "flight_delays:latest"], folder=plain.bentos, row=row, variables=variables
    )
    unlocked = run_timed([*bentoml, "build", "-f", "unlocked.yaml"], folder=plain.folder, variables=variables)
    return PlainTimes(
        train=trained.seconds - logged.seconds,
        log_model=logged.seconds,
        build=build.seconds,
        build_unlocked=unlocked.seconds,
        serve=served,
    )


def _copy_code(plain: Plain) -> None:
    shutil.copy(plain.project / "features.py", plain.folder)
    source = (plain.project / "train.py").read_text()
    inferring, replaced = _EXPLICIT.subn("", source)
    if replaced != 1:
        raise BenchmarkError("the example's train.py no longer gives pip_requirements on one line of its own")
    (plain.folder / "train.py").write_text(inferring)
    bentofile = (plain.folder / "bentofile.yaml").read_text()
    (plain.folder / "unlocked.yaml").write_text(bentofile + "  lock_packages: false\n")


def _direct_requirements(project: Path) -> list[str]:
    """Return what the project asks for, as it is locked; what it draws in is left open for BentoML's sake."""
    declared = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {Requirement(line).name for line in declared}
    command = [find_uv_bin(), "export", "--frozen", "--no-hashes", "--no-header", "--no-annotate", "--quiet"]
    locked = run_timed([*command, "--no-emit-project"], folder=project).out.splitlines()
    return [line for line in locked if Requirement(line).name in names]
