"""Filters that choose rows of a table by its columns, and the condition that they are as SQL."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.wording import suggest_name

Kind = Literal["text", "boolean", "integer", "number", "date", "time", "zoned", "other"]
Value = str | bool | int | float
MOST_FILTERS = 20
MOST_VALUES = 200
LONGEST_VALUE = 1_000
_RANGED: frozenset[Kind] = frozenset({"integer", "number", "date", "time", "zoned"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
_DAY = len("2013-01-31")


@dataclass(frozen=True)
class Column:
    """A column of the holdout, in the file's order."""

    name: str
    kind: Kind
    """`zoned` is a time with a time zone, filtered in UTC; `other` cannot be filtered by."""

    @property
    def ranged(self) -> bool:
        return self.kind in _RANGED


@dataclass(frozen=True)
class Among:
    """Rows whose value in *column* is one of *values*, or which have none if *missing*."""

    column: str
    values: tuple[Value, ...]
    missing: bool = False


@dataclass(frozen=True)
class Between:
    """Rows whose value in *column* is from *low* to *high*, both included, or which have none if *missing*.

    Dates and times are ISO 8601; an end without a time of day includes its whole day. None leaves an end open.
    """

    column: str
    low: Value | None
    high: Value | None
    missing: bool = False


Filter = Among | Between


@dataclass(frozen=True)
class Condition:
    """SQL that says nothing of what people or data wrote: that is all in *values*, in the order of its `?`."""

    sql: str
    values: tuple[Value, ...]


def write_condition(filters: Sequence[Filter], columns: Sequence[Column], *, table: str) -> Condition:
    """Return what a row must meet; the columns of *table* go by the names c0, c1, … in the order of *columns*.

    `DataError` for a column that there is not, or a value that is none of its kind.
    """
    parts: list[str] = []
    values: list[Value] = []
    for each in filters:
        place, column = _find_column(each.column, columns)
        part, bound = _write_filter(each, column, f"{table}.c{place}")
        parts.append(part)
        values.extend(bound)
    return Condition(" AND ".join(parts) or "true", tuple(values))


def _find_column(name: str, columns: Sequence[Column]) -> tuple[int, Column]:
    names = [column.name for column in columns]
    if name not in names:
        raise DataError(f"the holdout has no column {name!r}; {suggest_name(name, names)}")
    place = names.index(name)
    if columns[place].kind == "other":
        raise DataError(f"column {name!r} holds no single value a row; filter by another one")
    return place, columns[place]


def _write_filter(each: Filter, column: Column, reference: str) -> tuple[str, list[Value]]:
    missing = f"{reference} IS NULL"
    if column.kind == "number":
        # Decimals and short floats are compared as pandas compares them, and NaN is a missing value.
        reference = f"CAST({reference} AS DOUBLE)"
        missing = f"({reference} IS NULL OR isnan({reference}))"
    elif column.kind == "zoned":
        reference = f"make_timestamp(epoch_us({reference}))"
    part, values = (
        _write_among(each, column, reference)
        if isinstance(each, Among)
        else _write_between(each, column, reference)
    )
    return f"({part} OR {missing})" if each.missing else part, values


def _write_among(each: Among, column: Column, reference: str) -> tuple[str, list[Value]]:
    for value in each.values:
        _require_value(value, column)
    if not each.values:
        return "false", []
    marks = ", ".join(_write_mark(column) for _ in each.values)
    return f"coalesce({reference} IN ({marks}), false)", list(each.values)


def _write_between(each: Between, column: Column, reference: str) -> tuple[str, list[Value]]:
    if not column.ranged:
        raise DataError(f"column {column.name!r} has no order; choose among its values")
    parts, values = [f"{reference} IS NOT NULL"], []
    mark = _write_mark(column)
    if column.kind == "number":
        # It would count as the greatest number of all.
        parts.append(f"NOT isnan({reference})")
    if each.low is not None:
        _require_value(each.low, column)
        parts.append(f"{reference} >= {mark}")
        values.append(each.low)
    if each.high is not None:
        _require_value(each.high, column)
        whole_day = column.kind in ("time", "zoned") and len(str(each.high)) == _DAY
        parts.append(f"{reference} < {mark} + INTERVAL 1 DAY" if whole_day else f"{reference} <= {mark}")
        values.append(each.high)
    return f"coalesce({' AND '.join(parts)}, false)", values


