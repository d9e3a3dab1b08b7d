"""A chart with the same numbers behind it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from greenroom_portal.charts.palette import Drawing
from greenroom_portal.data import draw_once


def show_chart(draw: partial[Drawing], table: pd.DataFrame, *, name: str, alt_text: str) -> None:
    """Show a chart with the same numbers behind it, for reading aloud and for copying."""
    with st.container(key=f"chart-{name}"):
        show_drawing(draw, alt_text=alt_text)
        show_table_behind(table, alt_text=alt_text)


def show_drawing(draw: partial[Drawing], *, alt_text: str) -> None:
    """Show what *draw* draws, a chart's function with what it draws: the same chart is drawn once for everybody."""
    st.vega_lite_chart(draw_once(draw), width="stretch", alt=alt_text)


def show_table_behind(table: pd.DataFrame, *, alt_text: str) -> None:
    with st.expander("The same as a table", type="compact"):
        st.dataframe(table, hide_index=True, alt=alt_text)
