"""A row that somebody pasted: JSON, or a header and a line from a CSV file or a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom_portal.cells import CellError, match_fields, read_cell, read_value
from greenroom_portal.delimited import find_delimiter, read_lines
from greenroom_portal.fields import Field
from greenroom_portal.wording import clean

LONGEST = 200_000
_SHOWN = 8
_MOST_LINES = 10_000


@dataclass(frozen=True)
class Pasted:
    """The columns that were read; *problems* say why they are not to be used, *notes* what else to know."""

    row: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_pasted(text: str, fields: Sequence[Field]) -> Pasted:
    """Read the first row of *text* in the columns' own types; all of its problems are sentences."""
    if len(text) > LONGEST:
        return Pasted(problems=(f"That is longer than {LONGEST:,} characters; paste one row.",))
    if not text.strip():
        return Pasted(problems=("Paste a JSON object, or a header line and a line of values.",))
    if text.lstrip().startswith(("{", "[")):
        return _read_json(text, fields)
    return _read_table(text, fields)


def _read_json(text: str, fields: Sequence[Field]) -> Pasted:
    try:
        given = json.loads(text)
    except ValueError as error:
        return Pasted(problems=(f"This is not JSON: {clean(error)}.",))
    except RecursionError:
        return Pasted(problems=("This JSON is nested too deeply; paste one object.",))
    if isinstance(given, dict) and isinstance(given.get("rows"), list):
        given = given["rows"]
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, dict):
        return Pasted(problems=('Paste an object with a value for each column, such as {"column": 1}.',))
    further = _tell_further(len(given) - 1) if isinstance(given, list) else ()
    return _read_pairs(list(first.items()), fields, notes=further)


def _read_table(text: str, fields: Sequence[Field]) -> Pasted:
    try:
        lines = read_lines(text, delimiter=find_delimiter(text), most=_MOST_LINES)
    except csv.Error as error:
        return Pasted(problems=(f"This is no table: {clean(error)}.",))
    if len(lines) < 2:
        return Pasted(problems=("Paste two lines: the columns' names, and below them the values.",))
    header, values = lines[0], lines[1]
    if len(header) != len(values):
        sentence = f"The first line names {len(header)} columns, and the second has {len(values)} values."
        return Pasted(problems=(sentence,))
    return _read_pairs(list(zip(header, values, strict=True)), fields, notes=_tell_further(len(lines) - 2))


def _read_pairs(
    pairs: Sequence[tuple[str, Any]], fields: Sequence[Field], *, notes: tuple[str, ...]
) -> Pasted:
    row: dict[str, Any] = {}
    problems, unknown = list[str](), list[str]()
    matched = match_fields([name for name, _ in pairs], fields)
    for (name, value), found in zip(pairs, matched, strict=True):
        if found is None:
            unknown.append(clean(name, longest=60))
            continue
        if found.name in row:
            problems.append(f"{found.title} is there twice; paste it once.")
        try:
            row[found.name] = read_cell(found, value) if isinstance(value, str) else read_value(found, value)
        except CellError as error:
            problems.append(f"{error}.")
    if not row and not problems:
        problems.append("None of the pasted columns is one that the models take.")
    absent = [found.title for found in fields if found.name not in row]
    told = [
        *notes,
        *([f"Not taken: {list_names(unknown)}."] if unknown else []),
        *([f"As in the typical row: {list_names(absent)}."] if absent and not problems else []),
    ]
    return Pasted(row, tuple(problems), tuple(told))


def _tell_further(count: int) -> tuple[str, ...]:
    return (f"Of {count + 1:,} rows the first was taken.",) if count > 0 else ()


def list_names(names: Sequence[str]) -> str:
    """Return the names in a sentence, the first of many with their number."""
    rest = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown
