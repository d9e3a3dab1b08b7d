"""The previews of the host: how each is, what it takes, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import PRODUCTION, PreviewAction, PreviewStatus
from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import forget_what_changes, get_desk, load_preview_log, load_previews
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.panes.problems import show_log, show_problem
from greenroom_portal.router import REVIEW
from greenroom_portal.selection import Selection, address_review
from greenroom_portal.tables.previews import offer_actions, sort_previews, tell_total, tell_use
from greenroom_portal.wording import clean, escape, mark_preview, short_sha

EVERY = 5
"""Seconds after which the page looks again by itself."""
_WORDS: dict[PreviewAction, tuple[str, str]] = {
    "wake": ("Wake", ":material/play_arrow:"),
    "sleep": ("Put to sleep", ":material/bedtime:"),
    "stop": ("Stop…", ":material/stop:"),
}
_FAILURE = "preview-failure"
_STOPPING = "preview-stopping"


@st.fragment(run_every=EVERY)
def show_previews(project: str) -> None:
    """Stands alone as a fragment: it looks again by itself, and redraws nothing else."""
    try:
        statuses = sort_previews(load_previews())
    except GreenroomError as error:
        show_problem("The previews cannot be shown.", error)
        return
    if not statuses:
        st.markdown("There is no preview yet. `greenroom run` on a branch makes the first one.")
        return
    st.markdown(tell_total(statuses))
    for status in statuses:
        with st.container(border=True, gap="xsmall", key=f"preview-{status.slot}"):
            _show_preview(project, status)


def _show_preview(project: str, status: PreviewStatus) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _show_name(project, status.slot)
        show_mark(mark_preview(status.state))
    commit = f"commit {escape(short_sha(status.sha))}" if status.sha else "commit unknown"
    st.caption(" · ".join([commit, *tell_use(status)]))
    if status.address:
        # In a code block it is copied as it is: escaped text has invisible joiners in its addresses.
        st.code(clean(status.address), language=None, wrap_lines=True)
    with st.container(horizontal=True, gap="small"):
        for action in offer_actions(status.state):
            _offer(project, status.slot, action)
    _tell_failure(status.slot)
    if st.session_state.get(_STOPPING) == status.slot:
        _ask_again(project, status.slot)
    _show_log(project, status.slot)


def _show_name(project: str, slot: str) -> None:
    if slot.isdecimal():
        address = address_review(Selection(project, int(slot)))
        st.page_link(REVIEW, label=f"**Pull request {slot}**", query_params=address)
    elif slot == PRODUCTION:
        st.markdown("**Production**, the champion", width="content")
    else:
        st.markdown(f"**{escape(slot)}**", width="content")


def _offer(project: str, slot: str, action: PreviewAction) -> None:
    word, icon = _WORDS[action]
    click = _ask_to_stop if action == "stop" else _act
    st.button(
        word,
        icon=icon,
        key=f"{action}-{slot}",
        on_click=click,
        args=(project, slot, action),
        help=_name(slot),
    )


def _name(slot: str) -> str:
    return f"Preview of pull request {slot}" if slot.isdecimal() else f"Preview {escape(slot)}"


def _ask_to_stop(_project: str, slot: str, _action: PreviewAction) -> None:
    st.session_state[_STOPPING] = slot


def _act(project: str, slot: str, action: PreviewAction) -> None:
    """Do it before the page is drawn again, so that it shows what has come of it."""
    st.session_state.pop(_STOPPING, None)
    st.session_state.pop(_FAILURE, None)
    try:
        get_desk().act(project, slot, action)
    except GreenroomError as error:
        st.session_state[_FAILURE] = (slot, error)
    forget_what_changes()


def _tell_failure(slot: str) -> None:
    failed, error = st.session_state.get(_FAILURE, (None, None))
    if failed == slot and isinstance(error, GreenroomError):
        show_problem("That did not work.", error)


def _ask_again(project: str, slot: str) -> None:
    """Ask in the page itself: a dialog would be closed by the page's looking again."""
    whom = "Production's preview" if slot == PRODUCTION else _name(slot)
    with st.container(key="stop-again"):
        st.warning(
            f"{whom} will answer nobody until it is deployed again. Stop it?", icon=":material/warning:"
        )
        with st.container(horizontal=True, gap="small"):
            args = (project, slot, "stop")
            st.button("Stop it", type="primary", key="stop-now", on_click=_act, args=args)
            st.button("Keep it", key="stop-not", on_click=_keep)


def _keep() -> None:
    st.session_state.pop(_STOPPING, None)


def _show_log(project: str, slot: str) -> None:
    pane = st.expander(
        "Its last lines",
        key=f"log-{slot}",
        on_change="rerun",
        icon=":material/notes:",
        bind="query-params",
    )
    if not pane.open:
        return
    with pane:
        try:
            log = load_preview_log(project, slot)
        except GreenroomError as error:
            show_problem("The log cannot be read.", error)
            return
        show_log(log or "It wrote nothing.", key=f"lines-{slot}")
