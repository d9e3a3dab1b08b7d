"""Whether what a pull request changes has any bearing on its model's verdict."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence

from greenroom_pipeline.cases import CASES_FILE
from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.settings import Settings

# A model that comes as a file is loaded with what these say, whether or not training reads them.
_PINS = ("requirements.txt", "uv.lock")
# Data that DVC keeps elsewhere is named by a pointer beside its place, or by what its stages came to.
_POINTER, _LOCK = ".dvc", "dvc.lock"


def touches_model(
    settings: Settings, folder: str, files: Sequence[str] | None, *, links: Mapping[str, str] | None = None
) -> bool:
    """Say whether one of the changed *files* is read by training, scoring or the gate.

    *files* are paths from the top of the repository, None stands for too many to be listed; *folder* is the
    project's own, empty at the top. *links* are symbolic links of the project's and what they lead to, from the top.
    """
    if files is None:
        return True
    changed = [posixpath.normpath(name.removesuffix(_POINTER)) for name in files]
    below = [name for name in changed if _is_within(name, folder)]
    own = [posixpath.relpath(name, folder) if folder else name for name in below]
    if not settings.train.inputs:
        return bool(own)
    read = list(_list_read(settings))
    # A function of the project imports what it likes.
    code = (".py",) if settings.metric else ()
    led_to = [target for name, target in (links or {}).items() if any(_meet(name, path) for path in read)]
    return (
        any(name.endswith(code) or any(_meet(name, path) for path in read) for name in own)
        or any(posixpath.basename(name) == _LOCK for name in own)
        or any(_is_within(name, target) for name in changed for target in led_to)
    )


def _list_read(settings: Settings) -> Iterable[str]:
    train, data = settings.train, settings.data
    yield from (FILE, CASES_FILE, data.holdout, *data.train, *train.inputs)
    if train.model is not None:
        yield from (*_PINS, *([train.requirements] if train.requirements else []))


def _meet(name: str, path: str) -> bool:
    """Say whether one is in the other: a link, a submodule or a pointer stands for all that is below it."""
    return _is_within(name, path) or _is_within(path, name)


def _is_within(name: str, path: str) -> bool:
    """Say whether a file is *path*, or below it."""
    name, path = posixpath.normpath(name), posixpath.normpath(path or ".")
    return path == "." or name == path or name.startswith(f"{path}/")
