"""All pull requests: what waits for a decision first, then what has one."""

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_pulls
from greenroom_portal.panes.cards import find_previews, show_reviews
from greenroom_portal.panes.filters import ask_page, ask_wish, is_wish
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.welcome import show_first_step
from greenroom_portal.router import REVIEWS
from greenroom_portal.tables.reviews import narrow, split_pulls, take_page, tell_section

DECIDED_AT_FIRST = 5

st.title("Reviews", anchor=False)
try:
    pulls = load_pulls()
    if not pulls:
        show_first_step()
        st.stop()
    wish = ask_wish(pulls)
    sections = split_pulls(narrow(pulls, wish))
    first = sections.decided if wish.state in ("merged", "closed") else sections.open
    st.header(tell_section(wish.state, len(first)), anchor=False)
    cards, now, previews = st.container(), datetime.now(UTC), find_previews()
    page = take_page(first, ask_page(first))
    with cards:
        show_reviews(page, previews=previews, now=now)
    if not first and is_wish(wish):
        st.markdown("Nothing matches.")
        st.page_link(REVIEWS, label="Show all reviews", icon=":material/filter_alt_off:")
    elif not first:
        st.markdown("Nothing waits for a decision.")
    if sections.decided and not wish.state:
        st.header(f"Recently decided · {len(sections.decided)}", anchor=False)
        show_reviews(sections.decided[:DECIDED_AT_FIRST], previews=previews, now=now)
    if len(sections.decided) > DECIDED_AT_FIRST and not wish.state:
        st.page_link(REVIEWS, label="All that were merged", query_params={"state": "Merged"})
except GreenroomError as error:
    show_problem("The reviews cannot be read.", error)
