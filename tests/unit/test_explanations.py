"""What `/greenroom explain` says."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.registry import ALL_CHECKS
from greenroom_pipeline.explanations import MOST_CHARACTERS, explain_check, suggest_check
from greenroom_pipeline.report import CheckResult, Override
from greenroom_pipeline.settings import GateTable
from tests.reports import make_report


@pytest.mark.parametrize("code", [check.code for check in ALL_CHECKS])
def test_every_check_is_explained(code: str) -> None:
    """By its page's own words, short and without markup."""
    text = explain_check(code, None, GateTable())

    assert text is not None
    assert text.startswith(f"{code} is “")
    assert len(text) <= MOST_CHARACTERS
    assert not set("`*") & set(text)
    assert "](" not in text


def test_the_report_s_own_word_comes_first() -> None:
    """Its outcome and reason, what to do about it, and who let it through."""
    failed = CheckResult(
        code="GR303", title="Model size", outcome="failed", reason="The model has 9 MB, more than 5 MB."
    )
    open_text = explain_check("GR303", make_report(checks=[failed]), GateTable())
    word = Override(reason="hotfix", by="bob", at="2026-01-01T00:00:00+00:00")
    overridden = explain_check(
        "GR303", make_report(checks=[failed.model_copy(update={"override": word})]), GateTable()
    )

    assert open_text is not None
    assert open_text.startswith(
        "Model size failed: The model has 9 MB, more than 5 MB. Mend what GR303 found"
    )
    assert overridden is not None
    assert "bob overrode it: hotfix" in overridden


def test_an_unknown_check_is_answered_with_the_nearest() -> None:
    """There is no explanation, but a name."""
    assert explain_check("GR999", None, GateTable()) is None
    assert suggest_check("GR109").startswith("did you mean 'GR10")
