"""Colours and marks of all charts: readable in light and dark, and by people who do not see all colours."""

from __future__ import annotations

import altair as alt
import pandas as pd

# After Okabe and Ito's palette, moved to a lightness with a contrast of 3:1 or more on both backgrounds.
MODEL_COLORS = {"candidate": "#1f88c9", "champion": "#c77700"}
EFFECT_COLORS = {"better": "#009e73", "unclear": "#808590", "worse": "#d55e00"}
EFFECT_SHAPES = {"better": "triangle-up", "unclear": "circle", "worse": "triangle-down"}
GREY = "#808590"
MODEL_DASHES = {"candidate": [1, 0], "champion": [6, 3]}
MODEL_SHAPES = {"candidate": "circle", "champion": "diamond"}
# Cells bring their own ground, light enough in both themes for one ink.
INK = "#08100c"
SHARES = ["#e6eff6", MODEL_COLORS["candidate"]]
GAINS = [EFFECT_COLORS["worse"], "#eceef0", EFFECT_COLORS["better"]]
Drawing = alt.LayerChart | alt.FacetChart | alt.Chart


def color_scale(values: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(values), range=list(values.values()))


def distinguish_models() -> tuple[alt.Color, alt.StrokeDash]:
    """Return how lines of the two models differ: by colour and by dashes, under one legend."""
    legend = alt.Legend(orient="bottom", title=None)
    dashes = alt.Scale(domain=list(MODEL_DASHES), range=list(MODEL_DASHES.values()))
    return (
        alt.Color("model:N", scale=color_scale(MODEL_COLORS), legend=legend),
        alt.StrokeDash("model:N", scale=dashes, legend=legend),
    )


def split_models(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return each model's rows, for layers that are coloured outright and so leave the lines' legend alone."""
    return [
        (model, frame[frame["model"] == model]) for model in MODEL_COLORS if (frame["model"] == model).any()
    ]
