"""What rows were against what both models said, as a table for grids."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.report import Report
from greenroom_portal.tables.classes import name_classes
from greenroom_portal.wording import MISSING, percent, points


def confusion_frame(report: Report) -> pd.DataFrame:
    """One row for each true and said class: each model's rows, their share of the true class, and the change.

    Without a champion there are neither its columns nor the change; a class without rows has no share.
    """
    frame = pd.DataFrame(columns=["was", "said"])
    for confusion in report.confusions:
        names = name_classes(report.words, confusion.classes)
        cells = pd.DataFrame(
            [
                (was, said, rows)
                for was, line in zip(names, confusion.counts, strict=False)
                for said, rows in zip(names, line, strict=False)
            ],
            columns=["was", "said", confusion.model],
        )
        of_class = cells.groupby("was", sort=False)[confusion.model].transform("sum")
        cells[f"{confusion.model}_share"] = cells[confusion.model] / of_class.where(of_class > 0)
        frame = cells if frame.empty else frame.merge(cells, on=["was", "said"], how="inner")
    if "candidate" in frame and "champion" in frame:
        frame["change"] = frame["candidate_share"] - frame["champion_share"]
    return frame


def present_confusion(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same as people read it."""
    table = frame[["was", "said"]].set_axis(["Was", "Said"], axis=1)
    for model in ("candidate", "champion"):
        if model in frame:
            table[model.capitalize()] = [
                f"{rows:,} ({percent(share)})"
                for rows, share in zip(frame[model], frame[f"{model}_share"], strict=True)
            ]
    if "change" in frame:
        table["Difference"] = [MISSING if pd.isna(change) else points(change) for change in frame["change"]]
    return table
