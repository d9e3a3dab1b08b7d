"""Both models' answers over one feature's range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import GREY, MODEL_COLORS, Drawing, color_scale

_HEIGHT = 320
_SHAPES = {"candidate": "circle", "champion": "diamond"}
_DASHES = {"candidate": [1, 0], "champion": [6, 3]}


def draw_range(frame: pd.DataFrame, *, title: str, y: str, share: bool, time: bool) -> Drawing:
    """Draw a curve for each model over numbers or times, with a line at the current value."""
    x = alt.X(f"value:{'T' if time else 'Q'}", title=title, axis=_axis(tickCount=6))
    if not time:
        x = x.scale(zero=False, nice=False)
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=_height(y, share=share),
            order="order:Q",
            color=_color(),
            strokeDash=alt.StrokeDash("model:N", scale=_scale(_DASHES), legend=_legend()),
            tooltip=_tooltip(title, y, share=share),
        )
    )
    current = frame[frame["current"]]
    rule = alt.Chart(current).mark_rule(color=GREY, strokeDash=[3, 3]).encode(x=x)
    dots = (
        alt.Chart(current)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=_height(y, share=share),
            color=alt.Color("model:N", scale=color_scale(MODEL_COLORS), legend=None),
            shape=alt.Shape("model:N", scale=_scale(_SHAPES), legend=None),
            tooltip=_tooltip(title, y, share=share),
        )
    )
    return alt.layer(rule, lines, dots).properties(height=_HEIGHT)


def draw_sides(frame: pd.DataFrame, *, title: str, y: str, share: bool) -> Drawing:
    """Draw a mark for each model and category, in the profile's order; a word marks the current one."""
    frame = frame.assign(shown=frame["shown"].where(~frame["current"], frame["shown"] + " (in the form)"))
    names = list(dict.fromkeys(frame["shown"]))
    axis = alt.Axis(labelLimit=170, ticks=False, domain=False, titleFontWeight="normal")
    place = alt.Y("shown:N", sort=names, title=title, axis=axis)
    base = alt.Chart(frame).encode(y=place, tooltip=_tooltip(title, y, share=share))
    height = alt.X("y:Q", title=y, axis=_axis(format=".0%" if share else "~g"))
    between = base.mark_line(color=GREY).encode(x=height, detail="shown:N")
    marks = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=height,
        color=_color(),
        shape=alt.Shape("model:N", scale=_scale(_SHAPES), legend=_legend()),
    )
    return alt.layer(between, marks).properties(height=28 * max(len(names), 2) + 110)


def _axis(**options: Any) -> alt.Axis:
    return alt.Axis(titleFontWeight="normal", **options)


def _legend() -> alt.Legend:
    return alt.Legend(orient="bottom", title=None)


def _scale(values: Mapping[str, Any]) -> alt.Scale:
    return alt.Scale(domain=list(values), range=list(values.values()))


def _color() -> alt.Color:
    return alt.Color("model:N", scale=color_scale(MODEL_COLORS), legend=_legend())


def _height(y: str, *, share: bool) -> alt.Y:
    if share:
        return alt.Y("y:Q", title=y, scale=alt.Scale(domain=[0, 1]), axis=_axis(format=".0%", tickCount=5))
    return alt.Y("y:Q", title=y, scale=alt.Scale(zero=False), axis=_axis(tickCount=5))


def _tooltip(title: str, y: str, *, share: bool) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("shown:N", title=title),
        alt.Tooltip("answer:N", title="Answer"),
        alt.Tooltip("y:Q", title=y, format=".1%" if share else ",.4~g"),
    ]
