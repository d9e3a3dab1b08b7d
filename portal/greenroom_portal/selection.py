"""What a page's address selects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def encode_row(row: Mapping[str, Any]) -> str:
    """Return a row as the text under which an address has it."""
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def decode_row(text: str) -> dict[str, Any] | None:
    """Return the row that an address has; None where it has none."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
