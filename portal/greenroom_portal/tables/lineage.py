"""What changed since the champion, as sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from greenroom_pipeline.observations import InputChange
from greenroom_pipeline.report import Report
from greenroom_pipeline.since import Changed, Since
from greenroom_pipeline.wording import count, join_names
from greenroom_portal.wording import MISSING, clean

NO_CHAMPION = "There was no model in production to compare with, so nothing has changed since."
UNTOLD = "What changed since the model in production is not in this report; the next run tells it."


def tell_since(since: Since, *, inputs: InputChange | None) -> str:
    """Say in one sentence how much changed; what is not known is left out."""
    counted = [
        (since.commit_count, "commit"),
        (since.file_count, "file that training reads"),
        (since.parameter_count, "parameter"),
        (since.dependency_count, "package"),
        (None if inputs is None else len(list_columns(inputs)), "column"),
    ]
    changed = [_count(many, noun) for many, noun in counted if many]
    if all(many is None for many, _ in counted):
        return "What changed since the model in production cannot be told."
    rest = " Not all of it can be told here." if tell_unknown(since) else ""
    if changed:
        return f"Since the model in production: {join_names(changed)}.{rest}"
    return f"Nothing that is known of has changed since the model in production.{rest}"


def _count(many: int, noun: str) -> str:
    head, _, rest = noun.partition(" ")
    return f"{count(many, head)} {rest}".strip()


def tell_unknown(since: Since) -> list[str]:
    """Say what cannot be told, why, and what to do."""
    told = []
    if since.commit_count is None:
        told.append(
            "The commits in between are not known: the history of this checkout does not reach the commit that the "
            "model in production was trained at. Check out with `fetch-depth: 0`; where history was rewritten, the "
            "next promotion mends it."
        )
    if since.parameter_count is None:
        told.append("The parameters of the model in production are not known.")
    if since.dependency_count is None:
        told.append("The packages of the two models cannot be compared.")
    return told


def change_frame(changes: Sequence[Changed], *, first: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            first: [clean(each.name) for each in changes],
            "Production": [_show(each.before) for each in changes],
            "Candidate": [_show(each.after) for each in changes],
        }
    )


def row_frame(since: Since) -> pd.DataFrame:
    """Return the counts of rows on both sides, as far as they are known."""
    return change_frame(
        [each for each in (since.train_rows, since.holdout_rows) if each is not None], first="Rows"
    )


def list_columns(inputs: InputChange) -> list[Changed]:
    """Return the columns that the models take differently, with their types."""
    return [
        *(Changed(name=_cut(name), before=None, after="new") for name in inputs.added),
        *(Changed(name=_cut(name), before="taken", after=None) for name in inputs.removed),
        *(
            Changed(name=_cut(each.column), before=_cut(each.before), after=_cut(each.after))
            for each in inputs.retyped
        ),
    ]


def tell_more(listed: int, many: int | None) -> str | None:
    """Say how many a list leaves out; None when none."""
    return f"and {many - listed:,} more" if many is not None and many > listed else None


def tell_absence(report: Report) -> str:
    """Say why a report tells nothing of what changed."""
    return NO_CHAMPION if report.champion is None else UNTOLD


def _show(value: str | None) -> str:
    return MISSING if value is None else clean(value)


def _cut(text: str) -> str:
    return clean(text, longest=200)
