"""The portal's look in light and dark, as Streamlit options."""

from __future__ import annotations

from typing import Any

from greenroom_portal.charts.palette import EFFECT_COLORS, MODEL_COLORS

_LIGHT = {
    "primaryColor": "#0b6e4f",
    "backgroundColor": "#fbfcfb",
    "secondaryBackgroundColor": "#eef4f0",
    "textColor": "#0c1812",
    "linkColor": "#0b6e4f",
    "borderColor": "#cfdcd4",
    "codeBackgroundColor": "#eef4f0",
}
_DARK = {
    "primaryColor": "#1f7a58",
    "backgroundColor": "#0f1613",
    "secondaryBackgroundColor": "#1a2520",
    "textColor": "#e6efe9",
    "linkColor": "#6fd3ab",
    "borderColor": "#33443b",
    "codeBackgroundColor": "#1a2520",
}

THEME: dict[str, Any] = {
    "theme.baseRadius": "medium",
    "theme.chartCategoricalColors": [*MODEL_COLORS.values(), *EFFECT_COLORS.values()],
    "theme.headingFontSizes": ["1.9rem", "1.4rem", "1.15rem"],
    "theme.paddingTop": "1.5rem",
    "theme.showWidgetBorder": True,
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
}
