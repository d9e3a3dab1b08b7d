"""Writing `greenroom.toml` and the workflow into a repository, all of it or nothing."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from greenroom_pipeline.configuration import FILE, load_settings
from greenroom_pipeline.errors import GreenroomError, SettingsError
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.setup.detection import Detected, Given, detect
from greenroom_pipeline.setup.settings_file import write_settings
from greenroom_pipeline.setup.workflow_file import Workflow, write_workflow


@dataclass(frozen=True)
class Draft:
    """A file that is to be there."""

    path: Path
    text: str

    @property
    def stands(self) -> bool:
        """Whether it is there already, to the letter."""
        try:
            return self.path.read_text() == self.text
        except (OSError, UnicodeDecodeError):
            return False


@dataclass(frozen=True)
class Outcome:
    found: Detected
    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    """Files that were there already as they should be, or are the person's own."""
    left: tuple[str, ...]
    """What is left for the person, a sentence each."""


def initialise(
    repository: Repository, given: Given, *, server: str | None, action: str | None, force: bool
) -> Outcome:
    """Write what is missing; `SettingsError`, before anything is written, for a file that would be overwritten.

    A `greenroom.toml` that stands is the person's own: it is kept, and the workflow fits it. *force* writes it anew
    where *given* says something of it, or where it cannot be read. *action* is Greenroom's in the workflow; without
    one no workflow is written.
    """
    settings_path = repository.root / FILE
    settings = _read_own(settings_path) if given == Given() else None
    own = settings is not None or (settings_path.exists() and not force and given == Given())
    found = detect(repository, given)
    drafts = [] if own else [Draft(settings_path, write_settings(found))]
    if action is not None:
        plan = _plan_workflow(found, settings, server=server, action=action)
        drafts.append(Draft(found.top / plan.path, write_workflow(plan)))
    written = write_drafts(drafts, force=force)
    kept = [settings_path] if own else []
    kept += [draft.path for draft in drafts if draft.path not in written]
    return Outcome(
        found,
        written,
        tuple(kept),
        tuple(_list_left(settings_path, found, own=own, alone=action is not None and server is None)),
    )


def _read_own(path: Path) -> Settings | None:
    try:
        return load_settings(path.parent)
    except GreenroomError:
        return None


def _plan_workflow(
    found: Detected, settings: Settings | None, *, server: str | None, action: str
) -> Workflow:
    return Workflow(
        project=settings.project.name if settings else found.name.value or "project",
        folder=found.folder,
        branch=found.branch,
        server=server,
        action=action,
        seconds=settings.train.timeout * settings.train.seeds if settings else 3600,
        steps=(*found.toolchain.steps, *((found.dvc.step,) if found.dvc else ())),
        locks=found.toolchain.locks,
        lfs=found.lfs,
    )


def write_drafts(drafts: Sequence[Draft], *, force: bool) -> tuple[Path, ...]:
    """Write those that are not there yet, and return their paths; all of them or none."""
    wanted = [draft for draft in drafts if not draft.stands]
    in_the_way = [str(draft.path) for draft in wanted if draft.path.exists() or draft.path.is_symlink()]
    if in_the_way and not force:
        raise SettingsError(
            f"{' and '.join(in_the_way)} would be overwritten; look at it, then pass --force, or move it away"
        )
    try:
        for draft in wanted:
            draft.path.parent.mkdir(parents=True, exist_ok=True)
            _beside(draft.path).write_text(draft.text)
        for draft in wanted:
            _beside(draft.path).replace(draft.path)
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be written: {error.strerror}") from None
    finally:
        for draft in wanted:
            with contextlib.suppress(OSError):
                _beside(draft.path).unlink()
    return tuple(draft.path for draft in wanted)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _list_left(settings: Path, found: Detected, *, own: bool, alone: bool) -> Iterator[str]:
    """Say what is to be done yet. *alone* means that there is a workflow, and no server."""
    if own:
        yield from _find_complaint(settings.parent)
    else:
        yield from (f"{key} in {FILE}: {why}" for key, why in found.missing.items())
    yield from found.gaps
    if alone:
        yield (
            "somewhere to keep production: let training log to an MLflow server, and name it in the repository's"
            " variable MLFLOW_TRACKING_URI; or run `greenroom init --server ADDRESS`"
        )
        yield (
            "production itself, to compare with: once, on the default branch and with MLFLOW_TRACKING_URI set to that"
            " server, `greenroom run && greenroom promote`"
        )


def _find_complaint(folder: Path) -> list[str]:
    try:
        load_settings(folder)
    except GreenroomError as error:
        return [str(error)]
    return []


def read_origin() -> str | None:
    """Return what the installer has noted of where this Greenroom is from, as PEP 610 has it."""
    return distribution("greenroom").read_text("direct_url.json")


def find_action(installed: str | None) -> str | None:
    """Return the action of the very commit on GitHub that a Greenroom was installed from, where that is known."""
    source = json.loads(installed) if installed else {}
    commit = source.get("vcs_info", {}).get("commit_id", "")
    host = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", source.get("url", ""))
    return f"{host[1]}@{commit}" if host and re.fullmatch(r"[0-9a-f]{40}", commit) else None
