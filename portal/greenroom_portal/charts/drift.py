"""How far each column's training rows and holdout rows are apart."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import EFFECT_COLORS, GREY, Drawing

# Streamlit fits a chart with its axis and legend into the height.
_ROW, _AXIS_AND_LEGEND = 28, 124
_STATES = {"drifted": EFFECT_COLORS["worse"], "not drifted": GREY}
_SHAPES = {"drifted": "diamond", "not drifted": "circle"}


def draw_drift(frame: pd.DataFrame, *, least: float) -> Drawing:
    """Draw a dot for each column beside a line at the distance from which on a column can have drifted."""
    shown = frame.assign(state=["drifted" if drifted else "not drifted" for drifted in frame["drifted"]])
    legend = alt.Legend(orient="bottom", title=None, symbolOpacity=1)
    names = list(_STATES)
    x = alt.X(
        "effect:Q",
        title="Distance of training rows and holdout",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(tickCount=5, format="~g", titleFontWeight="normal"),
    )
    dots = (
        alt.Chart(shown)
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            x=x,
            y=alt.Y(
                "column:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, grid=True),
            ),
            color=alt.Color(
                "state:N", scale=alt.Scale(domain=names, range=list(_STATES.values())), legend=legend
            ),
            shape=alt.Shape(
                "state:N", scale=alt.Scale(domain=names, range=list(_SHAPES.values())), legend=legend
            ),
            tooltip=[
                alt.Tooltip("column:N", title="Column"),
                alt.Tooltip("effect:Q", title="Distance", format=".3f"),
                alt.Tooltip("p_value:Q", title="p", format=".3~g"),
                alt.Tooltip("before:N", title="Training rows"),
                alt.Tooltip("after:N", title="Holdout"),
            ],
        )
    )
    line = alt.Chart(pd.DataFrame({"least": [least]})).mark_rule(color=GREY, strokeDash=[3, 3])
    return alt.layer(line.encode(x="least:Q"), dots).properties(height=_ROW * len(shown) + _AXIS_AND_LEGEND)
