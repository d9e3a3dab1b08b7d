"""What the list of reviews is narrowed to: kept in the address, so that it survives reload and sharing.

A choice stands in the address by its label.
"""

from __future__ import annotations

from typing import cast

import streamlit as st

from greenroom_pipeline.forge import PullRequest, PullState
from greenroom_pipeline.report import Verdict
from greenroom_portal.data import load_judged
from greenroom_portal.tables.reviews import Wish, count_pages, list_authors
from greenroom_portal.wording import clean, mark_pull, mark_verdict

PAGE_KEY = "page"
_VERDICTS: list[Verdict] = ["pass", "inconclusive", "fail"]
_STATES: list[PullState] = ["open", "merged", "closed"]
_ORDERS = ["newest", "oldest"]


def ask_wish(pulls: list[PullRequest]) -> Wish:
    """Ask what somebody looks for; each answer is a parameter of the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        text = st.text_input(
            "Search",
            key="q",
            type="search",
            placeholder="Title, branch, author, number",
            bind="query-params",
            on_change=_start_over,
            max_chars=200,
            width=260,
        )
        verdict = _choose("Verdict", [*_VERDICTS], {each: mark_verdict(each).word for each in _VERDICTS})
        state = _choose("State", [*_STATES], {each: mark_pull(each).word for each in _STATES})
        author = _choose("Author", list_authors(pulls), {})
        order = st.selectbox(
            "Order",
            _ORDERS,
            format_func=str.title,
            key="sort",
            bind="query-params",
            on_change=_start_over,
            width=150,
        )
    return Wish(
        text=text or "",
        author=author,
        state=cast(PullState | None, state),
        commits=load_judged(cast(Verdict, verdict)) if verdict else None,
        oldest_first=order == "oldest",
    )


def _choose(label: str, options: list[str], words: dict[str, str]) -> str | None:
    return st.selectbox(
        label,
        options,
        index=None,
        placeholder="Any",
        format_func=lambda each: words.get(each) or clean(each, longest=60),
        key=label.lower(),
        bind="query-params",
        on_change=_start_over,
        width=150,
    )


def _start_over() -> None:
    """What was the third page of all is none of what is left."""
    if PAGE_KEY in st.session_state:
        st.session_state[PAGE_KEY] = 1


def ask_page(pulls: list[PullRequest]) -> int:
    """Return the page to show, and let it be changed where there are several."""
    pages = count_pages(pulls)
    if pages == 1:
        return 1
    return st.pagination(pages, key=PAGE_KEY, bind="query-params")


def is_wish(wish: Wish) -> bool:
    return wish != Wish(oldest_first=wish.oldest_first)
