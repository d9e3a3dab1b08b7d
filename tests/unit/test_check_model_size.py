"""GR303: the bytes of the candidate's files."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.model_size import ModelSize
from greenroom_pipeline.configuration import parse_settings
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.observations import Observations, Size
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable, SizeRule

ABSOLUTE, RELATIVE = SizeRule(max_megabytes=5), SizeRule(max_ratio=1.5)


def judge(rule: SizeRule | None, candidate: int, champion: int | None = 4_000_000) -> list[CheckResult]:
    observed = Observations(size=Size(candidate=candidate, champion=champion))
    return ModelSize().run(
        GateTable(size=rule), Case(Evaluation("binary", champion is not None, ()), observed)
    )


def test_without_a_rule_no_check_is_listed() -> None:
    """A project that sets no limit hears nothing of sizes."""
    assert judge(None, 10**12) == []


@pytest.mark.parametrize(
    ("rule", "candidate", "reason"),
    [
        (ABSOLUTE, 5_000_000, "The model has 5.000 MB; it may have at most 5 MB."),
        (ABSOLUTE, 3_210, "The model has 0.003 MB; it may have at most 5 MB."),
        (
            RELATIVE,
            6_000_000,
            "The model has 1.500 times the champion's bytes; it may have at most 1.5 times.",
        ),
    ],
)
def test_up_to_the_limit_it_passes(rule: SizeRule, candidate: int, reason: str) -> None:
    """The limit itself is still within what is tolerated."""
    (result,) = judge(rule, candidate)

    assert (result.outcome, result.reason) == ("passed", reason)


@pytest.mark.parametrize(
    ("rule", "candidate", "reason"),
    [
        (ABSOLUTE, 5_020_000, "The model has 5.020 MB, but may have at most 5 MB."),
        (
            RELATIVE,
            8_000_000,
            "The model has 2.000 times the champion's bytes, but may have at most 1.5 times.",
        ),
    ],
)
def test_beyond_the_limit_it_fails(rule: SizeRule, candidate: int, reason: str) -> None:
    """A model that is too large fails, and the figures can be told apart."""
    (result,) = judge(rule, candidate)

    assert (result.outcome, result.reason) == ("failed", reason)


def test_each_limit_has_an_outcome() -> None:
    """Both limits of a rule are judged; the one that needs a champion says when there is none."""
    results = judge(SizeRule(max_megabytes=5, max_ratio=2), 10_000_000, None)

    assert [result.outcome for result in results] == ["failed", "not_applicable"]


def test_a_size_that_was_not_measured_fails() -> None:
    """A rule about what is not known fails closed."""
    (result,) = ModelSize().run(GateTable(size=ABSOLUTE), Case(Evaluation("binary", True, ())))

    assert (result.outcome, "was not measured" in result.reason) == ("failed", True)


def test_a_rule_without_a_limit_is_refused() -> None:
    """An empty [gate.size] would look like a check and be none."""
    with pytest.raises(SettingsError, match="needs at least one of max_megabytes, max_ratio"):
        parse_settings(
            """
            [project]
            name = "a"
            task = "binary"
            [train]
            command = "true"
            [data]
            holdout = "h.csv"
            target = "y"
            [gate.size]
            """
        )
