"""Desks whose reports say what changes for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greenroom_pipeline.desk import Happening
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.movements import Move, Movement
from greenroom_pipeline.report import Report, from_json
from greenroom_pipeline.words import Words
from tests.portal.desk_in_memory import (
    HOSTILE,
    MemoryDesk,
    failing,
    hostile,
    inconclusive,
    make_check,
    make_metric,
    passing,
    regression,
)

OLDER = Path(__file__).parents[1] / "golden" / "report_older.json"
FLIGHTS = Words(
    row="flight",
    classes={"0": "on time", "1": "late"},
    columns={"origin": "airport"},
    units={"distance": "miles"},
)


def move(
    column: str | None, value: str | None, rows: int, *, later: int, sooner: int, fixed: int, p_value: float
) -> Movement:
    """Return how flights change between on time and late on one slice."""
    moves = [Move(before="0", after="1", rows=later), Move(before="1", after="0", rows=sooner)]
    return Movement(
        column=column,
        value=value,
        rows=rows,
        changed=later + sooner,
        fixed=fixed,
        broken=later + sooner - fixed,
        p_value=p_value,
        moves=sorted((one for one in moves if one.rows), key=lambda one: -one.rows),
    )


MOVEMENTS = [
    move(None, None, 81_000, later=2_400, sooner=1_750, fixed=2_310, p_value=1e-12),
    move("carrier", "UA", 14_380, later=402, sooner=303, fixed=402, p_value=0.0002),
    move("carrier", "HA", 420, later=11, sooner=2, fixed=4, p_value=0.27),
    move("carrier", "DL", 11_904, later=210, sooner=180, fixed=150, p_value=1e-6),
    move("carrier", "OO", 29, later=1, sooner=0, fixed=0, p_value=1.0),
    move("origin", "JFK", 27_310, later=800, sooner=610, fixed=790, p_value=1e-6),
    move("origin", "LGA", 25_902, later=0, sooner=0, fixed=0, p_value=1.0),
    move("distance", "80 to 502", 20_311, later=300, sooner=290, fixed=295, p_value=1.0),
]


def change(desk: MemoryDesk, **changes: Any) -> MemoryDesk:
    desk.reports[7] = desk.reports[7].model_copy(update=changes)
    return desk


def flights() -> MemoryDesk:
    """A candidate that fails for one airline, told of flights."""
    desk = change(failing(), words=FLIGHTS, movements=MOVEMENTS)
    desk.listed[0] = replace(desk.listed[0], summary=desk.reports[7].summary)
    return desk


def minutes() -> MemoryDesk:
    """A regression, whose answers move up or down."""
    slices = [
        Movement(
            column=column,
            value=value,
            rows=rows,
            changed=None,
            fixed=None,
            broken=None,
            shift=shift,
            closer=closer,
            farther=rows - closer,
        )
        for column, value, rows, shift, closer in (
            (None, None, 2_000, -1.25, 1_100),
            ("origin", "JFK", 1_500, -2.0, 900),
            ("origin", "LGA", 500, 1.0, 200),
        )
    ]
    return change(
        regression(),
        movements=slices,
        metrics=[
            make_metric("rmse", (52.11, 54.90), (-3.9, -1.7), higher=False, rows=2_000),
            make_metric("rmse", (50.1, 54.2), (-5.9, -2.3), higher=False, rows=1_500, part=("origin", "JFK")),
            make_metric("rmse", (58.1, 54.2), (2.1, 5.7), higher=False, rows=500, part=("origin", "LGA")),
        ],
    )


def unclear() -> MemoryDesk:
    """No slice is shown to gain or to lose, and what would settle it can be counted."""
    desk = inconclusive()
    reason = (
        "ROC AUC rises from 0.7190 to 0.7192 (+0.0002 ± 0.0060). A loss of more than 0.005 is not ruled out, "
        "and about 2,900 more labelled rows would settle it if the difference stays as it is."
    )
    metrics = [
        make_metric("roc_auc", (0.7192, 0.7190), (-0.0058, 0.0062)),
        make_metric("roc_auc", (0.7192, 0.7190), (-0.0258, 0.0262), part=("carrier", "UA"), rows=900),
    ]
    check = make_check("GR102", "Loss against the champion: ROC AUC", "inconclusive", reason)
    return change(
        desk,
        words=FLIGHTS,
        metrics=metrics,
        checks=[check.model_copy(update={"metric": "roc_auc"}), *desk.reports[7].checks[2:]],
        movements=[MOVEMENTS[0], move("carrier", "UA", 900, later=9, sooner=9, fixed=9, p_value=1.0)],
    )


def many_slices() -> MemoryDesk:
    """More slices than anybody reads: half of them gain, half of them lose."""
    metrics = [make_metric("roc_auc", (0.7312, 0.7190), (0.0095, 0.0149))]
    movements = [MOVEMENTS[0]]
    for place in range(120):
        sign = 1 if place % 2 else -1
        value = f"N{place:03}"
        ends = sorted((sign * 0.01, sign * 0.03))
        result = make_metric(
            "roc_auc", (0.7 + sign * 0.02, 0.7), (ends[0], ends[1]), part=("tail", value), rows=500
        )
        metrics.append(result.model_copy(update={"p_value": 1e-9}))
        movements.append(move("tail", value, 500, later=20, sooner=5, fixed=12, p_value=1.0))
    return change(failing(), metrics=metrics, movements=movements, words=FLIGHTS)


def hostile_words() -> MemoryDesk:
    """Words, slices and classes that would be markup."""
    word = HOSTILE[:60]
    words = Words(
        row=word,
        rows=word,
        classes={"0": HOSTILE[20:80], "1": HOSTILE[80:140]},
        columns={"carrier": word},
        units={"carrier": HOSTILE[60:120]},
    )
    movements = [
        MOVEMENTS[0],
        move(HOSTILE, HOSTILE, 420, later=11, sooner=2, fixed=4, p_value=0.27),
        move("carrier", HOSTILE, 420, later=110, sooner=2, fixed=4, p_value=1e-9),
    ]
    return change(hostile(), words=words, movements=movements)


class _NewerDesk(MemoryDesk):
    def report(self, project: str, pull: int) -> Report | None:
        raise StoreError(
            "the report of run 0123 was written by a newer Greenroom (schema 2); update this one to read it"
        )


def newer() -> MemoryDesk:
    """A report that only a later version of Greenroom can read."""
    desk = _NewerDesk(**vars(passing()))
    desk.happenings[7] = [Happening(datetime.now(UTC), "comment", "eve", "Is it worse for HA?")]
    return desk


def many_checks() -> MemoryDesk:
    """Five checks, of which each passed."""
    return change(
        passing(),
        checks=[make_check(f"GR10{place}", "Rule", "passed", f"Reason {place}") for place in range(1, 6)],
    )


def older() -> MemoryDesk:
    """A report as the version before wrote it."""
    desk = failing()
    desk.reports[7] = from_json(OLDER.read_bytes())
    return desk


def two_metrics() -> MemoryDesk:
    """Slices by two metrics to choose from."""
    desk = passing()
    further = make_metric("log_loss", (0.38, 0.39), (-0.02, 0.001), higher=False, part=("carrier", "UA"))
    return change(desk, metrics=[*desk.reports[7].metrics, further], words=FLIGHTS)