def _write_mark(column: Column) -> str:
    casts = {"date": "CAST(? AS DATE)", "time": "CAST(? AS TIMESTAMP)", "zoned": "CAST(? AS TIMESTAMP)"}
    return casts.get(column.kind, "?")


def _require_value(value: Value, column: Column) -> None:
    if not _fits(value, column):
        raise DataError(f"{value!r} is no value of column {column.name!r}, which holds {_NAMES[column.kind]}")


def _fits(value: Value, column: Column) -> bool:
    fits = {
        "text": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": _is_number(value),
        "number": _is_number(value),
    }
    moment = isinstance(value, str) and _MOMENT.fullmatch(value) is not None
    return fits.get(column.kind, moment)


_NAMES: dict[Kind, str] = {
    "text": "text",
    "boolean": "true or false",
    "integer": "whole numbers",
    "number": "numbers",
    "date": "dates, such as 2013-01-31",
    "time": "times, such as 2013-01-31T14:30",
    "zoned": "times, such as 2013-01-31T14:30 in UTC",
    "other": "no single value a row",
}


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Beyond 128 bits a whole number cannot be bound.
    return abs(value) < 2**126 if isinstance(value, int) else math.isfinite(value)


def suits(each: Filter, column: Column) -> bool:
    """Say whether the filter is of the column's kind, and each of its values, too."""
    if isinstance(each, Between) != column.ranged:
        return isinstance(each, Among) and not each.values
    values = each.values if isinstance(each, Among) else [each.low, each.high]
    return all(value is None or _fits(value, column) for value in values)


def encode_filters(filters: Sequence[Filter]) -> str:
    """Return the filters as compact JSON for an address; `decode_filters` reads it."""
    return json.dumps([_to_document(each) for each in filters], ensure_ascii=False, separators=(",", ":"))


def decode_filters(text: str) -> tuple[Filter, ...] | None:
    """Read the filters that an address carries; None when they are none, since anybody may write an address."""
    try:
        documents = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(documents, list) or len(documents) > MOST_FILTERS:
        return None
    found = [_from_document(document) for document in documents]
    filters = tuple(each for each in found if each is not None)
    return filters if len(filters) == len(found) else None


def _to_document(each: Filter) -> dict[str, Any]:
    missing = {"missing": True} if each.missing else {}
    if isinstance(each, Among):
        return {"column": each.column, "in": list(each.values), **missing}
    ends = {"from": each.low, "to": each.high}
    return {"column": each.column, **ends, **missing}


def _from_document(document: object) -> Filter | None:
    if not isinstance(document, dict):
        return None
    column, missing = document.get("column"), document.get("missing", False)
    if not isinstance(column, str) or not isinstance(missing, bool) or not _is_text(column):
        return None
    if document.keys() == {"column", "in", *(["missing"] if "missing" in document else [])}:
        values = document["in"]
        if not isinstance(values, list) or not all(map(_is_value, values)):
            return None
        # No value is one of the choices, too.
        if len(values) + missing > MOST_VALUES:
            return None
        return Among(column, tuple(values), missing)
    if document.keys() == {"column", "from", "to", *(["missing"] if "missing" in document else [])}:
        low, high = document["from"], document["to"]
        if not all(end is None or _is_value(end) for end in (low, high)):
            return None
        return Between(column, low, high, missing)
    return None


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half of a pair of surrogates: JSON can name it, and no page can show it.
        return False
    return True


def _is_value(value: object) -> bool:
    return isinstance(value, bool) or _is_text(value) or _is_number(value)
