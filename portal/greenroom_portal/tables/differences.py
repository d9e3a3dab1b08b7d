"""Rows on which the models differ, in people's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from greenroom_pipeline.exploration import Difference, Kept, Tally
from greenroom_pipeline.report import Answer, Disagreement, Report, Task
from greenroom_pipeline.words import Words
from greenroom_portal.wording import MISSING, clean, escape, number

# Seconds and less are no help in telling rows apart.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?", re.ASCII)
Differing = Difference | Disagreement


def name_kept(task: Task) -> dict[Kept, str]:
    """Return what each choice among differing rows is called."""
    if task == "regression":
        return {"all": "All", "fixed": "Candidate nearer", "broken": "Candidate farther"}
    return {"all": "All", "fixed": "Fixed", "broken": "Broken"}


def tell_tally(tally: Tally, words: Words, *, task: Task) -> str:
    """Say how many rows change, as a sentence."""
    fixed, broken = f"{tally.fixed:,}", f"{tally.broken:,}"
    if task == "regression":
        return (
            f"The candidate is nearer the truth on {fixed} of {tally.rows:,} {clean(words.rows)}, "
            f"and farther from it on {broken}."
        )
    return (
        f"Another answer for {tally.changed:,} of {tally.rows:,} {clean(words.rows)}: "
        f"{fixed} fixed, which only the candidate has right, and {broken} broken, which only the champion has right."
    )


def tell_report_tally(report: Report) -> Tally | None:
    """Return what the report counted over the whole holdout; None where it did not."""
    flips = report.observations.flips
    if flips is None:
        return None
    changed = flips.fixed + flips.broken
    return Tally(rows=flips.rows, changed=changed, fixed=flips.fixed, broken=flips.broken)


def write_cell(value: object, column: str, words: Words) -> str:
    """Return a row's value with the unit of its column."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,.6g}" if isinstance(value, float) else clean(value, longest=60)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        text = f"{value[:10]} {value[11:16]}"
    unit = words.units.get(column)
    return f"{text} {clean(unit, longest=20)}" if unit else text


def write_class(value: str | float, words: Words) -> str:
    """Return a class by what people call it, or a number."""
    return number(value) if isinstance(value, float) else clean(words.classes.get(value, value), longest=60)


def tell_difference(row: Differing, words: Words) -> str:
    """Say what the truth was, and what both models made of it, as Markdown."""
    truth = escape(write_class(row.target, words))
    answers = (("the candidate", row.candidate), ("the champion", row.champion))
    said = (f"{model} said **{_add_share(answer, words)}**" for model, answer in answers)
    return f"The truth was **{truth}**; {', '.join(said)}."


def _add_share(answer: Answer, words: Words) -> str:
    said = escape(write_class(answer.prediction, words))
    return (
        said
        if answer.probability is None
        else f"{said}** and gave the truth **{answer.probability * 100:.0f} %"
    )


def tell_answer(answer: Answer, words: Words) -> str:
    """Return a model's answer, with the probability that it gave the truth."""
    said = write_class(answer.prediction, words)
    return said if answer.probability is None else f"{said} (truth: {answer.probability * 100:.0f} %)"


def tell_features(row: Differing, words: Words) -> str:
    """Return the row's values as one line."""
    return " · ".join(
        f"{clean(words.columns.get(name, name), longest=40)}: {write_cell(value, name, words)}"
        for name, value in row.features.items()
    )


def difference_frame(rows: Sequence[Differing], words: Words) -> pd.DataFrame:
    """One row for each row of the holdout: its place, the truth, both answers, and its values."""
    return pd.DataFrame(
        [
            {
                "Row": f"{row.row:,}",
                "Truth": write_class(row.target, words),
                "Candidate": tell_answer(row.candidate, words),
                "Champion": tell_answer(row.champion, words),
                **{
                    clean(words.columns.get(name, name), longest=40): write_cell(value, name, words)
                    for name, value in row.features.items()
                },
            }
            for row in rows
        ]
    )
