"""What a repository says of itself: how its model is trained, on what, and under which name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.setup.data_tools import MODEL_FILES, Dvc, find_dvc, uses_lfs
from greenroom_pipeline.setup.holdout_search import (
    Guess,
    find_holdout,
    find_slices,
    find_target,
    find_task,
    find_training,
)
from greenroom_pipeline.setup.remote import find_origin
from greenroom_pipeline.setup.toolchain import (
    Toolchain,
    find_toolchain,
    read_makefile_targets,
    read_pyproject,
)

SCRIPTS = ("train.py", "src/train.py", "scripts/train.py", "training/train.py")
_MOST_SOURCES = 50
_RUNNERS = ("uv run", "uvx", "poetry run", "conda run", "pixi run", "docker")
_SAVED = re.compile(rf"[\"']([\w./-]+(?:{'|'.join(map(re.escape, MODEL_FILES))}))[\"']")


@dataclass(frozen=True)
class Given:
    """What the person said, which is not looked for."""

    name: str | None = None
    task: str | None = None
    command: str | None = None
    holdout: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class Training:
    """How the model is trained."""

    command: Guess
    sources: tuple[str, ...] = ()
    """The training script and the modules beside it."""
    model: str | None = None
    """File that it leaves, where it logs none to MLflow."""
    is_silent: bool = False
    """Whether nothing of it mentions MLflow, or a file of a model."""


@dataclass(frozen=True)
class Detected:
    top: Path
    """The top folder of the repository."""
    folder: str
    """The project's, from there; empty at the top."""
    branch: str
    origin: str | None
    """`owner/name` of the repository on a host that looks like GitHub."""
    host: str | None
    name: Guess
    task: Guess
    training: Training
    holdout: Guess
    target: Guess
    train: str | None
    """File of the training rows."""
    slices: tuple[str, ...]
    toolchain: Toolchain
    dvc: Dvc | None
    lfs: bool
    gaps: tuple[str, ...]
    """What a fresh checkout lacks, a sentence each."""

    @property
    def missing(self) -> dict[str, str]:
        """Return what must be filled in, and why it was not found."""
        wanted = {
            "project.name": self.name,
            "project.task": self.task,
            "train.command": self.training.command,
            "data.holdout": self.holdout,
            "data.target": self.target,
        }
        return {key: guess.why for key, guess in wanted.items() if guess.value is None}


def detect(repository: Repository, given: Given) -> Detected:
    """Look at the project in `repository.root`; what *given* says stands."""
    folder = repository.root
    top = Path(repository.git("rev-parse", "--show-toplevel")).resolve()
    toolchain = find_toolchain(folder, top=top)
    dvc = find_dvc(folder, toolchain, top=top)
    training = _find_training(folder, toolchain, dvc, given.command)
    holdout = _say(given.holdout, "--holdout") or find_holdout(folder)
    target, task = _read_holdout(folder, holdout, given)
    path = folder / (holdout.value or "")
    host, origin = find_origin(repository)
    return Detected(
        top=top,
        folder="" if folder == top else folder.relative_to(top).as_posix(),
        branch=_find_branch(repository),
        origin=origin,
        host=host,
        name=_say(given.name, "--name") or _find_name(folder, origin if folder == top else None),
        task=task,
        training=training,
        holdout=holdout,
        target=target,
        train=find_training(folder, holdout.value) if holdout.value and path.is_file() else None,
        slices=tuple(find_slices(path, target=target.value or "")) if path.is_file() else (),
        toolchain=toolchain,
        dvc=dvc,
        lfs=uses_lfs(top, folder),
        gaps=tuple(_find_gaps(repository, holdout.value, training, dvc)),
    )


def _say(value: str | None, option: str) -> Guess | None:
    return None if value is None else Guess(value, option)


def _find_name(folder: Path, origin: str | None) -> Guess:
    values = read_pyproject(folder)
    tables = (values.get("project"), values.get("tool", {}).get("poetry"))
    named = [
        table["name"] for table in tables if isinstance(table, dict) and isinstance(table.get("name"), str)
    ]
    said = [(name, "pyproject.toml") for name in named]
    said += [(origin.partition("/")[2], "the repository's name")] if origin else []
    said += [(folder.name, "the folder's name")]
    for text, why in said:
        name = re.sub(r"[^a-z0-9]+", "-", text.lower())[:50].strip("-")
        if name:
            return Guess(name, why)
    return Guess(None, f"the folder's name {folder.name!r} gives none; pass --name")


