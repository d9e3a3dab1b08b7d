"""The pages and their addresses."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from greenroom_portal.turns import take_turn

VIEWS = Path(__file__).parent / "views"
SCRIPT = VIEWS / "app.py"
# A file of our own: visitors' browsers would fetch a named icon from a server on the internet.
ICON = Path(__file__).parent / "icon.svg"
REVIEWS = VIEWS / "reviews.py"
REVIEW = VIEWS / "review.py"
TRY_IT = VIEWS / "tryit.py"
PREVIEWS = VIEWS / "previews.py"
HISTORY = VIEWS / "history.py"
# Titles wrap on a telephone; Streamlit would cut them off without a sign.
STYLE = """<style>
[data-testid=stPageLink] * { white-space: normal; overflow: visible; }
[data-testid=stMain] [data-testid=stPageLink] a { padding-left: 0; margin-left: 0; }
[data-testid=stMain] .st-key-to-try-it [data-testid=stPageLink] a {
  border: 1px solid #808590; border-radius: .5rem; padding: .45rem .9rem;
}
</style>"""
LISTED = [
    (REVIEWS, "Reviews", ":material/rule:", ""),
    (PREVIEWS, "Previews", ":material/memory:", "previews"),
    (HISTORY, "History", ":material/history:", "history"),
]
BELOW = [
    (REVIEW, "Review", ":material/rate_review:", "review"),
    (TRY_IT, "Try it", ":material/play_arrow:", "try"),
]


def route() -> None:
    """Run the page that the address names, in its turn."""
    with take_turn():
        _run_page()


def _run_page() -> None:
    listed = [
        st.Page(view, title=title, icon=icon, url_path=path or None, default=not path)
        for view, title, icon, path in LISTED
    ]
    below = [
        st.Page(view, title=title, icon=icon, url_path=path, visibility="hidden")
        for view, title, icon, path in BELOW
    ]
    page = st.navigation([*listed, *below], position="top")
    name_tab(page.title)
    st.html(STYLE)
    page.run()


def name_tab(*names: str) -> None:
    """Write what is shown into the browser's tab and history, the narrowest first; *names* are plain text."""
    st.set_page_config(page_title=" · ".join([*names, "Greenroom"]), page_icon=ICON, layout="wide")
