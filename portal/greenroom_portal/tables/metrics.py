"""Metrics overall and by slice, as tables for lists and charts."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from greenroom_pipeline.report import MetricResult, Report, Slice
from greenroom_pipeline.words import Words, call_slice
from greenroom_portal.wording import clean, number, signed, span

Effect = Literal["better", "worse", "unclear"]
_EFFECT_COLUMNS = [
    "label",
    "rows",
    "candidate",
    "champion",
    "difference",
    "low",
    "high",
    "direction",
    "effect",
]


def judge(result: MetricResult) -> Effect:
    """Say where the whole interval of the difference lies, in the direction that is better."""
    if result.interval is None:
        return "unclear"
    low, high = result.interval if result.higher_is_better else (-result.interval[1], -result.interval[0])
    if low > 0:
        return "better"
    return "worse" if high < 0 else "unclear"


def overall(report: Report) -> list[MetricResult]:
    return [result for result in report.metrics if result.slice is None]


def _row(result: MetricResult, *, label: str) -> dict[str, object]:
    low, high = result.interval if result.interval else (None, None)
    return {
        "label": label,
        "rows": result.rows,
        "candidate": result.candidate,
        "champion": result.champion,
        "difference": result.difference,
        "low": low,
        "high": high,
        "direction": 1.0 if result.higher_is_better else -1.0,
        "effect": judge(result),
    }


def metric_frame(report: Report) -> pd.DataFrame:
    """One row for each overall metric: values, difference, interval, effect.

    *direction* times a difference is positive where the candidate is better.
    """
    rows = [_row(result, label=clean(result.title, longest=40)) for result in overall(report)]
    return pd.DataFrame(rows, columns=_EFFECT_COLUMNS)


def sliced_metrics(report: Report) -> dict[str, str]:
    """Return what people call the metrics that were compared by slice, by name, in the report's order."""
    sliced = [result for result in report.metrics if result.slice is not None]
    return {result.metric: clean(result.title, longest=40) for result in sliced}


def telling_metric(report: Report) -> str:
    """Return the sliced metric to look at first: where a slice is most clearly worse, if the gate failed."""
    harms = [
        result
        for result in report.metrics
        if result.slice is not None and result.p_value is not None and judge(result) == "worse"
    ]
    if report.verdict != "fail" or not harms:
        return next(iter(sliced_metrics(report)))
    return min(harms, key=lambda result: result.p_value or 0).metric


def slice_frame(report: Report, *, metric: str) -> pd.DataFrame:
    """One row for each slice with a difference, worst first; slices that are called alike are numbered."""
    rows = [
        _row(result, label=_label(result.slice, report.words))
        for result in report.metrics
        if result.slice is not None and result.metric == metric and result.difference is not None
    ]
    frame = pd.DataFrame(rows, columns=_EFFECT_COLUMNS)
    again = frame.groupby("label").cumcount()
    frame["label"] = frame["label"].where(again == 0, frame["label"] + " (" + (again + 1).astype(str) + ")")
    worst_first = (frame["direction"] * frame["difference"]).astype(float).argsort(kind="stable")
    return frame.iloc[worst_first].reset_index(drop=True)


def _label(part: Slice, words: Words) -> str:
    return clean(call_slice(words, part.column, part.value), longest=80)


def choose_ends(frame: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """Return the first and the last rows of a frame of which *most* are to be drawn, in its order."""
    if len(frame) <= most:
        return frame
    return pd.concat([frame.head(most // 2), frame.tail(most - most // 2)], ignore_index=True)


def skipped_slices(report: Report, *, metric: str) -> int:
    """Count the slices on which *metric* has no difference: too few rows, or one class only."""
    return sum(
        result.slice is not None and result.metric == metric and result.difference is None
        for result in report.metrics
    )


def present_metrics(report: Report, *, confidence: float) -> pd.DataFrame:
    """Return the overall metrics as people read them, the candidate's own intervals with its values."""
    table = present(metric_frame(report), first="Metric", confidence=confidence).drop(columns="Rows")
    owns = [result.candidate_interval for result in overall(report)]
    table["Candidate"] = [
        value if own is None else f"{value} ({number(own[0])} to {number(own[1])})"
        for value, own in zip(table["Candidate"], owns, strict=True)
    ]
    return table


def present(frame: pd.DataFrame, *, first: str, confidence: float, rows: str = "Rows") -> pd.DataFrame:
    """Return a metric or slice frame as people read it: formatted text, one row a metric or slice."""
    intervals = [
        None if pd.isna(low) or pd.isna(high) else (float(low), float(high))
        for low, high in zip(frame["low"], frame["high"], strict=True)
    ]
    difference = f"Difference ({confidence:.0%} interval)"
    return pd.DataFrame(
        {
            first: frame["label"],
            "Candidate": [number(_value(value)) for value in frame["candidate"]],
            "Champion": [number(_value(value)) for value in frame["champion"]],
            difference: [
                _difference(_value(value), interval, effect)
                for value, interval, effect in zip(
                    frame["difference"], intervals, frame["effect"], strict=True
                )
            ],
            rows: [f"{each:,}" for each in frame["rows"]],
        }
    )


def _difference(value: float | None, interval: tuple[float, float] | None, effect: Effect) -> str:
    shown = signed(value, like=interval)
    return f"{shown} ({span(interval)}), {effect}" if interval else shown


def _value(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[call-overload, arg-type]
