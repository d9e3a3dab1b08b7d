"""The choice of the class that a pane is about."""

from __future__ import annotations

import streamlit as st

from greenroom_portal.wording import clean


def choose_class(labels: list[str], *, key: str) -> str | None:
    """Return the class that the visitor looks at; there is nothing to choose where there is one at most."""
    if len(labels) < 2:
        return next(iter(labels), None)
    return st.selectbox("Class", labels, format_func=clean, key=key, width=240, bind="query-params")
