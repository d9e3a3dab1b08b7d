"""A metric of the models in production, over time."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import GREY, MODEL_COLORS, Drawing


def draw_reigns(frame: pd.DataFrame, *, metric: str) -> Drawing:
    """Draw a step for each reign; the line breaks at a dashed rule where the holdout changed.

    A reign whose end was not recorded is a dot without a line.
    """
    steps = _corners(frame)
    axis = alt.Axis(title=None, tickCount=5, labelOverlap=True, grid=False)
    x = alt.X("at:T", scale=alt.Scale(type="utc"), axis=axis)
    axis_y = alt.Axis(titleFontWeight="normal")
    if frame["value"].nunique() == 1:
        # A tick at the one value would be labelled with all its digits.
        axis_y.format = ",.4~g"
    y = alt.Y("value:Q", title=metric, scale=alt.Scale(zero=False), axis=axis_y)
    color = MODEL_COLORS["champion"]
    lines = (
        alt.Chart(steps)
        .mark_line(interpolate="step-after", strokeWidth=2.5, color=color)
        .encode(x=x, y=y, detail="stretch:N", order="order:Q")
    )
    dots = (
        alt.Chart(frame.rename(columns={"since": "at"}))
        .mark_point(filled=True, size=80, opacity=1, color=color)
        .encode(x=x, y=y, tooltip=_tooltip(metric))
    )
    moves = frame[frame["moved"]].rename(columns={"since": "at"})
    rules = alt.Chart(moves).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=x)
    words = (
        alt.Chart(moves.assign(word="other holdout"))
        .mark_text(align="left", baseline="bottom", dx=-4, dy=-6, color=GREY)
        .encode(x=x, y=alt.value(0), text="word:N")
    )
    return alt.layer(rules, words, lines, dots).properties(height=280)


def _corners(frame: pd.DataFrame) -> pd.DataFrame:
    """Return where each reign begins and ends, in order."""
    kept = ["value", "stretch"]
    begins = frame[["since", *kept]].rename(columns={"since": "at"}).assign(order=range(0, 2 * len(frame), 2))
    ends = frame[["until", *kept]].rename(columns={"until": "at"}).assign(order=range(1, 2 * len(frame), 2))
    return pd.concat([begins, ends]).sort_values("order", ignore_index=True)


def _tooltip(metric: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("version:N", title="Version"),
        alt.Tooltip("value:Q", title=metric, format=",.4~g"),
        alt.Tooltip(
            "at:T", title="Since (UTC)", format="%-d %b %Y, %H:%M", timeUnit="utcyearmonthdatehoursminutes"
        ),
        alt.Tooltip("by:N", title="Let in by"),
    ]
