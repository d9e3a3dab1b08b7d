"""*Try it*: one row, asked of candidate and champion at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import streamlit as st

from greenroom_pipeline.desk import ANSWERING, PRODUCTION, PreviewStatus, Reply, Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.report import Report
from greenroom_portal.answers import Figure, answer_frame, pick_figure, show_prediction, tell_difference
from greenroom_portal.data import get_desk, load_profile
from greenroom_portal.fields import Field, missing_fields, read_fields, read_starts, to_json
from greenroom_portal.panes.inputs import ask_field
from greenroom_portal.panes.problems import show_log, show_problem
from greenroom_portal.wording import clean, escape, milliseconds

_COLUMNS = 3


@dataclass(frozen=True)
class Answers:
    """What was said last, and to which start of the form."""

    start: int
    target: str
    candidate: Reply
    champion: Reply | None


@st.fragment
def show_queries(review: Review, report: Report) -> None:
    """Stands alone as a fragment: a query redraws nothing else of the page."""
    st.subheader("Try it", anchor=False)
    desk = get_desk()
    try:
        candidate = desk.preview(review.project, str(review.pull))
        champion = desk.preview(review.project, PRODUCTION)
    except GreenroomError as error:
        show_problem("The preview host does not answer.", error)
        return
    _show_preview(candidate)
    if candidate.state not in ANSWERING:
        return
    try:
        profile = load_profile(review)
    except GreenroomError as error:
        show_problem("There is no form to fill in.", error)
        return
    _show_address(candidate)
    if champion.state not in ANSWERING:
        st.info(_tell_production(champion), icon=":material/info:")
    _show_form(review, report, profile, has_champion=champion.state in ANSWERING)


def _tell_production(status: PreviewStatus) -> str:
    if status.state == "absent":
        return "No model is in production, so only the candidate is asked."
    return f"Production's preview is {status.state}, so only the candidate is asked."


def _show_preview(status: PreviewStatus) -> None:
    """Say what keeps the candidate's preview from answering, or lets it take longer; nothing when it is awake."""
    if status.state == "awake":
        return
    if status.state in ANSWERING:
        with st.container(key="preview-state"):
            st.caption("The preview sleeps; it wakes when you ask, which takes a moment.")
        return
    with st.container(key="preview-state"):
        if status.state == "starting":
            st.info("The preview is starting. It answers in a moment.", icon=":material/hourglass_top:")
        elif status.state == "failed":
            st.error("The preview did not start. Its last lines:", icon=":material/error:")
            show_log(status.log or "It wrote nothing.", key="preview-log")
        elif status.state == "stopped":
            st.info(
                "The preview is stopped. Run `greenroom run` on the branch again.", icon=":material/bedtime:"
            )
        else:
            st.info("This pull request has no preview.", icon=":material/cloud_off:")
        st.button("Look again", icon=":material/refresh:", key="preview-look-again")


def _show_address(status: PreviewStatus) -> None:
    """Say where programs ask the preview."""
    if status.address is not None:
        with st.container(key="preview-address"):
            st.markdown(f"Programs ask it at `{status.address}`")


def _show_form(review: Review, report: Report, profile: dict[str, Any], *, has_champion: bool) -> None:
    fields, starts = read_fields(profile), read_starts(profile)
    start = st.selectbox(
        "Start from",
        range(len(starts)),
        format_func=lambda place: starts[place].label,
        key=f"start-{review.project}-{review.pull}",
        width=320,
    )
    first = starts[start].row
    with st.form(f"try-{review.project}-{review.pull}"):
        row = _ask_row(fields, first, key=f"field-{review.project}-{review.pull}-{review.sha}-{start}")
        label = "Ask both models" if has_champion else "Ask the candidate"
        asked = st.form_submit_button(label, type="primary", key="try-it", icon=":material/play_arrow:")
    memory = f"answers-{review.project}-{review.pull}-{review.sha}"
    if asked:
        missing = missing_fields(fields, row)
        if missing:
            st.error(f"Fill in {', '.join(escape(name) for name in missing)}.", icon=":material/edit:")
            return
        st.session_state[memory] = _ask_models(
            review, row, start=start, target=str(profile.get("target", "target")), has_champion=has_champion
        )
    answers = st.session_state.get(memory)
    if isinstance(answers, Answers) and answers.start == start:
        _show_answers(report, answers)


def _ask_row(fields: list[Field], first: dict[str, Any], *, key: str) -> dict[str, Any]:
    """Ask for every field, across then down, so that the order of reading is the order of the columns."""
    row: dict[str, Any] = {}
    for line in range(0, len(fields), _COLUMNS):
        columns = st.columns(_COLUMNS)
        for place, field in enumerate(fields[line : line + _COLUMNS]):
            value = first.get(field.name)
            with columns[place]:
                given = ask_field(field, value, key=f"{key}-{line + place}")
            row[field.name] = to_json(field, given, start=value)
    return row


def _ask_models(
    review: Review, row: dict[str, Any], *, start: int, target: str, has_champion: bool
) -> Answers:
    desk, slots = get_desk(), [str(review.pull), *([PRODUCTION] if has_champion else [])]

    def ask(slot: str) -> Reply:
        try:
            return desk.query(review.project, slot, row)
        except GreenroomError as error:
            return Reply(None, None, 0.0, {}, error=str(error))

    with ThreadPoolExecutor(max_workers=len(slots)) as pool:
        replies = list(pool.map(ask, slots))
    return Answers(start, target, candidate=replies[0], champion=replies[1] if has_champion else None)


def _show_answers(report: Report, answers: Answers) -> None:
    def show(who: str, title: str, reply: Reply) -> None:
        figure = pick_figure(report, reply, target=answers.target)
        _show_reply(reply, figure, who=who, title=title)

    with st.container(key="answers"):
        left, right = st.columns(2)
        with left:
            show("candidate", "Candidate, this pull request", answers.candidate)
        with right:
            if answers.champion:
                show("champion", "Champion, in production", answers.champion)
        if answers.champion:
            with st.container(key="answer-difference"):
                sentence = tell_difference(report, answers.candidate, answers.champion)
                st.markdown(f"**{escape(sentence, longest=600)}**")
        table = answer_frame(answers.candidate, answers.champion)
        if not table.empty:
            with st.container(key="answer-table"):
                st.table(table.map(escape), border="horizontal", hide_index=True, alt="Class probabilities")


def _show_reply(reply: Reply, figure: Figure, *, who: str, title: str) -> None:
    with st.container(border=True, key=f"{who}-answer", gap="xsmall"):
        st.markdown(f"**{title}**")
        if reply.error:
            st.error(escape(reply.error, longest=1000), icon=":material/error:")
            return
        with st.container(key=f"{who}-number"):
            st.metric(escape(figure.label), escape(figure.value))
        version = reply.model.get("version")
        parts = [
            *([f"answers {escape(show_prediction(reply.prediction))}"] if reply.probabilities else []),
            *([f"version {escape(clean(version))}"] if version else []),
            f"in {milliseconds(reply.seconds)}",
        ]
        st.caption(" · ".join(parts))
