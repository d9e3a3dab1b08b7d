"""Which file of a repository looks like its holdout, and what its columns say of the task."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from greenroom_pipeline.errors import DataError, SettingsError
from greenroom_pipeline.guess import guess_task
from greenroom_pipeline.table import read_columns, read_head, read_names

_SUFFIXES = (".parquet", ".pq", ".csv")
# What it may be called, the surest name first.
_STEMS = ("holdout", "hold_out", "test", "eval", "validation", "valid", "val")
_TARGETS = ("target", "label", "y", "class", "outcome")
_SKIPPED = {"node_modules", "site-packages", "mlruns", "tests", "venv", "env", "build", "dist"}
_DEPTH = 3
_ASSIGNED = re.compile(r"\b(?:target|label|y)\w*\s*=\s*(?:\w+\[\s*)?[\"']([^\"'\n]+)[\"']", re.IGNORECASE)
_MOST_SLICES, _MOST_VALUES = 3, 12


class Guess(NamedTuple):
    """What was found out, and from what; without a *value* it says why there is none."""

    value: str | None
    why: str


def find_holdout(folder: Path) -> Guess:
    """Return the file that is most likely the holdout, from *folder*, also where DVC alone knows of it."""
    ranked = sorted(
        (rank, len(Path(name).parts), name) for name in _tables(folder) if (rank := _rank(name)) is not None
    )
    if not ranked:
        return Guess(None, "no holdout.parquet, test.csv or the like here or in data/")
    return Guess(ranked[0][2], "by its name")


def _tables(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        here = Path(place).relative_to(folder)
        deep = len(here.parts) >= _DEPTH
        folders[:] = [] if deep else [each for each in folders if each[0] != "." and each not in _SKIPPED]
        for name in files:
            # A pointer of DVC's is named after its file.
            table = name.removesuffix(".dvc")
            if table.endswith(_SUFFIXES):
                yield (here / table).as_posix()


def _rank(name: str) -> int | None:
    words = re.split(r"[_\-.]", Path(name).stem.lower())
    joined = Path(name).stem.lower()
    return next((rank for rank, stem in enumerate(_STEMS) if stem in words or joined.startswith(stem)), None)


def find_training(folder: Path, holdout: str) -> str | None:
    """Return the training rows that lie beside the holdout: a table of that name with the same columns."""
    path = folder / holdout
    for each in sorted(path.parent.glob(f"*{path.suffix}")):
        if re.match(r"train", each.stem.lower()) and _have_same_columns(each, path):
            return each.relative_to(folder).as_posix()
    return None


def _have_same_columns(one: Path, other: Path) -> bool:
    try:
        return set(read_names(one)) == set(read_names(other))
    except DataError:
        return False


def find_target(path: Path, sources: Sequence[Path]) -> Guess:
    """Return the column that the training code calls its target, or one whose name says so."""
    try:
        names = read_names(path)
    except DataError as error:
        return Guess(None, str(error))
    said = Counter(name for source in sources for name in _ASSIGNED.findall(_read(source)) if name in names)
    if len(said) == 1:
        return Guess(next(iter(said)), "the training code names it")
    known = [name for name in names if name.lower() in _TARGETS]
    if not said and len(known) == 1:
        return Guess(known[0], "by its name")
    many = sorted(said) or known
    why = f"it may be {' or '.join(many)}" if many else "no column's name says so"
    return Guess(None, f"{why}; pass --target")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def find_task(path: Path, target: str) -> Guess:
    """Return the task that the target's values suggest."""
    try:
        found = guess_task(read_columns(path, [target]), target, (), kind=None)
    except SettingsError:
        return Guess(None, f"the numbers in {target!r} may be classes or amounts; pass --task")
    except DataError as error:
        return Guess(None, str(error))
    return Guess(found.task, found.why)


def find_slices(path: Path, *, target: str) -> list[str]:
    """Return columns of few different texts, by which people are used to look at data."""
    try:
        head = read_head(path)
    except DataError:
        return []
    texts = [name for name in head.columns if name != target and head[name].dtype.kind not in "iufcmM"]
    few = [name for name in texts if 2 <= head[name].nunique() <= _MOST_VALUES]
    return few[:_MOST_SLICES]
