"""Curves of both models."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import GREY, MODEL_COLORS, Drawing, color_scale


def draw_curves(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw both models' curves in the unit square, with the diagonal to read them against."""
    unit = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5, titleFontWeight="normal")
    legend = alt.Legend(orient="bottom", title=None)
    dashes = alt.Scale(domain=list(MODEL_COLORS), range=[[1, 0], [6, 3]])
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("x:Q", title=x, scale=unit, axis=axis),
            y=alt.Y("y:Q", title=y, scale=unit, axis=axis),
            order="order:Q",
            color=alt.Color("model:N", scale=color_scale(MODEL_COLORS), legend=legend),
            strokeDash=alt.StrokeDash("model:N", scale=dashes, legend=legend),
            tooltip=[
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("x:Q", title=x, format=".1%"),
                alt.Tooltip("y:Q", title=y, format=".1%"),
            ],
        )
    )
    corners = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    diagonal = alt.Chart(corners).mark_line(color=GREY, strokeDash=[2, 4]).encode(x="x:Q", y="y:Q")
    return alt.layer(diagonal, lines).properties(height=320)
