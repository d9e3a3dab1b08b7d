"""A file of rows: read, matched to the models' columns, and written back with both models' answers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom_portal.batch_answers import Outcome
from greenroom_portal.cells import CellError, match_fields, read_cell
from greenroom_portal.delimited import find_delimiter, neutralise, read_lines, write_lines
from greenroom_portal.fields import Field
from greenroom_portal.pasting import list_names
from greenroom_portal.wording import clean

MOST_ROWS = 10_000
MOST_MEGABYTES = 20
# Below the header, which is a spreadsheet's first row.
FIRST_ROW = 2
_MARK = "\ufeff"


@dataclass(frozen=True)
class Batch:
    """What a file holds. *refusal* says why none of it can be asked; *problems* why a row cannot be."""

    header: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refusal: str | None = None
    delimiter: str = ","
    marked: bool = False
    """It began with a byte order mark, as spreadsheets write and want it."""

    @property
    def askable(self) -> list[int]:
        """The places of the rows without problems."""
        return [place for place in range(len(self.rows)) if place not in self.problems]


def read_batch(content: bytes, fields: Sequence[Field], *, most_rows: int = MOST_ROWS) -> Batch:
    """Read a CSV file's rows in the columns' own types; everything that is wrong with it is a sentence."""
    text = _decode(content)
    if text is None:
        return Batch(refusal="This is not text in UTF-8; save it as “CSV UTF-8”.")
    plain = text.removeprefix(_MARK)
    delimiter = find_delimiter(plain)
    try:
        # One more tells that there are further rows.
        header, *lines = read_lines(plain, delimiter=delimiter, most=most_rows + 2) or [[]]
    except csv.Error as error:
        return Batch(refusal=f"This is no CSV file: {clean(error)}.")
    if not lines:
        return Batch(refusal="The file has no rows below its first line, which names the columns.")
    if len(lines) > most_rows:
        return Batch(
            refusal=f"The file has more than {most_rows:,} rows, which are the most that are asked at once; cut it."
        )
    columns = match_fields(header, fields)
    refusal = _refuse_columns(columns, fields)
    if refusal:
        return Batch(refusal=refusal)
    rows, problems = _read_rows(lines, columns, fields)
    return Batch(
        header=header,
        lines=lines,
        rows=rows,
        problems=problems,
        notes=_tell_columns(header, columns, fields),
        delimiter=delimiter,
        marked=text.startswith(_MARK),
    )


def _decode(content: bytes) -> str | None:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _refuse_columns(columns: Sequence[Field | None], fields: Sequence[Field]) -> str | None:
    found = [each.name for each in columns if each is not None]
    twice = [each.title for each in fields if found.count(each.name) > 1]
    if twice:
        return f"The file names {list_names(twice)} twice; keep one column of it."
    absent = [each.title for each in fields if not each.nullable and each.name not in found]
    return f"The file lacks {list_names(absent)}, without which the models do not answer." if absent else None


def _tell_columns(
    header: Sequence[str], columns: Sequence[Field | None], fields: Sequence[Field]
) -> list[str]:
    names = zip(header, columns, strict=True)
    extra = [clean(name, longest=60) or "a column without name" for name, found in names if found is None]
    found = {each.name for each in columns if each is not None}
    absent = [each.title for each in fields if each.name not in found]
    return [
        *([f"Kept in the file, and not asked: {list_names(extra)}."] if extra else []),
        *([f"Not in the file, so asked as empty: {list_names(absent)}."] if absent else []),
    ]


def _read_rows(
    lines: Sequence[Sequence[str]], columns: Sequence[Field | None], fields: Sequence[Field]
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    rows, problems = list[dict[str, Any]](), dict[int, str]()
    for place, line in enumerate(lines):
        row: dict[str, Any] = dict.fromkeys(each.name for each in fields)
        try:
            row |= _read_row(line, columns)
        except CellError as error:
            problems[place] = str(error)
        rows.append(row)
    return rows, problems


def _read_row(line: Sequence[str], columns: Sequence[Field | None]) -> dict[str, Any]:
    if len(line) != len(columns):
        raise CellError(f"it has {len(line)} cells, and the first line names {len(columns)} columns")
    row = {each.name: read_cell(each, text) for each, text in zip(columns, line, strict=True) if each}
    empty = [each.title for each in columns if each and not each.nullable and row[each.name] is None]
    if empty:
        raise CellError(f"{list_names(empty)} is empty")
    return row


def write_batch(batch: Batch, outcomes: Mapping[Any, Mapping[int, Outcome]]) -> bytes:
    """Return the file with each model's prediction, probabilities and problems behind its own columns.

    Cells that were there stay as they were; in those that are added, no spreadsheet finds a formula.
    """
    added: list[tuple[str, list[str]]] = []
    for model, answers in outcomes.items():
        added += _list_columns(batch, model, answers)
    names = _distinct([name for name, _ in added], taken=batch.header)
    cells = [texts for _, texts in added]
    width = len(batch.header)
    lines = [
        [*line[:width], *[""] * (width - len(line)), *(neutralise(texts[place]) for texts in cells)]
        for place, line in enumerate(batch.lines)
    ]
    text = write_lines([[*batch.header, *map(neutralise, names)], *lines], delimiter=batch.delimiter)
    return f"{_MARK if batch.marked else ''}{text}".encode()


def _list_columns(batch: Batch, model: str, answers: Mapping[int, Outcome]) -> list[tuple[str, list[str]]]:
    places = range(len(batch.lines))
    classes = list(dict.fromkeys(label for each in answers.values() for label in each.probabilities))
    told = {place: each.error for place, each in answers.items() if each.error} | batch.problems
    return [
        (f"{model}_prediction", [_cell(answers[at].prediction) if at in answers else "" for at in places]),
        *(
            (
                f"{model}_probability_{label}",
                [_cell(answers[at].probabilities.get(label)) if at in answers else "" for at in places],
            )
            for label in classes
        ),
        (f"{model}_problem", [told.get(at, "" if at in answers else "not asked") for at in places]),
    ]


def _cell(value: str | float | None) -> str:
    return "" if value is None else str(value)


def _distinct(names: Sequence[str], *, taken: Sequence[str]) -> list[str]:
    """Return the names, each with as many underscores as tell it from the columns that are there."""
    used, distinct = set(taken), list[str]()
    for name in names:
        while name in used:
            name += "_"
        used.add(name)
        distinct.append(name)
    return distinct
