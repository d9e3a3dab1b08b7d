"""States as badges: an icon and a word, never colour alone."""

from __future__ import annotations

import streamlit as st

from greenroom_portal.wording import Mark


def show_mark(mark: Mark, *, detail: str = "") -> None:
    """Show the mark; *detail* is Markdown, escaped where it holds foreign text."""
    st.badge(f"{mark.word} {detail}".strip(), icon=mark.icon, color=mark.color)
