from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom_portal.charts.curves import draw_curves
from greenroom_portal.charts.intervals import draw_interval, draw_metrics, draw_slices
from greenroom_portal.charts.palette import EFFECT_COLORS, MODEL_COLORS, Drawing
from greenroom_portal.charts.reigns import draw_reigns
from greenroom_portal.tables.curves import curve_frame
from greenroom_portal.tables.metrics import metric_frame, slice_frame
from greenroom_portal.tables.reigns import step_frame
from greenroom_portal.theme import THEME
from tests.portal.desk_in_memory import make_metric, make_report
from tests.portal.history_desks import START, reigns

REPORT = make_report(7)
CHARTS: dict[str, Drawing] = {
    "chart_metrics": draw_metrics(metric_frame(REPORT)),
    "chart_slices": draw_slices(slice_frame(REPORT, metric="roc_auc"), metric="ROC AUC"),
    "chart_roc": draw_curves(
        curve_frame(REPORT, kind="roc", label=None), x="False positives", y="True positives"
    ),
    "chart_reigns": draw_reigns(
        step_frame(reigns(), metric="ROC AUC", now=START + timedelta(days=100)), metric="ROC AUC"
    ),
    "chart_calibration": draw_curves(
        curve_frame(REPORT, kind="calibration", label=None), x="Predicted probability", y="What happened"
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_chart_is_as_agreed(name: str, golden: Path) -> None:
    """The chart's specification equals its golden file; `GREENROOM_UPDATE_GOLDEN=1 pytest` writes it anew."""
    drawn = CHARTS[name].to_dict()
    drawn.pop("$schema")
    file = golden / f"{name}.json"
    if os.environ.get("GREENROOM_UPDATE_GOLDEN"):
        text = json.dumps(drawn, indent=1, sort_keys=True, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")

    assert json.loads(file.read_text(encoding="utf-8")) == drawn


def test_metrics_are_turned_so_that_right_is_better() -> None:
    """A loss that falls is drawn right of the line, as a score that rises is."""
    drawn = CHARTS["chart_metrics"].to_dict()
    rows = next(rows for rows in drawn["datasets"].values() if "position" in rows[0])
    positions = {row["label"]: row["position"] for row in rows}

    assert positions["ROC AUC"] > 0
    assert positions["Log loss"] > 0
    assert positions["Brier score"] < 0
    assert all(abs(row["left"]) <= 1 and abs(row["right"]) <= 1 for row in rows)


@pytest.mark.parametrize(
    ("interval", "higher", "effect", "right"),
    [
        ((0.01, 0.03), True, "better", True),
        ((0.01, 0.03), False, "worse", False),
        ((-0.03, -0.01), False, "better", True),
    ],
)
def test_small_bar_shows_direction(
    interval: tuple[float, float], higher: bool, effect: str, right: bool
) -> None:
    """The bar of the list is a well-formed drawing whose dot lies on the better or the worse side."""
    middle = sum(interval) / 2
    drawing = ElementTree.fromstring(
        draw_interval(make_metric("m", (0.5 + middle, 0.5), interval, higher=higher))
    )
    dot = drawing.find("{http://www.w3.org/2000/svg}circle")

    assert dot is not None
    assert dot.get("fill") == EFFECT_COLORS[effect]
    assert (float(dot.get("cx", "0")) > 80) is right


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", ["theme.light.backgroundColor", "theme.dark.backgroundColor"])
@pytest.mark.parametrize("color", [*MODEL_COLORS.values(), *EFFECT_COLORS.values()])
def test_colors_are_readable_in_both_themes(color: str, background: str) -> None:
    """Every chart colour has the contrast of 3:1 that WCAG asks of graphics, on light and on dark."""
    dark, light = sorted([luminance(color), luminance(THEME[background])])

    assert (light + 0.05) / (dark + 0.05) >= 3
