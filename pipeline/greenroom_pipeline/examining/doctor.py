"""What Greenroom needs of this machine and this project, each looked at, with how to mend what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv

from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.places import Places
from greenroom_pipeline.repository import open_repository
from greenroom_services.errors import HostError, ServiceError
from greenroom_services.runtimes.engine import EngineName, describe_engine
from greenroom_services.runtimes.walls import describe_walls, find_walls

GIB = 2**30
ROOM = 2 * GIB


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; *needed* is False for what Greenroom does without."""

    subject: str
    holds: bool
    says: str
    needed: bool = True


def examine(places: Places) -> list[Finding]:
    """Look at everything, however much of it is wrong."""
    return [
        _try("settings", lambda: f"greenroom.toml of {load_settings(places.repository).project.name}"),
        _try("repository", lambda: f"commit {open_repository(places.repository).commit().sha[:7]}"),
        _try("packages", uv.find_uv_bin),
        *(_find_room(name, path) for name, path in (("home", places.home), ("cache", places.cache))),
        *_find_isolation(places),
    ]


def is_well(findings: Sequence[Finding]) -> bool:
    return all(finding.holds for finding in findings if finding.needed)


def _try(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except (GreenroomError, ServiceError, FileNotFoundError) as error:
        return Finding(subject, False, str(error))


def _find_isolation(places: Places) -> Iterator[Finding]:
    """Look at what stands around previews in the runtime that the settings name; without settings, in processes."""
    try:
        name = load_settings(places.repository).preview.runtime
    except GreenroomError:
        name = "process"
    if name == "process":
        for wall, stands, says in describe_walls(find_walls()):
            yield Finding(f"previews: {wall}", stands, says, needed=False)
        return
    engine = _try("previews: containers", lambda: _describe_engine(name))
    yield engine
    if engine.holds:
        yield Finding(
            "previews: walls", True, f"those of {name}: no network, no privileges, no file to write to"
        )


def _describe_engine(name: EngineName) -> str:
    try:
        return describe_engine(name)
    except HostError as error:
        if not error.log:
            raise
        # What the engine said of itself does not say what to do.
        raise HostError(
            f"{error}; see that {name} runs and that this user may ask it, or set preview.runtime to 'process'",
            log=error.log,
        ) from error


def _find_room(name: str, path: Path) -> Finding:
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / GIB:.1f} GiB free at {path}"
    return Finding(name, free >= ROOM, says if free >= ROOM else f"{says}; environments of models need more")
