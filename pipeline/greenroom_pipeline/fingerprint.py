"""The fingerprint: one hash of everything that training reads."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from greenroom_pipeline.cases import CASES_FILE
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import TrainTable

# Git's own, Greenroom's own, and what Python and environments leave behind.
_LEFT_OUT = frozenset({".git", ".greenroom", ".venv", "__pycache__"})


def compute_fingerprint(repository: Repository, train: TrainTable) -> str:
    """Hash the command and every input file's path and content.

    Inputs may be files that git ignores (data pulled by another tool): they count by content all the same. Pinned
    cases are asked and not trained on, so they count only where the settings name them.
    `RepositoryError` when an input does not exist, or differs from the commit.
    """
    require_committed(repository, train.inputs or ["."])
    files = (
        _input_files(repository, train.inputs) if train.inputs else set(repository.tracked()) - {CASES_FILE}
    )
    if train.model is not None:
        # Greenroom itself reads what the model file needs to load.
        files.update(name for name in (train.requirements, "requirements.txt", "uv.lock") if name is not None)
    entries = {name: _digest(repository.root / name) for name in sorted(files)}
    content = {"train": train.model_dump(exclude={"inputs", "timeout", "seeds"}), "files": entries}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode(errors="surrogateescape")).hexdigest()


def require_committed(repository: Repository, paths: Sequence[str]) -> None:
    """Raise `RepositoryError` when a file under *paths* differs from the commit, but for those git ignores."""
    changed = repository.changes(paths)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise RepositoryError(
            f"{changed[0]}{more} changed since the commit; commit or stash, since a report belongs to a commit"
        )


def _input_files(repository: Repository, inputs: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for name in inputs:
        path = repository.root / name
        if not path.exists():
            raise RepositoryError(
                f"train.inputs names {name!r}, which is not in {repository.root}; make it, or mend the list"
            )
        members = [path] if path.is_file() else _walk(path)
        found.update(each.relative_to(repository.root).as_posix() for each in members)
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below *folder*, through links to folders as well, but into no folder twice."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        folders[:] = [] if real in seen else sorted(set(folders) - _LEFT_OUT)
        if real not in seen:
            yield from (Path(place) / name for name in names)
        seen.add(real)


def _digest(path: Path) -> str:
    """Return the digest of a file's bytes; of a link to a folder and a submodule, that of where it stands."""
    if path.is_dir():
        return f"folder {path.readlink() if path.is_symlink() else 'submodule'}"
    if not path.exists():
        return "absent"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
