"""The one comment of a pull request: what it says of a report, of a failure, and of a change without any bearing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.checks.foreign_evidence import rests_on_word
from greenroom_pipeline.commands.command import Addressee
from greenroom_pipeline.markdown import escape, fence, split_lines
from greenroom_pipeline.publishing.answered import MOST, ROOM, keep_answers
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.report_sections import (
    write_details,
    write_findings,
    write_headline,
    write_links,
    write_subject,
)
from greenroom_pipeline.publishing.sections import Section, cut
from greenroom_pipeline.report import Report
from greenroom_pipeline.settings import GateTable

_STAMP = re.compile(r"<!-- sha=([0-9a-f]{40,64}) order=(\d{1,18}) -->")
_FORK = "The pull request is from a fork: "


@dataclass(frozen=True)
class Stamp:
    """Of which commit a comment speaks, and how new the run was that wrote it; nobody sees it there."""

    sha: str
    order: int

    def __str__(self) -> str:
        return f"<!-- sha={self.sha} order={self.order} -->"


def read_stamp(text: str) -> Stamp | None:
    """Return the stamp of a comment's text; None where someone has taken it out."""
    for line in split_lines(text)[:2]:
        found = _STAMP.fullmatch(line.strip())
        if found:
            return Stamp(found[1], int(found[2]))
    return None


def write_comment(
    report: Report,
    stamp: Stamp,
    *,
    links: Links,
    gate: GateTable,
    notes: Sequence[str] = (),
    before: str | None = None,
    footer: str = "",
    most: int = MOST,
) -> str:
    """Return the comment of a report. *notes* are Markdown; *before* is the text that stood there, if any.

    The commands that people have asked in it, and their answers, stay.
    """
    head = [write_headline(report), write_links(links), *notes, write_subject(report)]
    sections = [*write_findings(report, gate), *write_details(report, gate)]
    return _compose(stamp, head, sections, most=most, before=before, footer=footer)


def write_failure(
    stamp: Stamp,
    *,
    project: str,
    links: Links,
    step: str,
    reason: str,
    log: str,
    before: str | None = None,
    footer: str = "",
) -> str:
    """Return the comment for a run that ended before there was a verdict."""
    headline = f"### 💥 No verdict, {escape(step)} failed: {escape(reason)}"
    head = [headline, write_links(links), f"{_name_subject(project, stamp)}."]
    sections = [Section("log", f"#### What it wrote last\n\n{fence(log)}")] if log.strip() else []
    return _compose(stamp, head, sections, before=before, footer=footer)


def write_untouched(stamp: Stamp, *, project: str, before: str, footer: str = "") -> str:
    """Return the comment of a pull request that no longer changes what the model is made of."""
    head = [
        "### ✅ Pass: this pull request no longer touches the model",
        f"{_name_subject(project, stamp)}: nothing that training, scoring or the gate reads differs from the base"
        " branch.",
    ]
    return _compose(stamp, head, [], before=before, footer=footer)


def tell_fork(report: Report) -> str:
    """Say what the report of a fork is worth."""
    if rests_on_word(report.checks):
        return f"{_FORK}these numbers are what its own run says."
    return f"{_FORK}the predictions are its own run's, and all that follows from them was worked out here."


def write_held(report: Report, sha: str, to: Addressee) -> str:
    """Say how the preview of a fork's commit is started, and what its report is worth."""
    asked = to.show_usage("preview").replace("SHA", sha)
    return (
        f"> **The preview waits for a maintainer.** {tell_fork(report)} Whoever may write to this repository starts the"
        f" preview of this very commit by a comment `{asked}`, or by the check's button _Start preview_. A new commit"
        " needs a new word."
    )


def _name_subject(project: str, stamp: Stamp) -> str:
    return f"**{escape(project)}** at commit {stamp.sha[:7]}"


def _compose(
    stamp: Stamp,
    head: Sequence[str],
    sections: Sequence[Section],
    *,
    before: str | None,
    footer: str,
    most: int = MOST,
) -> str:
    parts = [
        Section(
            "head", "\n\n".join([f"{stamp}\n{head[0]}", *(line for line in head[1:] if line)]), kept=True
        ),
        *sections,
        *([Section("footer", footer, kept=True)] if footer else []),
    ]
    text = cut(parts, most=most - ROOM)
    return keep_answers(text, before=before, footer=footer, most=most) if before else text
