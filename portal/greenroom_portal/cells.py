"""A value that somebody typed, pasted or sent in a file, as the model's column has it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from greenroom_portal.fields import Field
from greenroom_portal.wording import clean

_EMPTY = frozenset({"", "na", "n/a", "nan", "null", "none"})
_TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXPECTED = {
    "number": "a number such as 3.5, with a point and without spaces",
    "boolean": "yes or no",
    "datetime": "a time such as 2026-01-31T08:30:00",
}
# Numbers are read by Python, which takes its time over longer ones.
LONGEST_NUMBER = 400


class CellError(ValueError):
    """The value does not suit its column; the message says which, what came and what is expected."""


def match_fields(names: Sequence[str], fields: Sequence[Field]) -> list[Field | None]:
    """Return for each name the field of that name, or of that label; case and spaces around it do not count."""
    exact = {field.name: field for field in reversed(fields)}
    near: dict[str, Field] = {}
    for field in fields:
        near.setdefault(field.name.casefold(), field)
        near.setdefault(field.title.casefold(), field)
    return [exact.get(name) or near.get(name.strip().casefold()) for name in names]


def read_value(field: Field, value: Any) -> Any:
    """Return a JSON value in the column's own type; `CellError` when it has none."""
    if value is None or isinstance(value, str):
        return read_cell(field, value or "")
    if field.kind in ("category", "text") and not isinstance(value, list | dict):
        return str(value)
    if field.kind == "boolean" and isinstance(value, bool):
        return value
    if field.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return _read_number(field, repr(value))
    if field.kind == "boolean" and value in (0, 1):
        return bool(value)
    raise _refuse(field, value)


def read_cell(field: Field, text: str) -> Any:
    """Return a cell's text in the column's own type, None when it is empty; `CellError` when it has none."""
    plain = text.strip()
    if field.kind in ("category", "text"):
        return None if not plain else text if text in field.options or plain not in field.options else plain
    if plain.lower() in _EMPTY:
        return None
    if field.kind == "number":
        return _read_number(field, plain)
    if field.kind == "boolean" and plain.lower() in _TRUTHS:
        return _TRUTHS[plain.lower()]
    if field.kind == "datetime":
        return _read_time(field, plain)
    raise _refuse(field, text)


def _read_number(field: Field, text: str) -> int | float:
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise _refuse(field, text)
    value = float(text)
    if not math.isfinite(value):
        raise _refuse(field, text)
    if not field.integer:
        return value
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if value != int(value):
        raise _refuse(field, text)
    return int(value)


def _read_time(field: Field, text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise _refuse(field, text) from None


def _refuse(field: Field, value: Any) -> CellError:
    expected = "a whole number" if field.integer else _EXPECTED.get(field.kind, "a single value")
    return CellError(f"{field.title} is {clean(value, longest=60)!r}; expected {expected}")
