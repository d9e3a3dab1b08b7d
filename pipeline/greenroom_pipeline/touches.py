"""Whether what a pull request changes has any bearing on its model's verdict."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.settings import Settings

# A model that comes as a file is loaded with what these say, whether or not training reads them.
_PINS = ("requirements.txt", "uv.lock")


def touches_model(settings: Settings, folder: str, files: Sequence[str] | None) -> bool:
    """Say whether one of the changed *files* is read by training, scoring or the gate.

    *files* are paths from the top of the repository, None stands for too many to be listed; *folder* is the
    project's own, empty at the top.
    """
    if files is None:
        return True
    below = [name for name in map(posixpath.normpath, files) if _is_within(name, folder)]
    own = [posixpath.relpath(name, folder) if folder else name for name in below]
    if not settings.train.inputs:
        return bool(own)
    read = list(_list_read(settings))
    # A function of the project imports what it likes.
    code = (".py",) if settings.metric else ()
    return any(name.endswith(code) or any(_is_within(name, path) for path in read) for name in own)


def _list_read(settings: Settings) -> Iterable[str]:
    train, data = settings.train, settings.data
    yield from (FILE, data.holdout, *data.train, *train.inputs)
    if train.model is not None:
        yield from (*_PINS, *([train.requirements] if train.requirements else []))


def _is_within(name: str, path: str) -> bool:
    """Say whether a file is *path*, or below it."""
    path = posixpath.normpath(path or ".")
    return path == "." or name == path or name.startswith(f"{path}/")
