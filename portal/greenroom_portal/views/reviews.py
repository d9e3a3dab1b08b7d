"""All pull requests: what waits for a decision first, then what has one."""

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_reviews
from greenroom_portal.panes.cards import show_cards
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.tables.reviews import split_reviews

DECIDED_AT_FIRST = 10

st.title("Reviews", anchor=False)
try:
    sections = split_reviews(load_reviews())
except GreenroomError as error:
    show_problem("The reviews cannot be read.", error)
    st.stop()

now = datetime.now(UTC)
if not sections.open and not sections.decided:
    with st.container(key="empty"):
        st.markdown("**No pull request has gone through the loop yet.** In your project's repository:")
        st.code("git switch -c my-change\n# change the model, commit\ngreenroom run", language="bash")
        st.markdown(
            "`greenroom run` trains the branch's model, compares it with production, and starts a preview. "
            "The review then shows up here."
        )
    st.stop()

st.subheader(f"Open · {len(sections.open)}", anchor=False)
if sections.open:
    show_cards(sections.open, now=now)
else:
    st.markdown("Nothing waits for a decision.")

if sections.decided:
    st.subheader(f"Merged and closed · {len(sections.decided)}", anchor=False)
    everything = len(sections.decided) <= DECIDED_AT_FIRST or st.toggle("Show all of them", key="all-decided")
    show_cards(sections.decided[: None if everything else DECIDED_AT_FIRST], now=now)
