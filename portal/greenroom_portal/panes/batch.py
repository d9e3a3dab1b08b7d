"""A file of rows, answered by both models: what changes, and the file back. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report
from greenroom_portal.answers import name_answer, positive_class
from greenroom_portal.batch import FIRST_ROW, MOST_MEGABYTES, MOST_ROWS, Batch, read_batch, write_batch
from greenroom_portal.batch_answers import PART_ROWS, Flips, Outcome, Part, answer_part, count_flips
from greenroom_portal.data import look_at_previews, open_questions
from greenroom_portal.fields import Field, read_fields
from greenroom_portal.panes.starts import review_key
from greenroom_portal.readiness import Model
from greenroom_portal.wording import clean, escape, percent, points, signed

_SHOWN_PROBLEMS = 200


@dataclass
class Job:
    """A file on its way through the models; it lives in the visitor's session alone."""

    name: str
    digest: str
    batch: Batch
    outcomes: dict[Model, dict[int, Outcome]] = field(default_factory=dict)
    models: dict[Model, dict[str, str | None]] = field(default_factory=dict)
    done: int = 0
    running: bool = False
    trouble: str = ""

    @property
    def waiting(self) -> list[int]:
        return self.batch.askable[self.done :]


@st.fragment
def show_batch(review: Review, report: Report, profile: dict[str, Any]) -> None:
    """Stands alone as a fragment, so that a long file holds up nothing else of the page."""
    pane = st.expander(
        "A file of rows", icon=":material/table_rows:", key="batch", on_change="rerun", bind="query-params"
    )
    if not pane.open:
        return
    with pane:
        st.caption(
            f"A CSV file with a line of column names, at most {MOST_ROWS:,} rows and {MOST_MEGABYTES} MB. "
            "It is held in memory for this visit and kept nowhere."
        )
        job = _take_file(review, read_fields(profile, report.words))
        if job is None:
            return
        _show_file(job.batch)
        if job.batch.refusal is None:
            _run(review, job)
            if job.outcomes:
                _show_results(report, job)


def _take_file(review: Review, fields: list[Field]) -> Job | None:
    given = st.file_uploader(
        "CSV file",
        type=["csv", "tsv", "txt"],
        key=review_key("batch-file", review),
        max_upload_size=MOST_MEGABYTES,
    )
    memory = review_key("batch-job", review)
    if given is None:
        st.session_state.pop(memory, None)
        return None
    content = given.getvalue()
    digest = sha256(review.sha.encode() + content).hexdigest()
    known: Job | None = st.session_state.get(memory)
    if known is not None and known.digest == digest:
        return known
    job = Job(given.name, digest, read_batch(content, fields))
    st.session_state[memory] = job
    return job


def _show_file(batch: Batch) -> None:
    if batch.refusal is not None:
        st.error(escape(batch.refusal, longest=600), icon=":material/error:")
        return
    count = len(batch.askable)
    st.markdown(f"**{len(batch.rows):,} rows**, of which {count:,} can be asked.")
    for note in batch.notes:
        st.caption(escape(note, longest=600))


def _run(review: Review, job: Job) -> None:
    readiness = look_at_previews(review)
    if job.running and readiness.slots:
        with st.container(key="batch-progress"):
            st.button("Stop", icon=":material/stop:", key="batch-stop", on_click=_stop, args=(job,))
            total = len(job.batch.askable)
            st.progress(job.done / max(total, 1), text=f"{job.done:,} of {total:,} rows")
        _ask_part(review, job, readiness.slots)
        _go_on()
    job.running = False
    if job.trouble:
        st.error(escape(job.trouble, longest=600), icon=":material/error:")
    if not readiness.slots:
        st.info(
            "The preview does not answer now; what is said of it above is why.", icon=":material/cloud_off:"
        )
    elif job.waiting:
        both = "both models" if "champion" in readiness.slots else "the candidate"
        label = f"Ask {both} about the other {len(job.waiting):,} rows" if job.done else f"Ask {both}"
        st.button(
            label,
            type="primary",
            key="batch-start",
            icon=":material/play_arrow:",
            on_click=_start,
            args=(job,),
        )


def _start(job: Job) -> None:
    job.running, job.trouble = True, ""


def _stop(job: Job) -> None:
    job.running = False


