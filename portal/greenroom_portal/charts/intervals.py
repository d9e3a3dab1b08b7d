"""Dots with intervals: how much better or worse the candidate is, by metric and by slice."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_pipeline.report import MetricResult
from greenroom_portal.charts.palette import EFFECT_COLORS, EFFECT_SHAPES, GREY, Drawing, color_scale
from greenroom_portal.tables.metrics import judge

# Streamlit fits a chart with its axis and legend into the height.
_ROW, _AXIS_AND_LEGEND = 32, 124


def _effects() -> tuple[alt.Color, alt.Shape]:
    legend = alt.Legend(orient="bottom", title=None, symbolOpacity=1)
    return (
        alt.Color("effect:N", scale=color_scale(EFFECT_COLORS), legend=legend),
        alt.Shape("effect:N", scale=color_scale(EFFECT_SHAPES), legend=legend),
    )


def _tooltip(first: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title=first),
        alt.Tooltip("candidate:Q", title="Candidate", format=",.4~g"),
        alt.Tooltip("champion:Q", title="Champion", format=",.4~g"),
        alt.Tooltip("difference:Q", title="Difference", format="+,.3~g"),
        alt.Tooltip("low:Q", title="From", format="+,.3~g"),
        alt.Tooltip("high:Q", title="To", format="+,.3~g"),
        alt.Tooltip("rows:Q", title="Rows", format=","),
    ]


def _intervals(frame: pd.DataFrame, *, x: alt.X, x2: str, dot: str, first: str) -> Drawing:
    """A dot with its interval for each row, in the frame's order, beside a line at no difference."""
    color, shape = _effects()
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=190, ticks=False, domain=False))
    base = alt.Chart(frame).encode(y=y, tooltip=_tooltip(first))
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=GREY, strokeDash=[3, 3])
    bars = base.mark_bar(height=6, cornerRadius=3, opacity=0.45).encode(x=x, x2=x2, color=color)
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(x=alt.X(dot), color=color, shape=shape)
    layers = alt.layer(zero.encode(x=alt.X("zero:Q")), bars, dots)
    return layers.properties(height=_ROW * max(len(frame), 1) + _AXIS_AND_LEGEND)


def draw_metrics(frame: pd.DataFrame) -> Drawing:
    """Draw overall metrics, each on its own scale, turned so that right is better.

    Metrics have different units: a row is drawn in shares of its own farthest interval end.
    """
    shown = frame.dropna(subset=["difference", "low", "high"]).reset_index(drop=True)
    numbers = shown[["low", "high", "difference"]].astype(float)
    turned = numbers.mul(shown["direction"] / numbers.abs().max(axis=1).replace(0, 1.0), axis=0)
    drawn = shown.assign(
        left=turned[["low", "high"]].min(axis=1),
        right=turned[["low", "high"]].max(axis=1),
        position=turned["difference"],
    )
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titleFontWeight="normal")
    x = alt.X("left:Q", title="← worse · better →", axis=axis, scale=alt.Scale(domain=[-1.05, 1.05]))
    return _intervals(drawn, x=x, x2="right:Q", dot="position:Q", first="Metric")


def draw_slices(frame: pd.DataFrame, *, metric: str) -> Drawing:
    """Draw the difference on each slice in the metric's own units, in the frame's order."""
    axis = alt.Axis(tickCount=4, format="+~g", titleFontWeight="normal")
    x = alt.X("low:Q", title=f"Difference in {metric}", axis=axis)
    return _intervals(frame, x=x, x2="high:Q", dot="difference:Q", first="Slice")


def draw_interval(result: MetricResult, *, width: int = 160, height: int = 20) -> str:
    """Return a small SVG bar of one difference and its interval; right is better, the line is none."""
    if result.interval is None or result.difference is None:
        return ""
    sign = 1.0 if result.higher_is_better else -1.0
    low, high = sorted(sign * end for end in result.interval)
    extent = max(abs(low), abs(high)) or 1.0

    def place(value: float) -> float:
        return round(width / 2 * (1 + 0.94 * value / extent), 1)

    color, middle = EFFECT_COLORS[judge(result)], height / 2
    length = max(place(high) - place(low), 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
        f'<line x1="{width / 2}" x2="{width / 2}" y1="1" y2="{height - 1}" stroke="{GREY}" '
        'stroke-dasharray="3 2"/>'
        f'<rect x="{place(low)}" y="{middle - 3}" width="{length:.1f}" height="6" rx="3" fill="{color}" '
        'fill-opacity="0.5"/>'
        f'<circle cx="{place(sign * result.difference)}" cy="{middle}" r="5" fill="{color}"/></svg>'
    )