def _find_training(folder: Path, toolchain: Toolchain, dvc: Dvc | None, given: str | None) -> Training:
    sources = find_sources(folder)
    if dvc is not None and dvc.outputs and given is None:
        return _train_by_stage(dvc, sources)
    command, texts = _find_command(folder, toolchain, sources, given), _read_sources(folder, sources)
    if any("mlflow" in text for text in texts):
        return Training(command, sources)
    model = next((name for text in texts for name in _SAVED.findall(text)), None)
    return Training(command, sources, model, is_silent=model is None and bool(sources))


def _find_command(folder: Path, toolchain: Toolchain, sources: tuple[str, ...], given: str | None) -> Guess:
    if given is not None:
        return Guess(given, "--command")
    recipe = read_makefile_targets(folder).get("train")
    if recipe is not None:
        own = any(each in recipe for each in _RUNNERS)
        why = f"target train of the Makefile{'' if own else f', {toolchain.why}'}"
        return Guess("make train" if own else toolchain.call("make train"), why)
    if sources:
        return Guess(toolchain.call(f"python {sources[0]}"), f"{sources[0]}, {toolchain.why}")
    return Guess(None, f"no {', '.join(SCRIPTS)}, Makefile target or DVC stage of that name; pass --command")


def _train_by_stage(dvc: Dvc, sources: tuple[str, ...]) -> Training:
    stage = "train" if "train" in dvc.outputs else None
    stages = dvc.outputs if stage is None else (stage,)
    model = next((found for each in stages if (found := dvc.model(each))), None)
    # A stage that is up to date is not run again, and then would log no model; a file is checked out all the same.
    options = f"{'' if model else ' --force'}{f' {stage}' if stage else ''}"
    why = f"stage {stage} of dvc.yaml" if stage else "dvc.yaml"
    return Training(Guess(f"{dvc.command} repro{options}", why), sources, model)


def find_sources(folder: Path) -> tuple[str, ...]:
    """Return the training script and the modules beside it, from *folder*; nothing where there is no script."""
    script = next((name for name in SCRIPTS if (folder / name).is_file()), None)
    if script is None:
        return ()
    beside = sorted(each.relative_to(folder).as_posix() for each in (folder / script).parent.glob("*.py"))
    return (script, *[each for each in beside if each != script][:_MOST_SOURCES])


def _read_sources(folder: Path, sources: tuple[str, ...]) -> list[str]:
    return [(folder / name).read_text(errors="replace") for name in sources]


def _read_holdout(folder: Path, holdout: Guess, given: Given) -> tuple[Guess, Guess]:
    """Return target and task, as said or as the holdout's values suggest."""
    target, task = _say(given.target, "--target"), _say(given.task, "--task")
    path = folder / (holdout.value or "")
    if not path.is_file():
        why = f"{holdout.value} is not there yet" if holdout.value else "there is no holdout to look at"
        return target or Guess(None, f"{why}; pass --target"), task or Guess(None, f"{why}; pass --task")
    target = target or find_target(path, [folder / name for name in find_sources(folder)])
    if task is None:
        task = (
            find_task(path, target.value)
            if target.value
            else Guess(None, "no target to look at; pass --task")
        )
    return target, task


def _find_gaps(
    repository: Repository, holdout: str | None, training: Training, dvc: Dvc | None
) -> Iterator[str]:
    if training.is_silent:
        yield (
            f"train.model in greenroom.toml: nothing in {training.sources[0]} or beside it mentions MLflow; log the"
            " model, or name the file that training leaves"
        )
    if dvc is not None:
        yield (
            "the step `Fetch the data` of the workflow: give it as `env:` what DVC's remote asks for, from the"
            " repository's secrets"
        )
    elif holdout is not None and not repository.asks("ls-files", "--error-unmatch", "--", holdout):
        ignored = repository.asks("check-ignore", "--quiet", "--", holdout)
        mend = (
            "add a step to the workflow that fetches or makes it"
            if ignored
            else "commit it, or keep it in DVC"
        )
        yield f"{holdout} is not in git, so a fresh checkout lacks it: {mend}"


def _find_branch(repository: Repository) -> str:
    try:
        return repository.default_branch()
    except RepositoryError:
        return repository.branch() or "main"
