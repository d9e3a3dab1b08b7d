"""The fingerprint: one hash of everything that training reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import TrainTable


def compute_fingerprint(repository: Repository, train: TrainTable) -> str:
    """Hash the command and every input file's path and content.

    Inputs may be files that git ignores (data pulled by another tool): they count by content all the same.
    `RepositoryError` when an input does not exist, or differs from the commit.
    """
    changed = repository.changes(train.inputs or ["."])
    if changed:
        raise RepositoryError(
            f"{_name(changed)} changed since the commit; commit or stash, since a report belongs to a commit"
        )
    files = _input_files(repository, train.inputs) if train.inputs else repository.tracked()
    entries = {name: _digest(repository.root / name) for name in sorted(files)}
    content = {"command": train.command, "model": train.model, "files": entries}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _name(files: list[str]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more}"


def _input_files(repository: Repository, inputs: list[str]) -> set[str]:
    found: set[str] = set()
    for name in inputs:
        path = repository.root / name
        if not path.exists():
            raise RepositoryError(
                f"train.inputs names {name!r}, which is not in {repository.root}; mend the list"
            )
        members = [path] if path.is_file() else [each for each in path.rglob("*") if _counts(each)]
        found.update(each.relative_to(repository.root).as_posix() for each in members)
    return found


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _digest(path: Path) -> str:
    if not path.exists():
        return "absent"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
