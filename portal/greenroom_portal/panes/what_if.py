"""What if one feature were another: both models' answers over its range, everything else as in the form."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from greenroom_pipeline.desk import Replies, Review
from greenroom_pipeline.report import Report
from greenroom_portal.answers import name_class, name_probability, positive_class
from greenroom_portal.charts.what_if import draw_range, draw_sides
from greenroom_portal.data import open_questions
from greenroom_portal.fields import Field, missing_fields
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.panes.starts import review_key
from greenroom_portal.readiness import Readiness
from greenroom_portal.selection import encode_row
from greenroom_portal.what_if import Question, list_classes, select_asked, tell_what_if, vary, what_if_frame
from greenroom_portal.wording import clean, escape

_TABLE = {"model": "Model", "shown": "Value", "answer": "Answer", "y": "Height"}


def show_what_if(
    review: Review,
    report: Report,
    fields: list[Field],
    row: dict[str, Any],
    readiness: Readiness,
    *,
    target: str,
) -> None:
    pane = st.expander(
        "What if …", icon=":material/query_stats:", key="what-if", on_change="rerun", bind="query-params"
    )
    if not pane.open:
        return
    with pane:
        question = _choose_question(review, fields, row)
        if question is None:
            return
        if not readiness.slots:
            st.info(
                "The preview does not answer now; what it says above is why.", icon=":material/cloud_off:"
            )
            return
        replies = _ask_once(review, question, readiness)
        for model, given in replies.items():
            if given.error is not None:
                st.error(f"The {model}: {escape(given.error, longest=1000)}", icon=":material/error:")
        answered = select_asked(replies)
        if answered:
            _show_curves(review, report, question, answered, target=target)


def _choose_question(review: Review, fields: list[Field], row: dict[str, Any]) -> Question | None:
    questions = {field.name: vary(field, row) for field in fields}
    varied = [name for name, question in questions.items() if len(question.values) > 1]
    if not varied:
        st.info("No column has a range or categories to go through.", icon=":material/info:")
        return None
    titles = {field.name: field.title for field in fields}
    name = st.selectbox(
        "… this were another",
        varied,
        format_func=titles.__getitem__,
        key=review_key("what-if-feature", review),
        help="Everything else stays as it is in the form.",
        width=340,
    )
    missing = missing_fields([field for field in fields if field.name != name], row)
    if missing:
        st.info(f"Fill in {escape(', '.join(missing), longest=300)} above first.", icon=":material/edit:")
        return None
    return questions[name]


def _ask_once(review: Review, question: Question, readiness: Readiness) -> dict[str, Replies]:
    """Ask each model in one question; the same again is answered from memory, unless somebody did not answer."""
    memory = review_key("what-if-answers", review)
    others = {name: value for name, value in question.row.items() if name != question.field.name}
    asked = (review.sha, question.field.name, question.values, encode_row(others), *readiness.slots)
    known = st.session_state.get(memory)
    if known is not None and known[0] == asked:
        answers: dict[str, Replies] = known[1]
        return answers
    replies: dict[str, Replies] = {}
    with st.container(key="what-if-progress"):
        bar = st.progress(0.0, text=f"Asking about {len(question.values)} values…")
        for done, (model, slot) in enumerate(readiness.slots.items(), start=1):
            replies[model] = open_questions(review, slot)(question.rows)
            bar.progress(done / len(readiness.slots), text=f"The {model} has answered.")
        bar.empty()
    if all(given.error is None for given in replies.values()):
        st.session_state[memory] = (asked, replies)
    return replies


def _show_curves(
    review: Review, report: Report, question: Question, replies: dict[str, Replies], *, target: str
) -> None:
    label = _choose_class(review, report, replies)
    frame = what_if_frame(question, report, replies, label=label)
    sentence = tell_what_if(question, report, frame)
    with st.container(key="what-if-sentence"):
        st.markdown(f"**{escape(sentence, longest=900)}**")
    if label is None and report.task != "regression":
        _show_table(frame)
        return
    y = f"Predicted {clean(target)}" if label is None else name_probability(report, label, target=target)
    unit = f" ({clean(question.field.unit, longest=40)})" if question.field.unit else ""
    title = f"{question.field.title}{unit}"
    if question.ordered:
        time = question.field.kind == "datetime"
        chart = partial(draw_range, frame, title=title, y=y, share=label is not None, time=time)
    else:
        chart = partial(draw_sides, frame, title=title, y=y, share=label is not None)
    table = frame[list(_TABLE)].rename(columns={**_TABLE, "shown": title, "y": y})
    show_chart(chart, table, name="what-if", alt_text=f"{y} over {title}, both models. {sentence}")


def _choose_class(review: Review, report: Report, replies: dict[str, Replies]) -> str | None:
    """Return the class whose probability is drawn; None for numbers, and where there are no probabilities."""
    classes = list_classes(list(replies.values()))
    if not classes or report.task == "regression":
        return None
    watched = positive_class(report, dict.fromkeys(classes, 0.0))
    if watched is not None:
        return watched
    return st.selectbox(
        "Probability of",
        classes,
        format_func=lambda label: name_class(report, label),
        key=review_key("what-if-class", review),
        width=240,
    )


def _show_table(frame: pd.DataFrame) -> None:
    st.dataframe(
        frame[["model", "shown", "answer"]].rename(columns=_TABLE),
        hide_index=True,
        alt="Both models' answers, value by value",
    )
