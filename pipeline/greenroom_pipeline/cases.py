"""Pinned cases: inputs with an expectation that every later candidate must meet."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from greenroom_pipeline.observations import Document

CASES_FILE = "greenroom/cases.jsonl"


class Expectation(Document):
    """What is expected of the answer; which keys are set says which kind it is."""

    kind: Literal["class", "probability", "range", "no_worse"]
    label: str | None = Field(
        None, description="The class that is meant, for `class`, `probability`, `no_worse`."
    )
    at_least: float | None = Field(None, description="Least probability of the class, for `probability`.")
    low: float | None = Field(None, description="Least number, for `range`.")
    high: float | None = Field(None, description="Greatest number, for `range`.")
    value: float | None = Field(None, description="The true number, for `no_worse` of numbers.")


class PinnedCase(Document):
    """One line of `greenroom/cases.jsonl`."""

    name: str
    row: dict[str, Any]
    expect: Expectation
    reason: str
    by: str
    at: str = Field(description="Time in UTC, ISO 8601.")


class CaseResult(Document):
    """What became of one case with this candidate."""

    name: str
    row: dict[str, Any]
    expected: str = Field(description="The expectation in words.")
    outcome: Literal["met", "broken", "not_tested"]
    answered: str = Field(description="What the candidate answered, or why it was not asked.")
    champion: str | None = Field(None, description="What the champion answers.")
    reason: str
    by: str
