"""What a page's address selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
