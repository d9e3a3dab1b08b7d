"""The overlap of holdout and training rows: what a model has seen tests nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.observations import Overlap
from greenroom_pipeline.row_hashes import MISSING, Form, Hashes, choose_form, hash_column, hash_rows
from greenroom_pipeline.settings import DataTable
from greenroom_pipeline.sources import Source, open_source, read_batches
from greenroom_pipeline.wording import join_names, suggest_name

# What pandas calls the column that it once wrote its row numbers to; it says nothing of a row.
_ROW_NUMBERS = ("Unnamed: ", "__index_level_")


@dataclass(frozen=True)
class Training:
    """The files of training rows, looked over and ready to be held against the holdout."""

    holdout: Source
    files: tuple[Source, ...]
    forms: dict[str, Form]
    """Of the columns by which rows are compared."""
    id: tuple[str, Form] | None
    digest: str
    """Of all the files' bytes."""


def open_training(root: Path, data: DataTable) -> Training | None:
    """Look the training files over without reading their rows; None when the settings name none.

    `DataError` when one is not there, cannot be read, or has nothing in common with the holdout.
    """
    if not data.train:
        return None
    holdout = open_source(root, data.holdout, key="data.holdout")
    files = tuple(open_source(root, name, key="data.train") for name in data.train)
    shared = [name for name in holdout.columns if all(name in file.columns for file in files)]
    # Under another id it is the same row.
    compared = [name for name in shared if name != data.id and not name.startswith(_ROW_NUMBERS)]
    if data.id is not None:
        _require_id(data.id, files)
    elif not compared:
        raise DataError(
            f"data.train has no column in common with {data.holdout}: {files[0].name} has "
            f"{join_names(list(files[0].columns))}; give files with the holdout's columns, or set data.id"
        )
    forms = {name: _choose_form(name, holdout, files) for name in compared}
    identity = None if data.id is None else (data.id, _choose_form(data.id, holdout, files))
    digest = hashlib.sha256("".join(_digest(file.path) for file in files).encode()).hexdigest()
    return Training(holdout, files, forms, identity, digest)


def find_overlap(training: Training) -> Overlap:
    """Count the holdout's rows that training has too, keeping no more than the holdout's hashes."""
    own = [_hash(batch, training) for batch in _read(training.holdout, training)]
    rows = np.concatenate([each.rows for each in own])
    seen_rows = Sighting.of(rows)
    seen_ids = Sighting.of(np.concatenate([each.ids for each in own]))
    count = 0
    for file in training.files:
        for batch in _read(file, training):
            hashed = _hash(batch, training)
            seen_rows.meet(hashed.rows)
            seen_ids.meet(hashed.ids)
            count += batch.num_rows
    if not count:
        raise DataError("the files of data.train have no rows; name those that training reads, or none")
    return Overlap(
        train_rows=count,
        rows=sum(each.size for each in own),
        columns=list(training.forms),
        identical=int(np.isin(rows, seen_rows.hashes[seen_rows.met]).sum()),
        ids=None if training.id is None else int(seen_ids.met.sum()),
    )


@dataclass(frozen=True)
class Hashed:
    """A batch's rows and ids as hashes; empty where they are not compared."""

    rows: Hashes
    ids: Hashes
    size: int


@dataclass(frozen=True)
class Sighting:
    """Which of the holdout's hashes have been met in training."""

    hashes: Hashes
    """(k,) each once, in order."""
    met: NDArray[np.bool_]

    @classmethod
    def of(cls, hashes: Hashes) -> Sighting:
        distinct = np.unique(hashes)
        return cls(distinct, np.zeros(distinct.size, dtype=np.bool_))

    def meet(self, others: Hashes) -> None:
        if self.hashes.size:
            places = np.minimum(np.searchsorted(self.hashes, others), self.hashes.size - 1)
            self.met[places[self.hashes[places] == others]] = True


def _hash(batch: pa.RecordBatch, training: Training) -> Hashed:
    nothing = np.empty(0, dtype=np.uint64)
    rows = hash_rows(batch, training.forms) if training.forms else nothing
    if training.id is None:
        return Hashed(rows, nothing, batch.num_rows)
    name, form = training.id
    ids = hash_column(batch.column(name), form)
    # No id is none that two rows share.
    return Hashed(rows, ids[ids != MISSING], batch.num_rows)


def _read(source: Source, training: Training) -> Iterator[pa.RecordBatch]:
    """Yield the columns that are compared, a batch of rows at a time."""
    return read_batches(source, [*training.forms, *([training.id[0]] if training.id else [])])


def _require_id(column: str, files: Sequence[Source]) -> None:
    for file in files:
        if column not in file.columns:
            hint = suggest_name(column, file.columns)
            raise DataError(
                f"data.id is {column!r}, which {file.name} of data.train has no column for; {hint}"
            )


def _choose_form(name: str, holdout: Source, files: Sequence[Source]) -> Form:
    return choose_form([source.columns[name] for source in (holdout, *files)])


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
