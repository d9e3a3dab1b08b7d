"""Scoring: which column of the holdout a model's signature cannot hold."""

from __future__ import annotations

import pandas as pd
import pytest

from greenroom_pipeline.score import find_misfit

FRAME = pd.DataFrame(
    {"whole": [1.0, 2.0], "part": [0.5, 1.0], "gap": [1.0, None], "text": ["a", None], "truth": [True, False]}
)


def test_a_type_that_holds_the_values_is_no_misfit() -> None:
    """Whole numbers in a float column fit whole types, and text columns take anything."""
    inputs = {"whole": "long", "part": "float", "gap": "double", "text": "string", "truth": "double"}

    assert find_misfit(FRAME, inputs) is None
    assert find_misfit(FRAME, dict.fromkeys(map(str, FRAME), "string")) is None


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ("part", "long", "column 'part' is long in its signature, but holds 0.5 in the holdout"),
        ("gap", "integer", "column 'gap' is integer in its signature, but has missing values in the holdout"),
        ("text", "double", "column 'text' is double in its signature, but holds 'a' in the holdout"),
    ],
)
def test_a_misfit_is_named_with_a_value(column: str, kind: str, said: str) -> None:
    """The column, both types, a value and what to do stand in one line."""
    found = find_misfit(FRAME, {column: kind})

    assert found is not None
    assert found.startswith(said)
    assert "; log it with a signature" in found
