"""The player's expressions mean what GitHub says they do: else what it plays would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.github.expressions import Scope, contains
from tests.github.machine import read_pairs

CONTEXTS = {
    "github": {
        "event_name": "pull_request",
        "sha": "abc",
        "event": {"action": "opened", "pull_request": {"number": 7, "head": {"sha": "def"}}},
    },
    "inputs": {"server": "", "name": "it's"},
}


def scope(*, failed: bool = False) -> Scope:
    functions: dict[str, Any] = {
        "success": lambda: not failed,
        "failure": lambda: failed,
        "cancelled": lambda: False,
        "always": lambda: True,
        "contains": contains,
    }
    return Scope(CONTEXTS, functions)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event.pull_request.head.sha || github.sha", "def"),
        ("github.event.issue.number || github.sha", "abc"),
        ("github.event_name == 'PULL_REQUEST'", True),
        ("github.event_name != 'push' && github.event.action != 'closed'", True),
        ("github.event.merged == null", True),
        ("github.event.merged == ''", True),
        ("github.event.pull_request.number == '7'", True),
        ("!github.event.issue", True),
        ("(false || 'a') && 'b'", "b"),
        ("inputs.server && 1 || 2", 2),
        ("inputs['name'] == 'it''s'", True),
        ("contains('Please\n/Greenroom rerun', '/greenroom')", True),
        ("contains(github.nothing, '/greenroom')", False),
    ],
)
def test_values(expression: str, value: object) -> None:
    """Operators give back what they chose, a missing property is nothing, and texts compare without case."""
    assert scope().evaluate(expression) == value


@pytest.mark.parametrize("expression", ["a b", "github.", "'open", "github..sha", "(1", "github.sha )"])
def test_what_is_no_expression(expression: str) -> None:
    """What cannot be read fails rather than meaning something."""
    with pytest.raises((ValueError, KeyError, IndexError)):
        scope().evaluate(expression)


def test_text() -> None:
    """Expressions inside a text become text, nothing becomes empty, and truth is spelled small."""
    assert scope().fill("g-${{ github.event.pull_request.number }}-${{ github.nothing }}") == "g-7-"
    assert scope().fill({"a": "${{ !github.nothing }}", "b": False}) == {"a": "true", "b": "false"}


@pytest.mark.parametrize(
    ("condition", "well", "failed"),
    [
        (None, True, False),
        ("${{ github.event.action == 'opened' }}", True, False),
        ("github.event.action == 'closed'", False, False),
        ("${{ !cancelled() && github.event.pull_request }}", True, True),
        ("failure()", False, True),
    ],
)
def test_conditions(condition: str | None, well: bool, failed: bool) -> None:
    """After a failure only what says so is run."""
    assert scope().admits(condition) is well
    assert scope(failed=True).admits(condition) is failed


def test_outputs_of_several_lines() -> None:
    """Outputs are read in both forms, and a line of neither is refused."""
    assert read_pairs("a=1\nb<<END\nx=y\n\nz\nEND\nc=\n") == {"a": "1", "b": "x=y\n\nz", "c": ""}
    with pytest.raises(AssertionError, match="does not take"):
        read_pairs("nothing\n")
