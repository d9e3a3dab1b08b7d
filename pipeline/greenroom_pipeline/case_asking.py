"""Asking previews about pinned cases: many rows at a time, and a row alone where one of them is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from greenroom_pipeline.case_judging import Given
from greenroom_services.client import HostClient
from greenroom_services.errors import ServiceError

Row = Mapping[str, Any]
Ask = Callable[[Sequence[Row]], Mapping[str, Any]]
CHUNK = 200
SECONDS = 300.0
"""After which nothing more is asked: a model may hang at every row."""


def ask_preview(client: HostClient, rows: Sequence[Row], *, project: str, slot: str) -> list[Given]:
    """Return the answer to each row; what is refused, or fails, says so in the model's own words."""
    if not rows:
        return []
    try:
        with client.asking(project, slot) as ask:
            return ask_all(ask, rows, until=time.monotonic() + SECONDS)
    except ServiceError as error:
        return [Given(error=str(error))] * len(rows)


def ask_all(ask: Ask, rows: Sequence[Row], *, until: float) -> list[Given]:
    given: list[Given] = []
    for start in range(0, len(rows), CHUNK):
        given += _ask(ask, rows[start : start + CHUNK], until=until)
    return given


def _ask(ask: Ask, rows: Sequence[Row], *, until: float) -> list[Given]:
    """Ask about all at once; one row that is wrong refuses all, and is found by halves."""
    if time.monotonic() > until:
        return [Given(error="it was not asked: the answers before took too long")] * len(rows)
    try:
        answer = ask(rows)
    except ServiceError as error:
        if len(rows) == 1:
            return [Given(error=str(error).removeprefix("row 0: "))]
        middle = len(rows) // 2
        return _ask(ask, rows[:middle], until=until) + _ask(ask, rows[middle:], until=until)
    probabilities = answer.get("probabilities") or [None] * len(rows)
    return [Given(*pair) for pair in zip(answer["predictions"], probabilities, strict=True)]
