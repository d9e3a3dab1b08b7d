"""Pinned cases for tests, as people would pin them."""

from __future__ import annotations

from typing import Any

from greenroom_pipeline.cases import CaseResult, Expectation, PinnedCase

AT = "2026-01-31T12:00:00+00:00"


def expect(**keys: Any) -> Expectation:
    return Expectation.model_validate(keys)


def pinned(name: str = "a long flight", **changes: Any) -> PinnedCase:
    document = {
        "name": name,
        "row": {"carrier": "HA", "distance": 2500},
        "expect": {"kind": "class", "label": "1"},
        "reason": "it was late for years",
        "by": "Grace",
        "at": AT,
    }
    return PinnedCase.model_validate({**document, **changes})


def result(name: str = "a long flight", outcome: str = "broken", **changes: Any) -> CaseResult:
    document = {
        "name": name,
        "row": {"carrier": "HA", "distance": 2500},
        "expected": "answers late",
        "outcome": outcome,
        "answered": "late" if outcome == "met" else "on time",
        "champion": "late",
        "reason": "it was late for years",
        "by": "Grace",
    }
    return CaseResult.model_validate({**document, **changes})
