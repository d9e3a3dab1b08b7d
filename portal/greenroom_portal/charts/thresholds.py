"""What both models cost over the threshold from which they say the class."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import (
    GREY,
    MODEL_COLORS,
    MODEL_SHAPES,
    Drawing,
    distinguish_models,
    split_models,
)

HEIGHT = 340


def draw_costs(frame: pd.DataFrame, cheapest: pd.DataFrame, *, threshold: float, y: str) -> Drawing:
    """Draw cost over threshold, a mark on each model's *cheapest* one, and a line at the chosen one."""
    color, dash = distinguish_models()
    axis = alt.Axis(format=".1f", tickCount=5, titleFontWeight="normal")
    x = alt.X("threshold:Q", title="Threshold", scale=alt.Scale(domain=[0, 1]), axis=axis)
    height = alt.Y("cost:Q", title=y, axis=alt.Axis(format=",~r", tickCount=5, titleFontWeight="normal"))
    lines = alt.Chart(frame).mark_line(strokeWidth=2.5).encode(x=x, y=height, color=color, strokeDash=dash)
    # The points are there to be pointed at.
    pointed = alt.Chart(frame).mark_point(opacity=0, size=60).encode(x=x, y=height, tooltip=_tooltip())
    marks = [
        alt.Chart(own)
        .mark_point(filled=True, size=140, opacity=1, color=MODEL_COLORS[model], shape=MODEL_SHAPES[model])
        .encode(x=x, y=height, tooltip=_tooltip())
        for model, own in split_models(cheapest)
    ]
    chosen = alt.Chart(pd.DataFrame({"threshold": [threshold]})).mark_rule(color=GREY, strokeWidth=2)
    return alt.layer(chosen.encode(x=x), lines, pointed, *marks).properties(height=HEIGHT)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
        alt.Tooltip("cost:Q", title="Cost per 1,000", format=",.1f"),
        alt.Tooltip("found:Q", title="Found", format=","),
        alt.Tooltip("missed:Q", title="Missed", format=","),
        alt.Tooltip("alarms:Q", title="False alarms", format=","),
    ]
