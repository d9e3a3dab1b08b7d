"""Errors that people can mend, as sentences."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.wording import escape

LOG_LINES = 400


def show_log(log: str, *, key: str) -> None:
    """Show the last lines of a process as they are: nothing in a code block is markup."""
    if log.strip():
        lines = log.splitlines()[-LOG_LINES:]
        with st.container(key=key):
            st.code(
                "\n".join(lines), language=None, wrap_lines=True, height=320 if len(lines) > 12 else "content"
            )


def show_problem(headline: str, error: GreenroomError) -> None:
    st.error(f"{headline} {escape(error, longest=1000)}", icon=":material/error:")
    show_log(error.log, key="problem-log")
