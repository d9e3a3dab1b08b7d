"""Copies of holdouts, kept by digest, so that a report's rows can be looked into after the checkout has moved on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.places import Places
from greenroom_pipeline.table import read_table

MOST_KEPT = 8
"""Copies; beyond them the one goes that was not asked for the longest."""


def keep_holdout(places: Places, path: Path, *, digest: str) -> Path | None:
    """Keep a copy of the holdout at *path*, as Parquet; None where there is no room, or no form for it.

    Never a link: a file that is written in place would change the copy, too.
    """
    kept = _name(places, digest)
    if kept.exists():
        return kept
    with suppress(OSError, DataError, pa.ArrowException):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            fresh = Path(folder) / kept.name
            _write_parquet(path, fresh)
            # Another process may have been faster, with the same bytes.
            fresh.replace(kept)
        _evict(kept.parent)
        return kept
    return None


def find_holdout(places: Places, path: Path, *, digest: str) -> Path | None:
    """Return the copy of the holdout of this digest, made from *path* if that is the same; None where neither is."""
    kept = _name(places, digest)
    if kept.exists():
        with suppress(OSError):
            os.utime(kept)
        return kept
    if not path.is_file():
        return None
    state = path.stat()
    if _digest_file(path, state.st_mtime_ns, state.st_size) != digest:
        return None
    return keep_holdout(places, path, digest=digest)


def _name(places: Places, digest: str) -> Path:
    return places.holdouts / f"{digest}.parquet"


def _write_parquet(source: Path, target: Path) -> None:
    if source.suffix.lower() in (".parquet", ".pq"):
        shutil.copyfile(source, target)
        return
    frame = read_table(source, what="the holdout")
    frame.columns = pd.Index([str(name) for name in frame.columns])
    frame.to_parquet(target, index=False)


def _evict(folder: Path) -> None:
    copies = sorted(folder.glob("*.parquet"), key=lambda copy: copy.stat().st_mtime_ns, reverse=True)
    for copy in copies[MOST_KEPT:]:
        copy.unlink(missing_ok=True)


@lru_cache(maxsize=64)
def _digest_file(path: Path, modified: int, size: int) -> str:
    """Hash the file once for each of its states."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
