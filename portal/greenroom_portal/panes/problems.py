"""Errors that people can mend, as sentences."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.wording import escape

LOG_LINES = 400
LAST_LINES = 10


def show_log(log: str, *, key: str) -> None:
    """Show how a process's log ends, as it is: nothing in a code block is markup; what was before is folded."""
    lines = log.rstrip().splitlines()[-LOG_LINES:]
    if not lines:
        return
    with st.container(key=key):
        st.code("\n".join(lines[-LAST_LINES:]), language=None, wrap_lines=True)
        if len(lines) > LAST_LINES:
            with st.expander(f"All {len(lines)} lines", icon=":material/notes:"):
                st.code("\n".join(lines), language=None, wrap_lines=True, height=480)


def show_problem(headline: str, error: GreenroomError) -> None:
    st.error(f"{headline} {escape(error, longest=1000)}", icon=":material/error:")
    show_log(error.log, key="problem-log")
