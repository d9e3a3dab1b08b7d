"""What is said of before and after: nothing is invented, nothing is lost, and nothing is long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from greenroom_pipeline.differences import compare_counts, compare_requirements, compare_values, cut
from greenroom_pipeline.since import TEXT_CHARACTERS, Changed, CommitLine, Since

VALUES = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=8)


@given(VALUES, VALUES)
@settings(max_examples=150, deadline=None)
def test_changes_lead_from_before_to_after(before: dict[str, str], after: dict[str, str]) -> None:
    """Applied to what was before they give what is after, none is without effect, and turned around they undo it."""
    changed = compare_values(before, after)
    applied = dict(before)
    for each in changed:
        assert each.before != each.after
        applied.pop(each.name, None)
        if each.after is not None:
            applied[each.name] = each.after

    assert applied == after
    assert [(each.name, each.after, each.before) for each in changed] == [
        (each.name, each.before, each.after) for each in compare_values(after, before)
    ]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param(["numpy==2.1"], ["numpy==2.2"], [("numpy", "2.1", "2.2")], id="version"),
        pytest.param(["Scikit_Learn==1.7"], ["scikit-learn == 1.7"], [], id="one name"),
        pytest.param([], ["pandas"], [("pandas", None, "any version")], id="added"),
        pytest.param(["pandas>=2,<3"], [], [("pandas", "<3,>=2", None)], id="removed"),
        pytest.param(
            ["a==1; python_version < '3.12'", "a==2; python_version >= '3.12'"],
            ["a==2"],
            [("a", '1 (python_version < "3.12") or 2 (python_version >= "3.12")', "2")],
            id="by platform",
        ),
        pytest.param(["u[x]==1"], ["u[x,y]==1"], [("u[x,y]", None, "1"), ("u[x]", "1", None)], id="extras"),
    ],
)
def test_requirements_are_compared_as_packages(
    before: list[str], after: list[str], changed: list[tuple[str, str | None, str | None]]
) -> None:
    """Names are one in any spelling, and versions are told without the signs that say nothing."""
    assert [(each.name, each.before, each.after) for each in compare_requirements(before, after)] == changed


def test_counts_are_told_when_one_is_known() -> None:
    """Also where they are the same; what is not known is null."""
    assert compare_counts("Rows", 1000, 1000) == Changed(name="Rows", before="1,000", after="1,000")
    assert compare_counts("Rows", None, 7) == Changed(name="Rows", before=None, after="7")
    assert compare_counts("Rows", None, None) is None


@given(st.text(st.characters(codec=None, exclude_categories=[]), max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_text_fits_a_report(text: str) -> None:
    """Names of files that are no Unicode, and texts of any length, become JSON of bounded length."""
    told = Changed(name=cut(text), before=cut(text), after=None)

    assert len(told.name) <= TEXT_CHARACTERS
    assert json.loads(told.model_dump_json())["name"] == told.name


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"commits": [CommitLine(sha="a", subject="s", author="a")] * 51}, id="commits"),
        pytest.param({"files": ["x"] * 51}, id="files"),
        pytest.param({"files": ["x" * 201]}, id="a file's name"),
        pytest.param({"parameters": [Changed(name="x", before=None, after="y")] * 101}, id="parameters"),
        pytest.param({"dependencies": [{"name": "x", "before": None, "after": "y" * 201}]}, id="a version"),
    ],
)
def test_a_report_that_says_more_is_none(fields: dict[str, Any]) -> None:
    """What a bundle brings is bounded by the schema itself, by which it is examined."""
    with pytest.raises(ValidationError):
        Since.model_validate(fields)
