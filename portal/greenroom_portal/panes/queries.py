"""One row, asked of candidate and champion at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from greenroom_pipeline.desk import Reply, Review
from greenroom_pipeline.report import Report
from greenroom_portal.answers import (
    Figure,
    answer_frame,
    name_answer,
    pick_figure,
    tell_difference,
    tell_time,
)
from greenroom_portal.data import ask_models, look_at_previews
from greenroom_portal.fields import missing_fields, read_fields
from greenroom_portal.panes.form import ask_row
from greenroom_portal.panes.pinning import show_pin_button
from greenroom_portal.panes.sharing import show_sharing
from greenroom_portal.panes.starts import choose_start, keep_address, review_key
from greenroom_portal.panes.what_if import show_what_if
from greenroom_portal.readiness import Readiness, tell_wait
from greenroom_portal.selection import LONGEST_ROW, encode_row
from greenroom_portal.wording import clean, escape

_SLOW_SECONDS = 2.0


@dataclass(frozen=True)
class Answers:
    """What was said last, to which row, from which start of the form."""

    start: str
    row: dict[str, Any]
    candidate: Reply
    champion: Reply | None


@st.fragment
def show_queries(review: Review, report: Report, profile: dict[str, Any]) -> None:
    """Stands alone as a fragment: a query redraws nothing else of the page."""
    fields, readiness = read_fields(profile, report.words), look_at_previews(review)
    start = choose_start(review, report, profile, fields)
    row = ask_row(review, fields, start, profile.get("typical", {}))
    memory = review_key(f"answers-{review.sha}", review)
    if _is_asked(review, readiness):
        missing = missing_fields(fields, row)
        if missing:
            st.error(f"Fill in {', '.join(escape(name) for name in missing)}.", icon=":material/edit:")
        else:
            st.session_state[memory] = _ask_models(review, row, readiness, start=start.name)
    answers = st.session_state.get(memory)
    if isinstance(answers, Answers) and answers.start == start.name:
        _show_answers(report, answers, target=str(profile.get("target", "target")))
        if answers.row != row:
            st.caption("The form has changed since; ask again for its own answers.")
        show_pin_button(review, report, answers.row, answers.candidate, answers.champion)
    show_what_if(review, report, fields, row, readiness, target=str(profile.get("target", "target")))
    show_sharing(review, readiness, profile, row)


def _is_asked(review: Review, readiness: Readiness) -> bool:
    """Show the button, where there is somebody to ask; an address with a row asks as soon as it is opened."""
    at_once = st.session_state.pop(review_key("ask-at-once", review), False) and readiness.awake
    if not readiness.slots:
        return False
    label = "Ask both models" if "champion" in readiness.slots else "Ask the candidate"
    clicked = st.button(label, type="primary", key="try-it", icon=":material/play_arrow:")
    return clicked or at_once


def _ask_models(review: Review, row: dict[str, Any], readiness: Readiness, *, start: str) -> Answers:
    slots = readiness.slots
    with st.spinner(tell_wait(readiness), show_time=True):
        replies = dict(zip(slots, ask_models(review, row, list(slots.values())), strict=True))
    text = encode_row(row)
    if len(text) <= LONGEST_ROW:
        keep_address(review, text)
    return Answers(start, row, candidate=replies["candidate"], champion=replies.get("champion"))


def _show_answers(report: Report, answers: Answers, *, target: str) -> None:
    def show(who: str, title: str, reply: Reply) -> None:
        _show_reply(report, reply, pick_figure(report, reply, target=target), who=who, title=title)

    with st.container(key="answers"):
        left, right = st.columns(2)
        with left:
            show("candidate", "Candidate, this pull request", answers.candidate)
        with right:
            if answers.champion:
                show("champion", "Champion, in production", answers.champion)
        if answers.champion:
            with st.container(key="answer-difference"):
                sentence = tell_difference(report, answers.candidate, answers.champion)
                st.markdown(f"**{escape(sentence, longest=600)}**")
        table = answer_frame(report, answers.candidate, answers.champion)
        if not table.empty:
            with st.container(key="answer-table"):
                st.table(table.map(escape), border="horizontal", hide_index=True, alt="Class probabilities")


def _show_reply(report: Report, reply: Reply, figure: Figure, *, who: str, title: str) -> None:
    with st.container(border=True, key=f"{who}-answer", gap="xsmall"):
        st.markdown(f"**{title}**")
        if reply.error:
            st.error(escape(reply.error, longest=1000), icon=":material/error:")
            return
        with st.container(key=f"{who}-number"):
            st.metric(escape(figure.label), escape(figure.value))
        version = reply.model.get("version")
        parts = [
            *([f"answers {escape(name_answer(report, reply.prediction))}"] if reply.probabilities else []),
            *([f"version {escape(clean(version))}"] if version else []),
            tell_time(reply),
        ]
        st.caption(" · ".join(parts))
        if reply.seconds > _SLOW_SECONDS and not reply.woke:
            st.caption("That is slow for one row; the preview's log may say why.")
