"""Drift of the columns, and how far the two models' answers are apart, as sentences and tables."""

from __future__ import annotations

import pandas as pd

from greenroom_pipeline.drift import Drift
from greenroom_pipeline.drifting import LEAST_EFFECT
from greenroom_pipeline.observations import Distances
from greenroom_pipeline.wording import count, write_figure
from greenroom_portal.wording import clean

_COLUMNS = ["column", "kind", "effect", "p_value", "drifted", "before", "after"]
_SHOWN = 15
_TOLD = 5
HOW_TO = (
    "Training rows are not named, so they cannot be held against the holdout. Name their files in `greenroom.toml`: "
    '`train = ["data/train.parquet"]` under `[data]`; the next run compares every column.'
)
MEANING = (
    "A column has drifted when its values differ between training rows and holdout by more than chance, and by enough "
    f"to matter: a distance of {LEAST_EFFECT:g} or more. It informs, and holds nothing back: where the holdout is of a "
    "later time, some drift is what one expects."
)
_GROUPS = {
    True: "Rows of one group are not independent, so chance is judged by one row of each.",
    False: (
        "Rows of one group are not independent, and training rows do not say their group: chance is taken for less "
        "than it is, so read the distances rather than the p-values."
    ),
}


def tell_drift(drift: Drift) -> str:
    """Say in one sentence which columns drifted."""
    tested = drift.tested or len(drift.columns)
    drifted = [each for each in drift.columns if each.drifted]
    rows = f"{drift.train_rows:,} training rows against {drift.rows:,} of the holdout"
    if not drifted:
        return f"None of {count(tested, 'column')} has drifted: {rows}."
    return f"{len(drifted)} of {count(tested, 'column')} {_have(len(drifted))} drifted: {rows}."


def title_drift(drift: Drift | None) -> str:
    if drift is None:
        return "Drift: not known"
    drifted = sum(each.drifted for each in drift.columns)
    return f"Drift: {drifted or 'none'} of {count(drift.tested or len(drift.columns), 'column')}"


def list_drifted(drift: Drift) -> list[tuple[str, str]]:
    """Return the columns that drifted most, with what they had in training and have in the holdout."""
    return [
        (each.column, f"{each.before} in training; {each.after} in the holdout")
        for each in drift.columns
        if each.drifted
    ][:_TOLD]


def tell_groups(drift: Drift) -> str | None:
    return None if drift.by_group is None else _GROUPS[drift.by_group]


def drift_frame(drift: Drift) -> pd.DataFrame:
    """One row for each column, in the report's order: names are cleaned, and the numbers are the report's."""
    rows = [
        each.model_dump() | {"column": clean(each.column, longest=60), "effect": round(each.effect, 4)}
        for each in drift.columns
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def choose_drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to draw: each column once, at most fifteen."""
    return frame.drop_duplicates("column").head(_SHOWN)


def present_drift(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table that people read."""
    return pd.DataFrame(
        {
            "Column": frame["column"],
            "Drifted": ["drifted" if drifted else "no" for drifted in frame["drifted"]],
            "Distance": [f"{effect:.3f}" for effect in frame["effect"]],
            "p": [_write_p(p) for p in frame["p_value"]],
            "Training rows": [clean(each, longest=400) for each in frame["before"]],
            "Holdout": [clean(each, longest=400) for each in frame["after"]],
        }
    )


def tell_distances(distances: Distances) -> list[str]:
    """Say how far the two models' answers on the same rows are apart, each figure with what it means."""
    told = []
    if distances.kolmogorov_smirnov is not None:
        told.append(
            f"Kolmogorov–Smirnov {write_figure(distances.kolmogorov_smirnov)}: where the models differ most, so "
            "much larger is the share of rows that one of them puts above a threshold."
        )
    if distances.wasserstein is not None:
        told.append(
            f"Wasserstein {write_figure(distances.wasserstein)}: so far an answer moves on average, in its own units, "
            "when answers are matched by rank."
        )
    if distances.jensen_shannon is not None:
        told.append(
            f"Jensen–Shannon {write_figure(distances.jensen_shannon)}: how differently the models share out "
            "the classes; 0 is alike and 0.83 nothing in common."
        )
    if distances.population_stability is not None:
        told.append(_tell_stability(distances.population_stability, distances.population_stability_noise))
    return told


def _tell_stability(stability: float, noise: float | None) -> str:
    told = f"Population stability index {write_figure(stability)}"
    if noise is None:
        return f"{told}."
    if stability <= noise:
        return f"{told}: no more than two samples of one distribution give (up to {write_figure(noise)})."
    return f"{told}: more than two samples of one distribution give (up to {write_figure(noise)})."


def _write_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _have(many: int) -> str:
    return "has" if many == 1 else "have"
