"""Metrics overall and by slice, as tables for lists and charts."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from greenroom_pipeline.report import MetricResult, Report
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


def main_metric(report: Report) -> MetricResult | None:
    """Return the first overall metric that has a difference: the report puts the one that counts first."""
    return next((result for result in overall(report) if result.difference is not None), None)


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
    """One row for each slice with a difference, worst first."""
    rows = [
        _row(result, label=f"{clean(result.slice.column)} = {clean(result.slice.value, longest=60)}")
        for result in report.metrics
        if result.slice is not None and result.metric == metric and result.difference is not None
    ]
    frame = pd.DataFrame(rows, columns=_EFFECT_COLUMNS)
    worst_first = (frame["direction"] * frame["difference"]).astype(float).argsort(kind="stable")
    return frame.iloc[worst_first].reset_index(drop=True)


def skipped_slices(report: Report, *, metric: str) -> int:
    """Count the slices on which *metric* has no difference: too few rows, or one class only."""
    return sum(
        result.slice is not None and result.metric == metric and result.difference is None
        for result in report.metrics
    )


def present(frame: pd.DataFrame, *, first: str, confidence: float) -> pd.DataFrame:
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
            "Rows": [f"{rows:,}" for rows in frame["rows"]],
        }
    )


def _difference(value: float | None, interval: tuple[float, float] | None, effect: Effect) -> str:
    shown = signed(value, like=interval)
    return f"{shown} ({span(interval)}), {effect}" if interval else shown


def _value(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[call-overload, arg-type]