def _go_on() -> None:
    """Begin anew from memory: between two runs a click on Stop is heard, and within one of a fragment it is not."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _ask_part(review: Review, job: Job, slots: Mapping[Model, str]) -> None:
    places = job.waiting[:PART_ROWS]
    rows = [job.batch.rows[place] for place in places]
    questions = {model: open_questions(review, slot) for model, slot in slots.items()}
    with ThreadPoolExecutor(max_workers=len(slots)) as pool:
        futures = {model: pool.submit(answer_part, ask, rows) for model, ask in questions.items()}
        _take_parts(job, places, {model: future.result() for model, future in futures.items()})
    job.running = bool(job.waiting) and not job.trouble and job.running


def _take_parts(job: Job, places: list[int], parts: Mapping[Model, Part]) -> None:
    job.trouble = _find_trouble(job, parts)
    if job.trouble:
        return
    for model, part in parts.items():
        job.outcomes.setdefault(model, {}).update(zip(places, part.outcomes, strict=True))
    job.done += len(places)


def _find_trouble(job: Job, parts: Mapping[Model, Part]) -> str:
    """Say why no further part is worth asking: nobody is there, or somebody else than before."""
    for model, part in parts.items():
        if part.gone:
            return f"The {model} has stopped answering: {part.gone}"
        if part.model and job.models.setdefault(model, part.model) != part.model:
            return f"Another model took the {model}'s place meanwhile; give the file again to ask it from the start."
    return ""


def _show_results(report: Report, job: Job) -> None:
    own, other = job.outcomes.get("candidate", {}), job.outcomes.get("champion", {})
    if other:
        probabilities = next((each.probabilities for each in own.values() if each.probabilities), None)
        label = positive_class(report, probabilities)
        flips = count_flips(own, other, label=label)
        with st.container(key="batch-summary"):
            st.markdown(f"**{escape(tell_flips(report, flips), longest=600)}**")
        if report.task != "regression" and flips.moves:
            _show_moves(report, flips)
    _show_problems(job)
    _offer_file(job)


def tell_flips(report: Report, flips: Flips) -> str:
    """Say how many answers change, and by how much on average; the text is not yet escaped."""
    rows = clean(report.words.rows)
    if not flips.both:
        return f"No {rows} were answered by both models."
    share = percent(flips.changed / flips.both)
    text = f"{flips.changed:,} of {flips.both:,} {rows} change their answer ({share})."
    if flips.shift is None:
        return text
    if report.task == "regression":
        return f"{text} On average the candidate's answer differs by {signed(flips.shift)}."
    return f"{text} On average the candidate's probability differs by {points(flips.shift)}."


def _show_moves(report: Report, flips: Flips) -> None:
    table = pd.DataFrame(
        [
            {
                "Champion": escape(name_answer(report, before)),
                "Candidate": escape(name_answer(report, after)),
                "Rows": f"{count:,}",
            }
            for (before, after), count in list(flips.moves.items())[:_SHOWN_PROBLEMS]
        ]
    )
    with st.container(key="batch-moves"):
        st.table(table, border="horizontal", hide_index=True, alt="Rows by both models' answers")


def _show_problems(job: Job) -> None:
    told = [
        *(("the file", place, text) for place, text in job.batch.problems.items()),
        *(
            (model, place, each.error)
            for model, answers in job.outcomes.items()
            for place, each in answers.items()
            if each.error
        ),
    ]
    if not told:
        return
    st.markdown(f"**{len({place for _, place, _ in told}):,} rows have no full answer.**")
    shown = sorted(told, key=lambda each: each[1])[:_SHOWN_PROBLEMS]
    table = pd.DataFrame(
        [{"Row": place + FIRST_ROW, "Says": who, "Why": clean(why, longest=300)} for who, place, why in shown]
    )
    st.dataframe(table, hide_index=True, alt="Rows without a full answer, and why")
    st.caption("Rows count as a spreadsheet counts them, with the column names as row 1.")


def _offer_file(job: Job) -> None:
    name = clean(job.name, longest=80).rpartition(".")[0] or "rows"
    st.download_button(
        "The file with both answers",
        write_batch(job.batch, job.outcomes),
        file_name=f"{name}-answers.csv",
        mime="text/csv",
        key="batch-download",
        icon=":material/download:",
        on_click="ignore",
    )
