"""GR302: columns that the candidate takes otherwise than the champion."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.schema_change import SchemaChange
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.observations import InputChange, Observations, Retyped
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable, InputsRule

AGE = Retyped(column="age", before="double", after="long")


def change(
    *, added: list[str] | None = None, removed: list[str] | None = None, retyped: list[Retyped] | None = None
) -> InputChange:
    return InputChange(added=added or [], removed=removed or [], retyped=retyped or [])


def judge(
    inputs: InputChange | None, rule: InputsRule | None = None, *, has_champion: bool = True
) -> CheckResult:
    case = Case(Evaluation("binary", has_champion, ()), Observations(inputs=inputs))
    (result,) = SchemaChange().run(GateTable(inputs=rule or InputsRule()), case)
    return result


def test_the_same_columns_pass() -> None:
    """Nothing changed: the check passes and says so."""
    result = judge(change())

    assert result.outcome == "passed"
    assert result.reason == "The candidate takes the same columns as the champion, each of the same type."


def test_a_new_and_a_lost_column_pass_by_default() -> None:
    """Features come and go: that is named, and allowed unless the project says otherwise."""
    result = judge(change(added=["wind", "rain"], removed=["hour"]))

    assert result.outcome == "passed"
    assert result.reason == "New columns: wind and rain. Columns gone: hour. That is allowed."


def test_a_retyped_column_fails_by_default() -> None:
    """Another type is named with both types, and with what to do."""
    result = judge(change(added=["wind"], retyped=[AGE]))

    assert result.outcome == "failed"
    assert result.reason == (
        "Columns of another type: age (double before, long now). Whoever asks the model must then ask in another "
        'way: cast them in training or give them other names, or add "retyped" to allow under [gate.inputs].'
    )


@pytest.mark.parametrize(
    ("allow", "outcome"),
    [
        (["added", "removed", "retyped"], "passed"),
        (["removed", "retyped"], "failed"),
        (["added", "retyped"], "failed"),
        ([], "failed"),
    ],
)
def test_each_kind_is_allowed_by_itself(allow: list[str], outcome: str) -> None:
    """What is not allowed fails, and only what is not allowed is named."""
    rule = InputsRule.model_validate({"allow": allow})
    result = judge(change(added=["wind"], removed=["hour"], retyped=[AGE]), rule)

    assert result.outcome == outcome
    if outcome == "failed":
        assert ("wind" in result.reason) is ("added" not in allow)
        assert ("hour" in result.reason) is ("removed" not in allow)


def test_without_a_champion_or_a_signature_nothing_is_said() -> None:
    """No champion, and a model that does not name its columns, are not applicable, each with its reason."""
    first, unsigned = judge(None, has_champion=False), judge(None)

    assert (first.outcome, unsigned.outcome) == ("not_applicable", "not_applicable")
    assert "no champion yet" in first.reason
    assert "give log_model a signature" in unsigned.reason
