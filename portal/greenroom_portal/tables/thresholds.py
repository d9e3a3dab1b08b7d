"""What both models find, miss and cost over the threshold, as tables and sentences."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.report import Report
from greenroom_pipeline.words import Words
from greenroom_portal.tables.classes import LONGEST, name_rows
from greenroom_portal.wording import clean, number, percent

COST_RATIOS = {
    **{f"1:{times}": 1 / times for times in (20, 10, 5, 3, 2)},
    **{f"{times}:1": float(times) for times in (1, 2, 3, 5, 10, 20)},
}
"""What a missed row may cost against a false alarm, by how people write it."""
_COLUMNS = ["model", "threshold", "found", "missed", "alarms", "quiet"]


def threshold_frame(report: Report) -> pd.DataFrame:
    """One row for each model and threshold: rows found, missed, wrongly alarmed at, and rightly left alone."""
    rows = [
        (each.model, threshold, found, each.positives - found, alarms, each.negatives - alarms)
        for each in report.thresholds
        for threshold, found, alarms in zip(
            each.thresholds, each.true_positives, each.false_positives, strict=False
        )
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def add_costs(frame: pd.DataFrame, *, missed: float) -> pd.DataFrame:
    """Add the cost of 1,000 rows in false alarms, where a missed row costs *missed* of them."""
    rows = frame[["found", "missed", "alarms", "quiet"]].sum(axis=1).clip(lower=1)
    return frame.assign(cost=(frame["missed"] * missed + frame["alarms"]) / rows * 1000)


def pick_cheapest(costs: pd.DataFrame) -> pd.DataFrame:
    """Return each model's row of least cost, the lowest threshold among equals."""
    return costs.loc[costs.groupby("model", sort=False)["cost"].idxmin()]


def pick_threshold(frame: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return each model's row at the threshold nearest to *threshold*."""
    distances = (frame["threshold"] - threshold).abs()
    return frame.loc[distances.groupby(frame["model"], sort=False).idxmin()]


def tell_threshold(at: pd.DataFrame, *, words: Words, label: str) -> str:
    """Say what the models find and wrongly raise at one threshold; *at* has a row for each."""
    first, *others = at.to_dict("records")
    of_class = name_rows(words, label)
    told = (
        f"At {first['threshold']:.2f} the {first['model']} finds {first['found']:,} of "
        f"{first['found'] + first['missed']:,} {of_class} and raises {_alarms(first['alarms'])}"
    )
    for other in others:
        told += f"; the {other['model']} finds {other['found']:,} and raises {_alarms(other['alarms'])}"
    return f"{told}."


def tell_cheapest(cheapest: pd.DataFrame, *, words: Words) -> str:
    """Say where each model is cheapest, and at what cost."""
    first, *others = cheapest.to_dict("records")
    told = (
        f"The {first['model']} is cheapest at {first['threshold']:.2f}, where 1,000 "
        f"{clean(words.rows, longest=LONGEST)} cost as much as {_alarms(first['cost'])}"
    )
    for other in others:
        told += f"; the {other['model']} at {other['threshold']:.2f}, with {number(other['cost'])}"
    return f"{told}."


def present_threshold(at: pd.DataFrame, *, words: Words) -> pd.DataFrame:
    """Return both models' counts and costs at one threshold as people read them, a column for each model."""
    table = {"Outcome": ["Found", "Missed", "False alarms", "Rightly left alone", _per_thousand(words)]}
    for row in at.to_dict("records"):
        positives, negatives = row["found"] + row["missed"], row["alarms"] + row["quiet"]
        table[str(row["model"]).capitalize()] = [
            *(_of(row[part], positives) for part in ("found", "missed")),
            *(_of(row[part], negatives) for part in ("alarms", "quiet")),
            number(row["cost"]),
        ]
    return pd.DataFrame(table)


def present_costs(costs: pd.DataFrame, *, words: Words) -> pd.DataFrame:
    """Return all thresholds as people read them."""
    names = {"found": "Found", "missed": "Missed", "alarms": "False alarms", "quiet": "Rightly left alone"}
    table = costs.assign(cost=costs["cost"].map(number), model=costs["model"].str.capitalize())
    return table.rename(
        columns={"model": "Model", "threshold": "Threshold", "cost": _per_thousand(words), **names}
    )


def _per_thousand(words: Words) -> str:
    return f"Cost per 1,000 {clean(words.rows, longest=LONGEST)}"


def _of(part: int, whole: int) -> str:
    # On a telephone a cell breaks before its share, not within.
    share = percent(part / whole if whole else None).replace(" ", "\u00a0")
    return f"{part:,} ({share})"


def _alarms(many: float) -> str:
    return f"{number(many) if many != round(many) else f'{many:,.0f}'} false alarm{'' if many == 1 else 's'}"
