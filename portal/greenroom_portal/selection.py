"""What a page's address selects."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

# Percent-encoded it still fits into the 64 KiB that servers take as a request's first line.
LONGEST_ROW = 16_000


@dataclass(frozen=True)
class Selection:
    """One review."""

    project: str
    pull: int


def read_selection(parameters: Mapping[str, str]) -> Selection | None:
    """Read `?project=…&pull=…`; None when either is missing or the number is not one."""
    project, pull = parameters.get("project", ""), parameters.get("pull", "")
    if not project or not (pull.isascii() and pull.isdigit() and len(pull) < 10):
        return None
    return Selection(project=project, pull=int(pull))


def address_review(selection: Selection) -> dict[str, str]:
    """Return the query parameters under which *selection* is found again."""
    return {"project": selection.project, "pull": str(selection.pull)}


def address_row(selection: Selection, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the query parameters under which *Try it* opens with *row* in its form."""
    return {**address_review(selection), "row": encode_row(row)}


def encode_row(row: Mapping[str, Any]) -> str:
    """Write a row as compact JSON; what is no scalar is left out, and what is not finite is null."""
    scalars = {str(name): _finite(value) for name, value in row.items() if _is_scalar(value)}
    text = json.dumps(scalars, ensure_ascii=False, separators=(",", ":"))
    # Half of a pair of surrogates is no text that an address can hold.
    return text.encode(errors="replace").decode()


def decode_row(text: str) -> dict[str, Any] | None:
    """Read what `encode_row` wrote; None for anything else, however it is meant."""
    if len(text) > LONGEST_ROW:
        return None
    try:
        row = json.loads(text, parse_constant=_refuse_constant, parse_int=_parse_whole)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and all(map(_is_scalar, row.values())) else None


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parse_whole(digits: str) -> int:
    """Read a whole number that a float can hold as well: no column has another."""
    whole = int(digits)
    if abs(whole) > sys.float_info.max:
        raise ValueError(f"{digits[:20]}… is too large")
    return whole


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
