"""Panes that are worked out and sent only once opened; which are open is in the address."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


@st.fragment
def show_folded(title: str, *, key: str, show: Callable[[], None]) -> None:
    """Show a closed pane that runs *show* once opened; what is moved in it does not run the page again."""
    pane = st.expander(title, key=key, on_change="rerun", bind="query-params")
    if pane.open:
        with pane:
            show()
