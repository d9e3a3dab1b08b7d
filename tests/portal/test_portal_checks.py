"""Checks on the review page: what needs attention first, and what to do about it."""

from __future__ import annotations

from greenroom_portal.tables.checks import count_outcomes, name_harmed, split_checks
from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import make_check, make_report, override_check
from tests.portal.test_portal_reviews import shown
from tests.portal.who_desks import flights

CHECKS = [
    make_check("GR101", "Absolute bound", "passed", "It is 0.73."),
    make_check("GR102", "Loss against the champion", "inconclusive", "Can't tell."),
    override_check(make_check("GR105", "Rows that flip", "failed", "Many."), reason="hotfix", by="bob"),
    make_check("GR103", "Loss on slices", "failed", "Worse for carrier HA."),
    make_check("GR303", "Model size", "not_applicable", "No champion."),
    make_check("GR301", "Leakage", "passed", "None."),
]


def test_what_needs_attention_stands_first() -> None:
    """Failed checks come before open ones, overridden ones after both, and the others apart."""
    open_ones, settled = split_checks(CHECKS)

    assert [check.code for check in open_ones] == ["GR103", "GR102", "GR105"]
    assert [check.code for check in settled] == ["GR101", "GR301", "GR303"]
    assert count_outcomes(CHECKS) == "2 failed, 1 inconclusive, 2 passed and 1 not applicable"


def test_a_failed_slice_check_says_where_to_look() -> None:
    """The rule about slices names the rows that its metric shows to lose; another rule names none."""
    report = flights().reports[7]
    failed = next(check for check in report.checks if check.code == "GR103")

    assert name_harmed(report, failed) == "flights of carrier HA"
    assert name_harmed(report, report.checks[0]) == ""
    assert name_harmed(make_report(7, metrics=[]), failed) == ""


def test_the_page_says_what_to_do(open_page: OpenPage) -> None:
    """An open check stands above those that passed, with what to do and the command that lets it through."""
    text = shown(open_page("who_desks:flights", pull=7)).replace("\\", "")

    assert text.index("GR103") < text.index("GR104") < text.index("GR101")
    assert "**What to do:** Look at flights of carrier HA. Find out what sets these flights apart" in text
    assert '`greenroom override GR103 "why"`' in text
    assert "1 failed, 1 not tested and 2 passed." in text


def test_many_settled_checks_fold_into_a_line(open_page: OpenPage) -> None:
    """Where many checks passed they are one line with their count, and shown when it is opened."""
    app = open_page("who_desks:many_checks", pull=7)
    folded = shown(app)
    app.query_params["settled-checks"] = "true"
    opened = shown(app.run())

    assert [line.label for line in app.expander if "Nothing to do" in line.label] == [
        "Nothing to do: 5 passed"
    ]
    assert "Reason 3" not in folded
    assert "Reason 3" in opened


def test_an_inconclusive_verdict_says_what_would_settle_it(open_page: OpenPage) -> None:
    """Beside the verdict stands how many more labels would tell, or what else to do."""
    text = shown(open_page("who_desks:unclear", pull=7)).replace("\\", "")

    assert "**What would settle it:** Label about 2,900 more flights and run the commit again." in text


def test_a_clear_verdict_asks_for_nothing_more(open_page: OpenPage) -> None:
    """A pass or a failure is settled."""
    assert "What would settle it" not in shown(open_page("failing", pull=7))
