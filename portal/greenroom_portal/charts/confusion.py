"""Confusion as a grid: what rows were, against what a model said; each cell says its share, too."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import GAINS, INK, SHARES, Drawing

FEW = 4
"""Up to so many classes a cell has room for two lines."""
PLAIN = 0.1
"""The difference of shares that has full colour, so that a small one does not look like a great one."""
_HEAD = 90


def draw_confusion(frame: pd.DataFrame, *, model: str) -> Drawing:
    """Draw one model's grid: of the rows that were of a class, the share that it called each class."""
    few = frame["was"].nunique() <= FEW
    written = [
        f"{share * 100:.0f} %\n{rows:,}" if few else f"{share * 100:.0f}" if share >= 0.005 else ""
        for share, rows in zip(frame[f"{model}_share"].fillna(0), frame[model], strict=True)
    ]
    color = alt.Color(
        f"{model}_share:Q",
        scale=alt.Scale(domain=[0, 1], range=SHARES, interpolate="rgb"),
        legend=None,
        title="Share",
    )
    return _grid(frame.assign(written=written), color=color)


def draw_confusion_change(frame: pd.DataFrame) -> Drawing:
    """Draw by how many points the candidate's shares differ; more on the diagonal is better, elsewhere worse."""
    few = frame["was"].nunique() <= FEW
    points = (frame["change"].fillna(0) * 100).round(1 if few else 0)
    written = [f"{point:+.{1 if few else 0}f}".replace("-", "−") if point else "" for point in points]
    gains = frame["change"].where(frame["was"] == frame["said"], -frame["change"])
    extent = max(float(gains.abs().max()), PLAIN)
    scale = alt.Scale(domain=[-extent, 0, extent], range=GAINS, interpolate="rgb")
    drawn = frame.assign(written=written, gain=gains)
    return _grid(drawn, color=alt.Color("gain:Q", scale=scale, legend=None))


def _grid(frame: pd.DataFrame, *, color: alt.Color) -> Drawing:
    order = list(dict.fromkeys(frame["was"]))
    few = len(order) <= FEW
    base = alt.Chart(frame).encode(
        x=alt.X("said:N", sort=order, title="Said", axis=_axis(angle=0 if few else -60)),
        y=alt.Y("was:N", sort=order, title="Was", axis=_axis(angle=0)),
        tooltip=[
            alt.Tooltip("was:N", title="Was"),
            alt.Tooltip("said:N", title="Said"),
            *_figures(frame),
        ],
    )
    cells = base.mark_rect(cornerRadius=3).encode(color=color)
    texts = base.mark_text(
        color=INK, fontSize=13 if few else 10, lineBreak="\n", lineHeight=16, dy=-8 if _is_tall(frame) else 0
    ).encode(text="written:N")
    return alt.layer(cells, texts).properties(height=_HEAD + (70 if few else 26) * len(order))


def _axis(*, angle: int) -> alt.Axis:
    return alt.Axis(
        labelAngle=angle, labelLimit=90, labelOverlap=False, labelPadding=6, titleFontWeight="normal"
    )


def _is_tall(frame: pd.DataFrame) -> bool:
    return bool(frame["written"].str.contains("\n").any())


def _figures(frame: pd.DataFrame) -> list[alt.Tooltip]:
    return [
        tooltip
        for model in ("candidate", "champion")
        if model in frame
        for tooltip in (
            alt.Tooltip(f"{model}:Q", title=f"{model.capitalize()}, rows", format=","),
            alt.Tooltip(f"{model}_share:Q", title=f"{model.capitalize()}, share", format=".1%"),
        )
    ]
