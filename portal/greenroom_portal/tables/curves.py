"""Points of the report's curves, as tables for charts."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.report import Report


def curve_labels(report: Report) -> list[str]:
    """Return the classes for which the report has curves."""
    return list(dict.fromkeys(curve.label for curve in report.curves if curve.label is not None))


def curve_frame(report: Report, *, kind: str, label: str | None) -> pd.DataFrame:
    """One row for each point of the curves of *kind*: model, x, y, and its place on the curve."""
    rows = [
        {"model": curve.model, "x": point.x, "y": point.y, "order": order}
        for curve in report.curves
        if curve.kind == kind and (label is None or curve.label in (None, label))
        for order, point in enumerate(curve.points)
    ]
    return pd.DataFrame(rows, columns=["model", "x", "y", "order"])
