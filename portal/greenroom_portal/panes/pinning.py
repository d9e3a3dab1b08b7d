"""Pinning a case: what was tried, with what every later candidate must answer to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st
from pydantic import ValidationError

from greenroom_pipeline.cases import NAME_CHARACTERS, REASON_CHARACTERS, Expectation, Kind, PinnedCase
from greenroom_pipeline.desk import Reply, Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.report import Report
from greenroom_portal.data import forget_what_changes, get_desk
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.pins import (
    TITLES,
    list_kinds,
    list_labels,
    suggest_percent,
    suggest_range,
    suggest_value,
    tell_now,
)
from greenroom_portal.tables.cases import shorten_row
from greenroom_portal.wording import clean, escape

_PINNING = "pinning-case"


def show_pin_button(
    review: Review, report: Report, row: dict[str, Any], candidate: Reply, champion: Reply | None
) -> None:
    """Show the button under the answers to *row*, and what came of the last case that was pinned here."""
    told = st.session_state.get(_told_key(review))
    if told:
        with st.container(key="pinned-case"):
            st.success(escape(told, longest=600), icon=":material/push_pin:")
    if review.pull_state != "open" or candidate.error:
        return
    st.button("Pin this case…", icon=":material/push_pin:", key="pin-case", on_click=_start, args=(review,))
    if st.session_state.get(_PINNING) == _told_key(review):
        _ask(review, report, row, candidate, champion)


def _told_key(review: Review) -> str:
    return f"pinned-{review.project}-{review.pull}"


def _start(review: Review) -> None:
    st.session_state[_PINNING] = _told_key(review)
    st.session_state.pop(_told_key(review), None)


def _stop() -> None:
    st.session_state.pop(_PINNING, None)


@st.dialog("Pin this case", icon=":material/push_pin:", on_dismiss=_stop)
def _ask(
    review: Review, report: Report, row: dict[str, Any], candidate: Reply, champion: Reply | None
) -> None:
    st.markdown("Every later candidate is asked this row, and the gate says when one no longer answers so.")
    st.caption(escape(shorten_row(row), longest=600))
    expect = _ask_expectation(report, candidate, champion)
    if expect is not None:
        with st.container(key="pin-now"):
            st.info(
                escape(tell_now(report, expect, candidate, champion), longest=600),
                icon=":material/fact_check:",
            )
    name = st.text_input("Name of the case", key="pin-name", max_chars=NAME_CHARACTERS)
    reason = st.text_input(
        "Why it must hold",
        key="pin-reason",
        max_chars=REASON_CHARACTERS,
        help="Whoever breaks it reads this.",
    )
    by = st.text_input("Your name", key="pin-by", max_chars=NAME_CHARACTERS, help="The commit is made in it.")
    if st.button("Pin", type="primary", key="pin-confirm", disabled=expect is None) and expect is not None:
        _pin(review, row, expect, name=name, reason=reason, by=by)


def _ask_expectation(report: Report, candidate: Reply, champion: Reply | None) -> Expectation | None:
    """Ask with widgets that begin with what was answered; None with a sentence where it makes no sense."""
    kind: Kind = st.radio(
        "What is expected", list_kinds(report, candidate), format_func=TITLES.__getitem__, key="pin-kind"
    )
    try:
        return Expectation(kind=kind, **_ask_keys(kind, report, candidate, champion))
    except ValidationError as error:
        first = error.errors()[0]["msg"].removeprefix("Value error, ")
        st.error(escape(f"{first[:1].upper()}{first[1:]}.", longest=400), icon=":material/error:")
        return None


def _ask_keys(kind: Kind, report: Report, candidate: Reply, champion: Reply | None) -> dict[str, Any]:
    if kind == "range":
        low, high = suggest_range(candidate)
        return {
            "low": st.number_input("At least", value=low, format="%g", key="pin-low"),
            "high": st.number_input("At most", value=high, format="%g", key="pin-high"),
        }
    if report.task == "regression":
        value = suggest_value(candidate, champion)
        return {"value": st.number_input("The true number", value=value, format="%g", key="pin-value")}
    names = report.words.classes
    labels = list_labels(candidate, champion)
    label = st.selectbox(
        "Class", labels, format_func=lambda each: escape(names.get(each, each)), key="pin-label"
    )
    if kind != "probability" or label is None:
        return {"label": label}
    percent = st.slider(
        "Least probability, in %",
        0,
        100,
        suggest_percent(candidate, label),
        key=f"pin-percent-{clean(label)}",
    )
    return {"label": label, "at_least": percent / 100}


def _pin(
    review: Review, row: dict[str, Any], expect: Expectation, *, name: str, reason: str, by: str
) -> None:
    given = {"Name the case": name, "Say why it must hold": reason, "Give your name": by}
    missing = [what for what, text in given.items() if not clean(text)]
    if missing:
        st.error(f"{missing[0]}: whoever breaks it later will want to know.", icon=":material/edit:")
        return
    try:
        case = PinnedCase(
            name=clean(name),
            row=row,
            expect=expect,
            reason=clean(reason, longest=REASON_CHARACTERS),
            by=clean(by),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        told = get_desk().pin(review.project, review.pull, case, sha=review.sha)
    except ValidationError as error:
        st.error(escape(f"This row cannot be pinned: {error.errors()[0]['msg']}.", longest=400))
        return
    except GreenroomError as error:
        show_problem("Nothing was pinned.", error)
        return
    _stop()
    st.session_state[_told_key(review)] = told
    forget_what_changes()
    st.rerun()
