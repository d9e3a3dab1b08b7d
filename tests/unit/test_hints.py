"""What is kept of an event, whatever it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from greenroom_pipeline.hints import PullHint, parse_hint, read_hint

EVENTS = ("pull_request", "issue_comment", "check_run", "merge_group", "workflow_run")
ACTIONS = ("opened", "created", "requested_action", "rerequested", "checks_requested", "completed")
PARTS = (
    "pull_request",
    "issue",
    "comment",
    "check_run",
    "merge_group",
    "workflow_run",
    "sender",
    "requested_action",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("/greenroom rerun") | st.just("a" * 40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["number", "id", "head_sha", "head_ref", "login", "body", "name", "external_id"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(EVENTS), st.sampled_from(ACTIONS), st.dictionaries(st.sampled_from(PARTS), VALUES))
def test_any_payload_is_read(event: str, action: str, payload: dict[str, Any]) -> None:
    """It gives a hint that is read again as it was, or none."""
    hint = read_hint(event, {"action": action, "repository": {"id": 1}, **payload}, repository=1)

    assert hint is None or parse_hint(hint.model_dump(mode="json")) == hint


def test_a_hint_has_its_shape() -> None:
    """What another version of Greenroom has left in the queue is refused, not guessed at."""
    assert parse_hint({"kind": "pull", "number": 7}) == PullHint(number=7)
    for document in ({"kind": "pull"}, {"kind": "odd"}, {"kind": "pull", "number": 0}, {"number": 7}):
        with pytest.raises(ValidationError):
            parse_hint(document)
