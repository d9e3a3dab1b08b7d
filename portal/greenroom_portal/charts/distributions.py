"""How both models' probabilities or residuals are spread, as steps over the same bins."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import GREY, MODEL_COLORS, Drawing, distinguish_models, split_models

HEIGHT = 260


def draw_scores(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw the share of rows in each bin of probability."""
    return _steps(frame, x=alt.X("edge:Q", title=x, scale=alt.Scale(domain=[0, 1]), axis=_axis(".0%")), y=y)


def draw_spread(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw the share of rows in each bin of residuals, beside a line where a model is exactly right."""
    scale = alt.Scale(zero=False, nice=False)
    steps = _steps(frame, x=alt.X("edge:Q", title=x, scale=scale, axis=_axis("+,~r")), y=y)
    right = alt.Chart(pd.DataFrame({"edge": [0]})).mark_rule(color=GREY, strokeDash=[2, 4])
    return alt.layer(right.encode(x="edge:Q"), steps).properties(height=HEIGHT)


def _steps(frame: pd.DataFrame, *, x: alt.X, y: str) -> Drawing:
    color, dash = distinguish_models()
    up = alt.Y("share:Q", title=y, stack=None, axis=_axis(".0%"))
    areas = [
        alt.Chart(own)
        .mark_area(interpolate="step-after", opacity=0.15, color=MODEL_COLORS[model])
        .encode(x=x, y=up)
        for model, own in split_models(frame)
    ]
    base = alt.Chart(frame)
    lines = base.mark_line(interpolate="step-after", strokeWidth=2)
    # The points are there to be pointed at.
    pointed = base.mark_point(opacity=0, size=80).encode(x=x, y=up, tooltip=_tooltip())
    drawn = alt.layer(*areas, lines.encode(x=x, y=up, color=color, strokeDash=dash), pointed)
    return drawn.properties(height=HEIGHT)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("bin:N", title="Between"),
        alt.Tooltip("rows:Q", title="Rows", format=","),
        alt.Tooltip("share:Q", title="Share", format=".1%"),
    ]


def _axis(format: str) -> alt.Axis:
    return alt.Axis(format=format, tickCount=5, titleFontWeight="normal")
