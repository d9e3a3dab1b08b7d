"""The demo's workspace: the example repository with its data, a champion on main, and four branches."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from uv import find_uv_bin

from greenroom_pipeline.errors import DemoError
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.train import project_environment

Ending = Literal["pass", "inconclusive", "fail", "error"]
_EXAMPLE = "flight-delays"
_LEFT_BEHIND = shutil.ignore_patterns(".venv", "data", "__pycache__", "mlruns", "*.db", ".greenroom")


@dataclass(frozen=True)
class Branch:
    """A change that a reviewer meets: files that replace the example's, and who proposes it."""

    name: str
    title: str
    author: str
    message: str
    files: Path
    ends: tuple[Ending, ...]
    """What may honestly come out; the demo only compares, after the fact."""
    because: str | None
    """The check that fails, or the step; None where neither does."""


def find_example() -> Path:
    """Return the example repository: in a checkout of Greenroom, or as installed with the package."""
    checkout = Path(__file__).parents[2] / "examples" / _EXAMPLE
    return checkout if checkout.exists() else Path(str(files("greenroom_examples") / _EXAMPLE))


def read_branches() -> list[Branch]:
    """Return the demo's branches in the order in which they are proposed."""
    folder = Path(str(files("greenroom_pipeline") / "demo_branches"))
    return [_read_branch(path) for path in sorted(folder.glob("*/branch.toml"))]


def _read_branch(path: Path) -> Branch:
    values = tomllib.loads(path.read_text())
    return Branch(
        name=values["branch"],
        title=values["title"],
        author=values["author"],
        message=values["message"],
        files=path.parent,
        ends=tuple(values["ends"]),
        because=values.get("because"),
    )


def make_workspace(folder: Path, *, tools: Path) -> Repository:
    """Copy the example to *folder*, build its environment and data, and commit it as `main`."""
    shutil.copytree(find_example(), folder, ignore=_LEFT_BEHIND)
    _prepare_data(folder, tools)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("config", "user.name", "Greenroom demo")
    repository.git("config", "user.email", "demo@localhost")
    repository.git("config", "commit.gpgsign", "false")
    repository.git("config", "core.hooksPath", "/dev/null")
    _commit(repository, "Predict which flights arrive more than 30 minutes late", "Ada Reyes")
    return repository


def add_branch(repository: Repository, branch: Branch) -> None:
    """Commit the branch's files on top of `main`."""
    repository.git("switch", "--quiet", "--create", branch.name, "main")
    for path in branch.files.iterdir():
        if path.name != "branch.toml" and path.is_file():
            shutil.copy(path, repository.root / path.name)
    repository.git("config", f"branch.{branch.name}.description", branch.title)
    _commit(repository, branch.message, branch.author)
    repository.git("switch", "--quiet", "main")


def _commit(repository: Repository, message: str, author: str) -> None:
    address = author.lower().replace(" ", ".")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", message, f"--author={author} <{address}@localhost>")


def _prepare_data(folder: Path, tools: Path) -> None:
    command = [find_uv_bin(), "run", "--frozen", "--quiet", "python", "prepare.py"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=project_environment(os.environ, tools=tools),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise DemoError(
            f"the example's data could not be prepared: {said[-1] if said else 'no message'}",
            log="\n".join(said[-40:]),
        )
