"""The row in the form as others can have it: an address, curl, Python."""

from __future__ import annotations

from typing import Any

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_portal.readiness import Readiness
from greenroom_portal.selection import LONGEST_ROW, Selection, address_row, encode_row
from greenroom_portal.snippets import needs_token, write_address, write_curl, write_python
from greenroom_portal.wording import clean


def show_sharing(review: Review, readiness: Readiness, profile: dict[str, Any], row: dict[str, Any]) -> None:
    pane = st.expander(
        "Share this row", icon=":material/share:", key="sharing", on_change="rerun", bind="query-params"
    )
    if not pane.open:
        return
    with pane:
        _show_address(review, row)
        address = readiness.candidate.address
        if address is None:
            st.caption("There is no address yet at which programs ask this preview.")
            return
        taken = profile.get("takes", list(row))
        asked = {name: value for name, value in row.items() if name in taken}
        st.markdown("**Where programs ask it**")
        st.code(clean(address), language=None, wrap_lines=True)
        if needs_token(address):
            st.caption("Put a token into `TOKEN`: `greenroom token create --scope query` makes one.")
        # Streamlit's colours of code are too faint to read, and no option changes them.
        st.markdown("**curl**")
        st.code(write_curl(address, asked), language=None, wrap_lines=True)
        st.markdown("**Python**")
        st.code(write_python(address, asked), language=None, wrap_lines=True)


def _show_address(review: Review, row: dict[str, Any]) -> None:
    st.markdown("**An address** that opens this form, and asks at once where the previews are awake")
    if len(encode_row(row)) > LONGEST_ROW:
        st.info(
            "This row is too long for an address; share it as curl or as Python.", icon=":material/link_off:"
        )
        return
    base = str(st.context.url or "").partition("?")[0]
    selection = Selection(review.project, review.pull)
    with st.container(key="share-address"):
        st.code(write_address(base, address_row(selection, row)), language=None, wrap_lines=True)
