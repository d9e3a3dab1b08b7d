"""Small ML repositories, made with real git and trained for real, for tests to run `greenroom` in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.tracking import Store, open_store

PACKAGES = ("mlflow-skinny", "numpy", "pandas", "scikit-learn", "skops")
LOADERS = {"binary": load_breast_cancer, "multiclass": load_iris, "regression": load_diabetes}
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}

TRAIN = """
import mlflow, pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

frame = pd.read_csv("train.csv")
rows, target = frame.drop(columns="target"), frame["target"]
model = make_pipeline(StandardScaler(), {estimator}).fit(rows, target)
with mlflow.start_run():
    mlflow.log_param("estimator", {estimator!r})
    mlflow.sklearn.log_model(
        model, name="model", signature=infer_signature(rows, model.predict(rows)), pip_requirements={pins}
    )
print("trained {estimator}")
"""


def pins() -> list[str]:
    """Return requirements that hold in this process, so that all test models share one environment."""
    return [f"{package}=={version(package)}" for package in PACKAGES]


def training_script(estimator: str) -> str:
    return TRAIN.format(estimator=estimator, pins=pins())


@dataclass(frozen=True)
class Finished:
    """What a call of `greenroom` left behind."""

    status: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


Command = Callable[..., Finished]


@dataclass(frozen=True)
class Workbench:
    """A git repository with a project in it."""

    root: Path
    environ: Mapping[str, str]

    @property
    def places(self) -> Places:
        return find_places(self.root, self.environ)

    @property
    def store(self) -> Store:
        return open_store(self.root.name, self.places)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def greenroom(self, *arguments: str, **variables: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "greenroom_pipeline.cli", *arguments],
            cwd=self.root,
            env={**self.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def init_repository(root: Path) -> Workbench:
    """Return an empty git repository with an identity, apart from the user's own settings."""
    root.mkdir(parents=True)
    # A job that runs the tests is none of theirs, also where they begin before any fixture does.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "ACTIONS_"))}
    bench = Workbench(root, kept)
    bench.git("init", "--quiet", "--initial-branch=main")
    for key, value in (("user.name", "Ada"), ("user.email", "ada@localhost"), ("commit.gpgsign", "false")):
        bench.git("config", key, value)
    return bench


def make_project(root: Path, task: str, *, estimator: str) -> Workbench:
    """Make a repository of *task* on scikit-learn's bundled data; its name is the folder's."""
    bench = init_repository(root)
    frame = LOADERS[task](as_frame=True).frame.sample(frac=1, random_state=7)
    half = len(frame) // 2
    _write_table(frame[:half], root / "train.csv")
    _write_table(frame[half:], root / "holdout.csv")
    bench.write("train.py", training_script(estimator))
    bench.write(
        "greenroom.toml",
        f"""
        [project]
        name = "{root.name}"
        task = "{task}"

        [train]
        command = "{sys.executable} train.py"
        inputs = ["train.py", "train.csv"]

        [data]
        holdout = "holdout.csv"
        target = "target"

        [[gate.check]]
        metric = "{METRICS[task]}"
        max_loss = 1
        """,
    )
    bench.commit("A first model")
    return bench


def _write_table(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def propose(bench: Workbench, script: str) -> str:
    """Commit another training script on a branch of its own, and return the commit."""
    bench.git("switch", "--quiet", "--create", "change", "main")
    bench.write("train.py", script)
    return bench.commit("Try something else")
