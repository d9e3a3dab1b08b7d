from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom_pipeline.exhibits import draw_exhibits
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import Report
from greenroom_portal.charts.confusion import draw_confusion, draw_confusion_change
from greenroom_portal.charts.curves import draw_curves, draw_precision_recall, draw_residuals
from greenroom_portal.charts.distributions import draw_scores, draw_spread
from greenroom_portal.charts.intervals import draw_interval, draw_metrics, draw_slices
from greenroom_portal.charts.palette import EFFECT_COLORS, GAINS, INK, MODEL_COLORS, SHARES, Drawing
from greenroom_portal.charts.reigns import draw_reigns
from greenroom_portal.charts.thresholds import draw_costs
from greenroom_portal.tables.confusion import confusion_frame
from greenroom_portal.tables.curves import curve_frame
from greenroom_portal.tables.distributions import residual_frame, score_parts
from greenroom_portal.tables.metrics import metric_frame, slice_frame
from greenroom_portal.tables.reigns import step_frame
from greenroom_portal.tables.thresholds import add_costs, pick_cheapest, threshold_frame
from greenroom_portal.theme import THEME
from tests.portal.desk_in_memory import make_metric, make_report
from tests.portal.history_desks import START, reigns

REPORT = make_report(7)
SCORES = {
    "candidate": [0.05, 0.1, 0.22, 0.35, 0.4, 0.48, 0.61, 0.33, 0.9, 0.97],
    "champion": [0.15, 0.3, 0.12, 0.15, 0.3, 0.58, 0.71, 0.53, 0.8, 0.77],
}
NUMBERS = {"candidate": [2.0, 3.5, 5.0, 7.5, 9.0, 12.0], "champion": [1.0, 5.0, 5.0, 5.0, 11.0, 16.0]}


def answer_binary(scores: list[float]) -> Predictions:
    share = np.array(scores)
    return Predictions(as_labels((share > 0.5).astype(int)), np.column_stack([1 - share, share]), ("0", "1"))


def draw_all(**evidence: Any) -> Report:
    """Return a report of few rows, so that what is drawn of them can be read."""
    return REPORT.model_copy(update=vars(draw_exhibits(**evidence)))


BINARY = draw_all(
    task="binary",
    target=[0, 0, 0, 1, 0, 0, 1, 1, 1, 1],
    **{model: answer_binary(scores) for model, scores in SCORES.items()},
)
REGRESSION = draw_all(
    task="regression",
    target=[2.0, 4.0, 5.0, 7.0, 10.0, 11.0],
    **{model: Predictions(np.array(values)) for model, values in NUMBERS.items()},
)
COSTS = add_costs(threshold_frame(BINARY), missed=5).iloc[::10]
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
    "chart_precision_recall": draw_precision_recall(
        curve_frame(BINARY, kind="precision_recall", label=None), x="Found", y="Right"
    ),
    "chart_residuals": draw_residuals(
        curve_frame(REGRESSION, kind="residuals", label=None), x="Prediction", y="Off by"
    ),
    "chart_spread": draw_spread(residual_frame(REGRESSION), x="Off by", y="Share of rows"),
    "chart_scores": draw_scores(score_parts(BINARY, label="1")["1"], x="Probability", y="Share of rows"),
    "chart_confusion": draw_confusion(confusion_frame(BINARY), model="champion"),
    "chart_confusion_change": draw_confusion_change(confusion_frame(BINARY)),
    "chart_costs": draw_costs(COSTS, pick_cheapest(COSTS), threshold=0.35, y="Cost per 1,000 rows"),
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


@pytest.mark.parametrize("ground", [*SHARES, *GAINS])
def test_figures_on_cells_are_readable(ground: str) -> None:
    """The ink on a grid's cells has the contrast of 4.5:1 that WCAG asks of text, on every ground it may have."""
    assert (luminance(ground) + 0.05) / (luminance(INK) + 0.05) >= 4.5


def test_a_loss_is_drawn_as_one_wherever_it_is() -> None:
    """Fewer rows on the diagonal, and more off it, are both worse, and marked with their signs."""
    drawn = CHARTS["chart_confusion_change"].to_dict()
    (cells,) = (rows for rows in drawn["datasets"].values() if "gain" in rows[0])

    assert [(each["was"] == each["said"], each["gain"] > 0, each["written"]) for each in cells] == [
        (True, True, "+20.0"),
        (False, True, "−20.0"),
        (False, False, "+20.0"),
        (True, False, "−20.0"),
    ]
