"""How the previews of *Try it* are, live until they answer."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import PreviewStatus, Review
from greenroom_portal.data import look_at_previews
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.panes.problems import show_log, show_problem
from greenroom_portal.readiness import Readiness, mark_preview, tell_candidate, tell_champion

SECONDS_BETWEEN_LOOKS = 2.0


def show_readiness(review: Review) -> None:
    """Show both previews; while one is about to answer, look again by itself until it does."""
    pending = look_at_previews(review).pending
    watch = st.fragment(_watch, run_every=SECONDS_BETWEEN_LOOKS if pending else None)
    watch(review, pending=pending)


def _watch(review: Review, *, pending: bool) -> None:
    readiness = look_at_previews(review)
    if pending and not readiness.pending:
        st.rerun()
    with st.container(key="preview-state", gap="xsmall"):
        if readiness.problem is not None:
            show_problem("The preview host does not answer.", readiness.problem)
            st.caption("The form and what is shared below work without it.")
            _look_again()
            return
        _show_line("Candidate", readiness.candidate, tell_candidate(readiness.candidate, review))
        _show_line("Champion", readiness.champion, tell_champion(readiness.champion))
        _show_failures(readiness)
        if not readiness.slots and not readiness.pending:
            _look_again()


def _show_line(name: str, status: PreviewStatus, sentence: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_mark(mark_preview(status), detail=f"· {name.lower()}")
        st.caption(sentence, width="content")


def _show_failures(readiness: Readiness) -> None:
    if readiness.candidate.state == "failed":
        show_log(readiness.candidate.log or "It wrote nothing.", key="preview-log")
    if readiness.champion.state == "failed":
        with st.expander("Production's log"):
            show_log(readiness.champion.log or "It wrote nothing.", key="production-log")


def _look_again() -> None:
    if st.button("Look again", icon=":material/refresh:", key="preview-look-again"):
        st.rerun()
