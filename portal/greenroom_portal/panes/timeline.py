"""What happened to a pull request."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.desk import Happening, Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_timeline
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.wording import age, escape, link_to, mark_happening, mark_verdict, moment


def show_timeline(review: Review) -> None:
    """Show it once somebody opens it: to tell it, the forge is asked."""
    label, icon = "What happened", ":material/history:"
    with st.expander(label, icon=icon, key="happened", on_change="rerun", bind="query-params") as opened:
        if opened.open:
            _show(review)


def _show(review: Review) -> None:
    try:
        with st.spinner("Asking what happened…"):
            happenings = load_timeline(review.project, review.pull)
    except GreenroomError as error:
        show_problem("What happened cannot be told.", error)
        return
    now = datetime.now(UTC)
    told = [each for each in happenings if each.kind != "gap"]
    gaps = [each.text for each in happenings if each.kind == "gap"]
    for gap in gaps:
        st.info(escape(gap, longest=400), icon=mark_happening("gap").icon)
    if told:
        # One element, however many lines.
        st.markdown("\n".join(tell_happening(each, now=now) for each in told))
    elif not gaps:
        st.markdown("Nothing has happened yet.")


def tell_happening(happening: Happening, *, now: datetime) -> str:
    """Return a line of a Markdown list: what, by whom, how long ago, and the exact time."""
    mark = mark_happening(happening.kind)
    if happening.verdict is not None:
        mark = mark_verdict(happening.verdict)
    who = f" by {escape(happening.who, longest=60)}" if happening.who else ""
    parting = " " if happening.kind in ("merged", "promoted") else ": "
    text = f"{parting}{escape(happening.text, longest=300)}" if happening.text else ""
    when = f"{age(happening.at, now=now)} · {moment(happening.at)}"
    return f"- {mark.icon} **{link_to(mark.word, happening.link)}**{who}{text}  \n  :small[:gray[{when}]]"
