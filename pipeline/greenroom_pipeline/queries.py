"""Rows asked of previews, as the portal and the demo ask them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from greenroom_pipeline.desk import Replies, Reply
from greenroom_pipeline.places import Places
from greenroom_services.client import HostClient
from greenroom_services.errors import (
    HostAbsent,
    HostError,
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
    QueryRefused,
    ServiceError,
)

# A service takes ten thousand; fewer keep the answer small where it names many classes.
CHUNK_ROWS = 2_000
REMEMBERED = 256
_GONE = (HostAbsent, PreviewAbsent, PreviewFailed, PreviewStarting)

_Row = dict[str, Any]
_Ask = Callable[[Sequence[_Row]], dict[str, Any]]


def query(places: Places, row: _Row, *, project: str, slot: str) -> Reply:
    """Ask the preview in the slot about one row; columns that its model does not take are left out."""
    many = query_many(places, [row], project=project, slot=slot)
    if many.error is not None:
        return Reply(None, None, 0, {}, error=many.refusals.get(0, many.error))
    return Reply(
        prediction=many.predictions[0],
        probabilities=many.probabilities[0] if many.probabilities else None,
        seconds=many.seconds,
        model=many.model,
        woke=many.woke,
    )


def query_many(places: Places, rows: Sequence[_Row], *, project: str, slot: str) -> Replies:
    """Ask the preview in the slot about rows at once; columns that its model does not take are left out.

    One row that is refused refuses all. What follows the first part with such a row is not asked.
    """
    if not rows:
        return Replies([], None, 0, {})
    host = HostClient(places.host)
    try:
        state = host.status(project, slot)
        woke = state.state != "awake"
        start = time.perf_counter()
        taken = _columns_taken(places.host, project, slot, state.bundle or "")
        if not woke:
            start = time.perf_counter()
        questions = [{name: value for name, value in row.items() if name in taken} for row in rows]
        with host.asking(project, slot) as ask:
            return _join(list(_ask_parts(ask, questions)), start=start, woke=woke)
    except _PartRefusedError as error:
        return Replies([], None, 0, {}, error=error.sentence, refusals=error.refusals)
    except ServiceError as error:
        return Replies([], None, 0, {}, error=str(error), gone=isinstance(error, _GONE))


@lru_cache(maxsize=REMEMBERED)
def _columns_taken(state: Path, project: str, slot: str, _bundle: str) -> frozenset[str]:
    """Name the columns of the preview's model, asked once for each bundle that comes to the slot."""
    features = HostClient(state).describe(project, slot)["profile"]["features"]
    return frozenset(feature["name"] for feature in features)


class _PartRefusedError(Exception):
    def __init__(self, sentence: str, refusals: dict[int, str]) -> None:
        super().__init__(sentence)
        self.sentence, self.refusals = sentence, refusals


def _ask_parts(ask: _Ask, questions: list[_Row]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(questions), CHUNK_ROWS):
        part = questions[first : first + CHUNK_ROWS]
        try:
            yield ask(part)
        except QueryRefused as error:
            refusals = _read_refusals(error, first=first, rows=len(part))
            place = min(refusals, default=None)
            sentence = str(error) if place is None else f"row {place}: {refusals[place]}"
            raise _PartRefusedError(sentence, refusals) from error


def _read_refusals(error: QueryRefused, *, first: int, rows: int) -> dict[int, str]:
    """Return a sentence for each row that the service names; a candidate may have written them."""
    refusals: dict[int, str] = {}
    for problem in error.detail:
        row = problem.get("row")
        if type(row) is int and 0 <= row < rows:
            refusals.setdefault(first + row, _tell_problem(problem, row=row, message=str(error)))
    return refusals


def _tell_problem(problem: dict[str, Any], *, row: int, message: str) -> str:
    """The message is about the first problem alone; the others have theirs in parts."""
    opening = f"row {row}: "
    if message.startswith(opening):
        return message.removeprefix(opening)
    got = problem.get("got")
    shown = "null" if got is None else repr(got)
    return f"column {problem.get('column')!r} is {shown}, expected {problem.get('expected')}"


def _join(answers: list[dict[str, Any]], *, start: float, woke: bool) -> Replies:
    models = [answer["model"] for answer in answers]
    if any(model != models[0] for model in models):
        raise HostError("another model took the preview over while it was asked; ask again")
    given = [answer.get("probabilities") for answer in answers]
    probabilities = None
    if any(part is not None for part in given):
        # A model may give probabilities to some rows alone, such as one that answers with a single number.
        probabilities = [
            row
            for part, answer in zip(given, answers, strict=True)
            for row in (part or [{}] * len(answer["predictions"]))
        ]
    return Replies(
        predictions=[each for answer in answers for each in answer["predictions"]],
        probabilities=probabilities,
        seconds=time.perf_counter() - start,
        model=models[0],
        woke=woke,
    )
