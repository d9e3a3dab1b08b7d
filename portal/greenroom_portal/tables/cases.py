"""Pinned cases in people's words, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from greenroom_pipeline.cases import CaseResult
from greenroom_portal.wording import MISSING, clean, number

_MOST_COLUMNS = 6


def case_frame(cases: Sequence[CaseResult]) -> pd.DataFrame:
    """Return a line for each case, as plain text."""
    return pd.DataFrame(
        {
            "Case": [clean(case.name) for case in cases],
            "Row": [shorten_row(case.row) for case in cases],
            "Expected": [clean(case.expected) for case in cases],
            "Answered": [clean(case.answered) for case in cases],
            "Production": [clean(case.champion or MISSING) for case in cases],
            "Pinned by": [clean(case.by) for case in cases],
            "Because": [clean(case.reason) for case in cases],
        }
    )


def shorten_row(row: Mapping[str, Any]) -> str:
    """Return the first columns of a row on one line, and how many more it has."""
    shown = [
        f"{clean(name, longest=40)} {_write(value)}" for name, value in list(row.items())[:_MOST_COLUMNS]
    ]
    more = len(row) - len(shown)
    return " · ".join([*shown, *([f"{more} more"] if more > 0 else [])])


def _write(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return MISSING if value is None else clean(value, longest=40)
