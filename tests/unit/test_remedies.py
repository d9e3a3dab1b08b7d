"""Remedies: what to do about each check that did not pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from greenroom_pipeline.checks.registry import ALL_CHECKS
from greenroom_pipeline.checks.remedies import OPEN, find_override, find_remedy
from greenroom_pipeline.report import CheckResult, Outcome, Override
from greenroom_pipeline.words import Words
from tests.reference import DOCS

WORDS = Words(row="flight")
GENERAL = {
    find_remedy(CheckResult(code="GR999", title="t", outcome=outcome, reason="r"), WORDS) for outcome in OPEN
}


def conclude(code: str, outcome: Outcome, reason: str = "It is so.") -> CheckResult:
    return CheckResult(code=code, title="t", outcome=outcome, reason=reason)


def read_section(code: str) -> str:
    return (DOCS / "checks.md").read_text().partition(f"## {code}: ")[2].partition("\n## ")[0]


def find_documented() -> Iterator[tuple[str, Outcome]]:
    """Yield each outcome of each check that docs/checks.md says can be."""
    for code in (check.code for check in ALL_CHECKS):
        section = read_section(code).lower()
        yield from ((code, outcome) for outcome in OPEN if f"*{outcome.replace('_', ' ')}*" in section)


@pytest.mark.parametrize(
    ("code", "outcome"), [*find_documented(), ("GR101", "failed"), ("GR103", "not_tested")]
)
def test_every_outcome_that_is_documented_has_a_remedy(code: str, outcome: Outcome) -> None:
    """Wherever docs/checks.md says that a check fails or stays open, there is a sentence of its own on what to do."""
    told = find_remedy(conclude(code, outcome), WORDS)

    assert told not in GENERAL
    assert told[:1].isupper()
    assert told.endswith(".")
    assert not set("{}`") & set(told)
    assert len(told) <= 240


@pytest.mark.parametrize("outcome", ["passed", "not_applicable"])
def test_where_all_is_well_nothing_is_to_be_done(outcome: Outcome) -> None:
    """A check that passed, or does not apply, asks for nothing, and needs no override."""
    assert find_remedy(conclude("GR102", outcome), WORDS) == ""
    assert find_override(conclude("GR102", outcome)) is None


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("and about 2,900 more labelled rows would settle it if", "Label about 2,900 more flights and run"),
        ("for x, about 1 more labelled row would settle it", "Label about 1 more flight and run"),
        ("about 40 more labelled rows of new groups would", "Label about 40 more flights of new groups and"),
        ("so label at least 60 more rows.", "Label at least 60 more flights and run"),
        (
            "no number of further labelled rows would settle it",
            "More labelled flights will hardly settle it. Or",
        ),
        ("it cannot tell", "Label more flights and run the commit again. Or allow"),
    ],
)
def test_it_says_how_many_rows_would_settle_it(reason: str, told: str) -> None:
    """The number that the reason has worked out is what to label."""
    assert find_remedy(conclude("GR102", "inconclusive", reason), WORDS).startswith(told)


def test_it_says_where_to_look() -> None:
    """A harmed slice is named first."""
    told = find_remedy(conclude("GR103", "failed"), WORDS, where="flights of carrier HA")

    assert told.startswith("Look at flights of carrier HA. Find out what sets these flights apart")


def test_an_override_is_a_command_for_what_holds_back() -> None:
    """What failed or is open can be let through by name; what is not one of our codes is no command."""
    failed = conclude("GR102", "failed")
    word = Override(reason="hotfix", by="bob", at="2026-01-01T00:00:00+00:00")

    assert find_override(failed) == 'greenroom override GR102 "why"'
    assert find_override(failed.model_copy(update={"override": word})) is None
    assert find_remedy(failed.model_copy(update={"override": word}), WORDS) == ""
    assert find_override(conclude("GR1; rm -rf /", "failed")) is None
    assert find_override(conclude("GR103", "not_tested")) is None


def test_a_check_that_is_not_known_has_a_general_remedy() -> None:
    """A check of a later version still says something."""
    assert find_remedy(conclude("GR999", "failed"), WORDS).startswith("Mend what the reason names")
