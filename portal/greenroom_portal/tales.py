"""Tales: what changes for the rows of each slice, who gains by it and who loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom_pipeline.checks.check import describe_move, one_sided_harm
from greenroom_pipeline.metrics.comparison import adjust_holm
from greenroom_pipeline.movements import Movement
from greenroom_pipeline.outline import judge_slices
from greenroom_pipeline.report import MetricResult, Report

FEW_ROWS = 100
"""Slices of fewer are not judged: what `[gate] min_rows` is unless a project says otherwise."""
Effect = Literal["worse", "better", "unclear", "few"]
Place = tuple[str, str]


@dataclass(frozen=True)
class Tale:
    """What is known of one slice."""

    column: str
    value: str
    rows: int
    effect: Effect
    movement: Movement | None
    """How its answers change; reports of older shape do not say."""
    proofs: tuple[str, ...]
    """What shows that it gains or loses, a clause each."""
    measured: bool
    """A metric shows it, and not flips alone."""
    surety: float
    """The one-sided p of the effect: the lower, the surer."""


@dataclass(frozen=True)
class _Sign:
    """One thing that shows a slice to gain or to lose."""

    effect: Effect
    proof: str
    p_value: float
    measured: bool


def find_tales(report: Report) -> list[Tale]:
    """Return each slice's: those that lose first, then those that gain, then the others.

    Among them come those first that a metric shows, by which the project judges, and the surest of these.
    A slice gains or loses where its metric's interval leaves no doubt, or where flips clearly go one way; both
    are corrected by Holm for how many slices there are.
    """
    signs: dict[Place, list[_Sign]] = {}
    for place, sign in (*_read_metrics(report), *_read_flips(report)):
        signs.setdefault(place, []).append(sign)
    movements = {
        (one.column or "", one.value or ""): one for one in report.movements if one.column is not None
    }
    rows = {**_count_rows(report), **{place: one.rows for place, one in movements.items()}}
    tales = [_conclude(place, rows[place], movements.get(place), signs.get(place, [])) for place in rows]
    return sorted(tales, key=_rank)


def choose_tales(tales: Sequence[Tale], effect: Effect) -> list[Tale]:
    return [tale for tale in tales if tale.effect == effect]


def _conclude(place: Place, rows: int, movement: Movement | None, signs: Sequence[_Sign]) -> Tale:
    # Who loses by one measure is said to lose, whatever another says: both are told.
    effect: Effect = "few" if rows < FEW_ROWS else "unclear"
    for known in ("better", "worse"):
        if any(sign.effect == known for sign in signs):
            effect = known
    return Tale(
        column=place[0],
        value=place[1],
        rows=rows,
        effect=effect,
        movement=movement,
        proofs=tuple(sign.proof for sign in signs),
        measured=any(sign.measured for sign in signs if sign.effect == effect),
        surety=min((sign.p_value for sign in signs if sign.effect == effect), default=1.0),
    )


def _rank(tale: Tale) -> tuple[int, bool, float, float]:
    order: dict[Effect, int] = {"worse": 0, "better": 1, "unclear": 2, "few": 3}
    changed = tale.movement.changed if tale.movement is not None else None
    return order[tale.effect], not tale.measured, tale.surety, -(changed or 0) / max(tale.rows, 1)


def _count_rows(report: Report) -> dict[Place, int]:
    return {
        (each.slice.column, each.slice.value): each.rows for each in report.metrics if each.slice is not None
    }


def _read_metrics(report: Report) -> list[tuple[Place, _Sign]]:
    return [
        (_place(result), _Sign(word, describe_move(result), _surety(result), measured=True))
        for result, word in judge_slices(report, min_rows=FEW_ROWS)
        if word in ("better", "worse")
    ]


def _place(result: MetricResult) -> Place:
    assert result.slice is not None
    return result.slice.column, result.slice.value


def _surety(result: MetricResult) -> float:
    harm = one_sided_harm(result) if result.p_value is not None else 0.5
    return min(harm, 1 - harm)


def _read_flips(report: Report) -> list[tuple[Place, _Sign]]:
    found = [
        (one, one.p_value)
        for one in report.movements
        if one.column is not None and one.p_value is not None and one.rows >= FEW_ROWS
    ]
    level = 1 - (report.metrics[0].confidence if report.metrics else 0.95)
    corrected = adjust_holm([p_value for _, p_value in found])
    return [
        ((one.column or "", one.value or ""), _weigh(one, p_value))
        for (one, p_value), sure in zip(found, corrected <= level, strict=True)
        if sure and one.fixed != one.broken
    ]


def _weigh(one: Movement, p_value: float) -> _Sign:
    if (one.broken or 0) > (one.fixed or 0):
        return _Sign(
            "worse", "more answers are spoilt than mended, and not by chance", p_value / 2, measured=False
        )
    return _Sign(
        "better", "more answers are mended than spoilt, and not by chance", p_value / 2, measured=False
    )
