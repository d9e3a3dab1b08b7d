"""What both models would find and cost if they said the class from another threshold on."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_portal.charts.thresholds import draw_costs
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.tables.classes import name_rows
from greenroom_portal.tables.thresholds import (
    COST_RATIOS,
    add_costs,
    pick_cheapest,
    pick_threshold,
    present_costs,
    present_threshold,
    tell_cheapest,
    tell_threshold,
    threshold_frame,
)
from greenroom_portal.wording import clean, escape


def show_threshold(report: Report) -> None:
    frame = threshold_frame(report)
    if frame.empty:
        return
    words, label = report.words, report.thresholds[0].label
    one = name_rows(words, label, number=1)
    ratio = st.select_slider(
        f"What a missed {escape(one)} costs against a false alarm",
        list(COST_RATIOS),
        value="1:1",
        key="cost",
        bind="query-params",
    )
    threshold = st.slider(
        "Threshold: from this probability on, a model says so",
        0.0,
        1.0,
        value=0.5,
        step=0.01,
        key="threshold",
        bind="query-params",
    )
    costs = add_costs(frame, missed=COST_RATIOS[ratio])
    cheapest, at = pick_cheapest(costs), pick_threshold(costs, threshold)
    st.markdown(escape(tell_threshold(at, words=words, label=label), longest=600))
    table = present_threshold(at, words=words)
    st.table(
        table.assign(Outcome=table["Outcome"].map(escape)),
        border="horizontal",
        hide_index=True,
        alt="What both models find, miss and cost at this threshold",
    )
    told = tell_cheapest(cheapest, words=words)
    show_chart(
        partial(
            draw_costs,
            costs,
            cheapest,
            threshold=threshold,
            y=f"Cost per 1,000 {clean(words.rows, longest=40)}",
        ),
        present_costs(costs, words=words),
        name="costs",
        alt_text=f"Cost over the threshold. {told}",
    )
    st.caption(
        f"{escape(told, longest=600)} Costs are counted in false alarms; lower is better, the marks are the lowest, "
        "the upright line is the threshold chosen above. No interval here: informational."
    )
