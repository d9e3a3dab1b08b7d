"""Colours and marks of all charts: readable in light and dark, and by people who do not see all colours."""

from __future__ import annotations

import altair as alt

# After Okabe and Ito's palette, moved to a lightness with a contrast of 3:1 or more on both backgrounds.
MODEL_COLORS = {"candidate": "#1f88c9", "champion": "#c77700"}
EFFECT_COLORS = {"better": "#009e73", "unclear": "#808590", "worse": "#d55e00"}
EFFECT_SHAPES = {"better": "triangle-up", "unclear": "circle", "worse": "triangle-down"}
GREY = "#808590"
Drawing = alt.LayerChart | alt.FacetChart | alt.Chart


def color_scale(values: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(values), range=list(values.values()))
