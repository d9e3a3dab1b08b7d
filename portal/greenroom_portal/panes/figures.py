"""A chart with the same numbers behind it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from greenroom_portal.charts.palette import Drawing


def show_chart(chart: Drawing, table: pd.DataFrame, *, name: str, alt_text: str) -> None:
    """Show a chart with the same numbers behind it, for reading aloud and for copying."""
    with st.container(key=f"chart-{name}"):
        st.altair_chart(chart, width="stretch", alt=alt_text)
        show_table_behind(table, alt_text=alt_text)


def show_table_behind(table: pd.DataFrame, *, alt_text: str) -> None:
    with st.expander("The same as a table", type="compact"):
        st.dataframe(table, hide_index=True, alt=alt_text)
