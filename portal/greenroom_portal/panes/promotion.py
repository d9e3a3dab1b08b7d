"""Letting a candidate into production."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.report import Report
from greenroom_portal.data import forget_what_changes, get_desk
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.wording import escape, short_sha

_CONFIRMING = "confirming-promotion"


def show_promoted(review: Review) -> None:
    told = st.session_state.get(_key(review))
    if told:
        with st.container(key="promoted"):
            st.success(escape(told, longest=600), icon=":material/rocket_launch:")


def show_promotion(review: Review, report: Report) -> None:
    blocked = tell_why_not(review, report)
    if review.pull_state != "open":
        return
    st.button(
        "Promote…",
        type="primary",
        icon=":material/rocket_launch:",
        key="promote",
        disabled=blocked is not None,
        on_click=_start,
        args=(_key(review),),
    )
    if blocked:
        st.caption(blocked, width="content")
    elif st.session_state.get(_CONFIRMING) == _key(review):
        _confirm(review)


def tell_why_not(review: Review, report: Report) -> str | None:
    """Return why the candidate cannot be promoted; None when it can."""
    if review.pull_state != "open":
        return f"The pull request is {review.pull_state}."
    if report.verdict == "fail":
        return "The gate failed: the candidate cannot be promoted."
    if report.lineage is None or report.lineage.sha != review.sha:
        return "The branch has moved on since this report. Run `greenroom run` on it again."
    return None


def _key(review: Review) -> str:
    return f"promoted-{review.project}-{review.pull}"


def _start(key: str) -> None:
    st.session_state[_CONFIRMING] = key


def _stop() -> None:
    st.session_state.pop(_CONFIRMING, None)


@st.dialog("Promote this candidate?", icon=":material/rocket_launch:", on_dismiss=_stop)
def _confirm(review: Review) -> None:
    st.markdown(
        f"This merges pull request #{review.pull} and puts its model of commit "
        f"{escape(short_sha(review.sha))} into production."
    )
    with st.form("promotion", border=False):
        name = st.text_input(
            "Your name", key="promote-name", max_chars=100, help="Recorded with the promotion."
        )
        sure = st.form_submit_button("Promote", type="primary", key="promote-confirm")
    if not sure:
        return
    if not name.strip():
        st.error("Give your name: the promotion is recorded under it.", icon=":material/person:")
        return
    try:
        told = get_desk().promote(review.project, review.pull, sha=review.sha, by=name.strip())
    except GreenroomError as error:
        show_problem("Nothing was promoted.", error)
        return
    _stop()
    st.session_state[_key(review)] = told
    forget_what_changes()
    st.rerun()
