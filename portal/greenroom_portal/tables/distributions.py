"""Histograms of both models, as tables for charts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from greenroom_pipeline.distributions import Histogram
from greenroom_pipeline.report import Report
from greenroom_portal.wording import number, percent

_COLUMNS = ["model", "edge", "bin", "rows", "share"]


def score_labels(report: Report) -> list[str]:
    """Return the classes whose probabilities the report has counted."""
    return list(dict.fromkeys(each.label for each in report.histograms if each.label is not None))


def score_parts(report: Report, *, label: str) -> dict[str | None, pd.DataFrame]:
    """Return the spread of the class's probability by true class, None being all rows that are not of it."""
    chosen = [each for each in report.histograms if each.kind == "scores" and each.label == label]
    wholes = {each.model: each for each in chosen if each.of is None}
    parts = [each for each in chosen if each.of is not None]
    rests = [_rest(wholes[each.model], each) for each in parts if each.model in wholes]
    by_class: dict[str | None, list[Histogram]] = {}
    for each in [*parts, *rests]:
        by_class.setdefault(each.of, []).append(each)
    return {of: histogram_frame(histograms) for of, histograms in by_class.items()}


def residual_frame(report: Report) -> pd.DataFrame:
    return histogram_frame([each for each in report.histograms if each.kind == "residuals"])


def histogram_frame(histograms: Sequence[Histogram]) -> pd.DataFrame:
    """One row for each edge of each model: what lies from it to the next; the last one closes the steps."""
    rows = []
    for each in histograms:
        total = max(sum(each.counts), 1)
        ends = [*each.edges[1:], *each.edges[-1:]]
        for edge, end, count in zip(each.edges, ends, [*each.counts, *each.counts[-1:]], strict=False):
            rows.append((each.model, edge, f"{number(edge)} and {number(end)}", count, count / total))
    return pd.DataFrame(rows, columns=_COLUMNS)


def count_outside(report: Report) -> dict[str, int]:
    """Return for each model how many rows lie beyond the bins of residuals."""
    return {
        each.model: max(report.holdout.rows - sum(each.counts), 0)
        for each in report.histograms
        if each.kind == "residuals"
    }


def present_histogram(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each bin as people read it, the models side by side."""
    closing = frame.groupby("model")["edge"].transform("max")
    bins = frame[frame["edge"] < closing]
    written = bins.assign(
        text=[f"{rows:,} ({percent(share)})" for rows, share in zip(bins["rows"], bins["share"], strict=True)]
    )
    table = written.pivot_table(index=["edge", "bin"], columns="model", values="text", aggfunc="first")
    models = [model for model in ("candidate", "champion") if model in table]
    return table.reset_index()[["bin", *models]].set_axis(["Between", *map(str.capitalize, models)], axis=1)


def _rest(whole: Histogram, part: Histogram) -> Histogram:
    counts = [every - of_class for every, of_class in zip(whole.counts, part.counts, strict=False)]
    return whole.model_copy(update={"counts": counts})
