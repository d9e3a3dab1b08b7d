"""Pinned cases: inputs with an expectation that every later candidate must meet."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from greenroom_pipeline.observations import Document

CASES_FILE = "greenroom/cases.jsonl"
NAME_CHARACTERS = 100
REASON_CHARACTERS = 500
LABEL_CHARACTERS = 200
MOST_COLUMNS = 200

Kind = Literal["class", "probability", "range", "no_worse"]

# What would break a line of text, hide in it, or turn its direction.
_UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)")


def _require_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; write something")
    if _UNSEEN.search(text):
        raise ValueError(f"{text[:60]!r} has line breaks or invisible characters; write one plain line")
    return text


def _require_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no time in UTC; write it as 2026-01-31T12:00:00+00:00")
    return text


Name = Annotated[str, Field(max_length=NAME_CHARACTERS), AfterValidator(_require_line)]
Label = Annotated[str, Field(max_length=LABEL_CHARACTERS), AfterValidator(_require_line)]
Reason = Annotated[str, Field(max_length=REASON_CHARACTERS), AfterValidator(_require_line)]
Number = Annotated[float, Field(allow_inf_nan=False)]

_KEYS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "class": (("label",),),
    "probability": (("label", "at_least"),),
    "range": (("low", "high"), ("low",), ("high",)),
    "no_worse": (("label",), ("value",)),
}
"""Which keys each kind has, in each of its forms."""


class Expectation(Document):
    """What is expected of the answer; which keys are set says which kind it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Kind
    label: Label | None = Field(
        None, description="The class that is meant, for `class`, `probability`, `no_worse`."
    )
    at_least: Number | None = Field(
        None, ge=0, le=1, description="Least probability of the class, for `probability`."
    )
    low: Number | None = Field(None, description="Least number, for `range`.")
    high: Number | None = Field(None, description="Greatest number, for `range`.")
    value: Number | None = Field(None, description="The true number, for `no_worse` of numbers.")

    @model_validator(mode="after")
    def _keys_fit(self) -> Expectation:
        given = {
            name for name in ("label", "at_least", "low", "high", "value") if getattr(self, name) is not None
        }
        forms = _KEYS[self.kind]
        if given not in [set(form) for form in forms]:
            wanted = ", or ".join(" and ".join(form) for form in forms)
            raise ValueError(f"a case of kind {self.kind!r} needs {wanted}, and no other of these keys")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"low is {self.low:g} and high is {self.high:g}, which no number can keep; swap them"
            )
        return self


class PinnedCase(Document):
    """One line of `greenroom/cases.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Name
    row: dict[str, Any] = Field(min_length=1, max_length=MOST_COLUMNS)
    expect: Expectation
    reason: Reason
    by: Name
    at: Annotated[str, AfterValidator(_require_time)] = Field(description="Time in UTC, ISO 8601.")

    @field_validator("row")
    @classmethod
    def _row_is_json(cls, row: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(row, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError):
            raise ValueError(
                "has a value that JSON cannot hold; write texts, numbers, true, false or null"
            ) from None
        return row


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


class Pins(Document):
    """What a commit does to the pinned cases of the branch that it is to be merged into."""

    taken: list[str] = Field(description="Names of cases that are there and not here.")
    changed: list[str] = Field([], description="Names of cases whose row or expectation is another here.")


def compare_pins(base: Sequence[PinnedCase], here: Sequence[PinnedCase]) -> Pins:
    """Return which cases of *base* are not asked any more as they were."""
    asked = {case.name: (case.row, case.expect) for case in here}
    return Pins(
        taken=[case.name for case in base if case.name not in asked],
        changed=[
            case.name for case in base if case.name in asked and asked[case.name] != (case.row, case.expect)
        ],
    )
