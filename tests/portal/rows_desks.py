"""Desks whose reports have their rows in files."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from greenroom_pipeline.report import Answer, Disagreement, Report, Task
from greenroom_pipeline.words import Words
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, make_profile, make_report, make_review
from tests.row_files import make_holdout, make_terms, write_rows

ROWS = 4_000
WORDS = Words(
    row="flight",
    rows="flights",
    classes={"0": "on time", "1": "late"},
    columns={"distance": "distance flown"},
    units={"distance": "miles"},
)


@cache
def _folder() -> Path:
    """Kept as long as the process, as a server's files are."""
    return Path(tempfile.mkdtemp(prefix="greenroom-rows-"))


def _open(report: Report, holdout: pd.DataFrame, *, name: str, task: Task = "binary") -> MemoryDesk:
    folder = _folder() / name
    folder.mkdir(exist_ok=True)
    files = write_rows(folder, holdout, task=task, champion=report.champion is not None)
    return MemoryDesk(
        listed=[make_review(7, "Refit with the autumn's flights")],
        reports={7: report},
        profiles={7: make_profile()},
        row_files={7: files},
        terms={7: make_terms(task, features=tuple(holdout.columns.drop("delayed")))},
        task=task,
    )


def flights() -> MemoryDesk:
    return _open(make_report(7, words=WORDS), make_holdout(ROWS), name="flights")


def complete_flights() -> MemoryDesk:
    """Every flight has the carrier that a form cannot be without."""
    holdout = make_holdout(ROWS).fillna({"carrier": "UA"})
    return _open(make_report(7, words=WORDS), holdout, name="complete")


def numbers() -> MemoryDesk:
    report = make_report(7, task="regression", words=WORDS)
    return _open(report, make_holdout(ROWS, task="regression"), name="numbers", task="regression")


def first_model() -> MemoryDesk:
    return _open(make_report(7, champion=None), make_holdout(ROWS), name="first")


def hostile() -> MemoryDesk:
    """Every name and value of the holdout is markup."""
    holdout = make_holdout(ROWS).rename(columns={"carrier": HOSTILE})
    holdout[HOSTILE] = holdout[HOSTILE].map({"UA": HOSTILE, "HA": "a] :red[b"})
    return _open(make_report(7, words=Words(rows=HOSTILE[:60])), holdout, name="hostile")


def broken() -> MemoryDesk:
    """The copy of the holdout was cut off."""
    desk = _open(make_report(7), make_holdout(ROWS), name="broken")
    desk.row_files[7].holdout.write_bytes(b"PAR1")
    return desk


def elsewhere() -> MemoryDesk:
    """The rows are on another machine, and the report has the fifty that differ most."""
    desk = flights()
    with_rows = desk.disagree("flight-delays", 7, (), kept="all", most=50)
    listed = [row.features for row in with_rows.rows]
    assert listed
    desk.row_files.clear()
    return desk


def elsewhere_twice() -> MemoryDesk:
    """A report that was sent names the same row twice."""
    desk = elsewhere()
    said = Answer(prediction="1")
    row = Disagreement(row=3, features={"carrier": "HA"}, target="1", candidate=said, champion=said)
    desk.reports[7] = desk.reports[7].model_copy(update={"disagreements": [row, row]})
    return desk
