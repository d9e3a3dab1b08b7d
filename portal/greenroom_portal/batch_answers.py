"""Both models' answers to many rows: asked in parts, around the rows that a model refuses, and summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greenroom_pipeline.desk import Replies

PART_ROWS = 500
# An honest model names twenty refused rows at a time; halving a part down to each of its rows takes twice as many.
MOST_QUESTIONS = 2 * PART_ROWS

Ask = Callable[[Sequence[dict[str, Any]]], Replies]


@dataclass(frozen=True)
class Outcome:
    """What one model said of one row, or why it did not."""

    prediction: str | float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class Part:
    """The outcomes of some rows, in their order."""

    outcomes: list[Outcome]
    model: dict[str, str | None]
    gone: str | None = None
    """Why other parts are not worth asking."""


def answer_part(ask: Ask, rows: Sequence[dict[str, Any]]) -> Part:
    """Ask about the rows at once, and where some are refused again about the others, down to each row."""
    found: dict[int, Outcome] = {}
    model: dict[str, str | None] = {}
    waiting, questions = [list(range(len(rows)))], 0
    while waiting:
        places = waiting.pop()
        if questions == MOST_QUESTIONS:
            found |= dict.fromkeys(places, Outcome(error="too many other rows were refused"))
            continue
        replies, questions = ask([rows[place] for place in places]), questions + 1
        if replies.gone:
            told = replies.error or "the preview does not answer"
            return Part([found.get(at, Outcome(error=told)) for at in range(len(rows))], model, gone=told)
        if replies.error is None:
            found |= dict(zip(places, _read_outcomes(replies), strict=True))
            model = replies.model
        else:
            refused, rest = _divide(places, replies)
            found |= refused
            waiting += rest
    return Part([found[place] for place in range(len(rows))], model)


def _read_outcomes(replies: Replies) -> list[Outcome]:
    given: Sequence[Mapping[str, float | None]] = replies.probabilities or [{}] * len(replies.predictions)
    return [
        Outcome(prediction, {label: share for label, share in shares.items() if share is not None})
        for prediction, shares in zip(replies.predictions, given, strict=True)
    ]


def _divide(places: list[int], replies: Replies) -> tuple[dict[int, Outcome], list[list[int]]]:
    """Return the rows that are refused now, and the groups that are worth asking again."""
    named = {place: text for place, text in replies.refusals.items() if 0 <= place < len(places)}
    if named:
        refused = {places[place]: Outcome(error=text) for place, text in named.items()}
        rest = [each for each in places if each not in refused]
        return refused, [rest] if rest else []
    if len(places) == 1:
        return {places[0]: Outcome(error=replies.error)}, []
    middle = len(places) // 2
    return {}, [places[middle:], places[:middle]]


@dataclass(frozen=True)
class Flips:
    """How the models' answers differ over the rows that both answered."""

    both: int
    changed: int
    moves: dict[tuple[str, str], int]
    """How many rows went from the champion's answer to the candidate's, most first."""
    shift: float | None
    """Mean difference, candidate − champion, of the number or of the probability that counts."""


def count_flips(
    candidate: Mapping[int, Outcome], champion: Mapping[int, Outcome], *, label: str | None
) -> Flips:
    """Compare row by row; *label* is the class whose probability counts, None for numbers."""
    pairs = [
        (own, champion[place])
        for place, own in candidate.items()
        if own.error is None and place in champion and champion[place].error is None
    ]
    moves = Counter(
        (str(other.prediction), str(own.prediction))
        for own, other in pairs
        if own.prediction != other.prediction
    )
    heights = [(_height(own, label), _height(other, label)) for own, other in pairs]
    shifts = [own - other for own, other in heights if own is not None and other is not None]
    return Flips(
        both=len(pairs),
        changed=sum(moves.values()),
        moves=dict(moves.most_common()),
        shift=sum(shifts) / len(shifts) if shifts else None,
    )


def _height(outcome: Outcome, label: str | None) -> float | None:
    if label is not None:
        return outcome.probabilities.get(label)
    return float(outcome.prediction) if isinstance(outcome.prediction, int | float) else None
