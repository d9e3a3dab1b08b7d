"""The check of a commit as a forge shows it: a title, the report in short and in full, and remarks beside rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.checks.foreign_evidence import rests_on_word
from greenroom_pipeline.forge.posts import Annotation, Button, CheckState
from greenroom_pipeline.markdown import escape, fence, flatten
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.report_sections import (
    write_details,
    write_findings,
    write_headline,
    write_links,
    write_subject,
)
from greenroom_pipeline.publishing.rule_lines import find_line
from greenroom_pipeline.publishing.sections import Section, cut
from greenroom_pipeline.report import Report
from greenroom_pipeline.settings import GateTable

MOST = 65_535 - 1_024
"""Characters of the summary, and of the text."""
TITLE_CHARACTERS = 200
MESSAGE_CHARACTERS = 2_000
MOST_ANNOTATIONS = 50
PREVIEW = "preview:"
"""What the identifier of the button begins with that starts a fork's preview; the beginning of its run's id follows."""
_IDENTIFIER_CHARACTERS = 20


@dataclass(frozen=True)
class GateOutput:
    """What a check says, wherever it is put."""

    state: CheckState
    title: str
    summary: str
    text: str = ""
    annotations: Sequence[Annotation] = ()
    buttons: Sequence[Button] = ()


def describe_start(links: Links) -> GateOutput:
    summary = _paragraphs("The candidate is trained, compared with production and tried.", write_links(links))
    return GateOutput("running", "Looking at the candidate", summary)


def describe_report(
    report: Report,
    *,
    links: Links,
    gate: GateTable,
    settings: str = "",
    path: str = "",
    notes: Sequence[str] = (),
    held: bool = False,
) -> GateOutput:
    """Return what the check says of a report.

    *settings* is the text of the `greenroom.toml` that it was judged by, and *path* where that stands in the
    repository. *held* means that the preview waits for a maintainer, who is given a button for it.
    """
    head = _paragraphs(write_headline(report), write_links(links), *notes, write_subject(report))
    return GateOutput(
        state=conclude_check(report, gate, held=held),
        title=_title(report, held=held),
        summary=cut([Section("head", head, kept=True), *write_findings(report, gate)], most=MOST),
        text=cut(write_details(report, gate), most=MOST),
        annotations=annotate(report, settings, path=path),
        buttons=[_offer_preview(report)] if held else [],
    )


def describe_failure(*, links: Links, step: str, reason: str, log: str) -> GateOutput:
    """Return what the check says of a run that ended before there was a verdict."""
    return GateOutput(
        state="failure",
        title=flatten(f"No verdict: {step} failed", most=TITLE_CHARACTERS),
        summary=_paragraphs(f"{escape(step)} failed: {escape(reason)}", write_links(links)),
        text=fence(log) if log.strip() else "",
    )


def describe_untouched() -> GateOutput:
    return GateOutput(
        "success",
        "The model is not touched",
        "Nothing that training, scoring or the gate reads differs from the base branch.",
    )


def annotate(report: Report, settings: str, *, path: str) -> list[Annotation]:
    """Return a remark beside the rule of each failed check, where its table is found."""
    found = [
        (find_line(settings, check), check)
        for check in report.checks
        if check.outcome == "failed" and check.override is None
    ]
    return [
        Annotation(
            path=path,
            line=line,
            level="failure",
            title=flatten(f"{check.code} {check.title}", most=TITLE_CHARACTERS),
            message=flatten(check.reason, most=MESSAGE_CHARACTERS),
        )
        for line, check in found
        if line is not None
    ][:MOST_ANNOTATIONS]


def _offer_preview(report: Report) -> Button:
    """Name the run: several pull requests may have the commit, and another run of it may come in meanwhile."""
    identifier = f"{PREVIEW}{report.candidate.run_id or ''}"[:_IDENTIFIER_CHARACTERS]
    return Button("Start preview", "Start it for this commit alone", identifier)


def conclude_check(report: Report, gate: GateTable, *, held: bool) -> CheckState:
    """Return how the check of a report ends; what rests on a fork's word waits, whatever the gate says of open ones."""
    strict = report.verdict == "inconclusive" and gate.on_inconclusive == "fail"
    if report.verdict == "fail" or strict:
        return "failure"
    return "action_required" if held or rests_on_word(report.checks) else "success"


def _title(report: Report, *, held: bool) -> str:
    words = {"pass": "Pass", "inconclusive": "Inconclusive", "fail": "Fail"}[report.verdict]
    return flatten(f"{words}{_say_waiting(report, held=held)}: {report.summary}", most=TITLE_CHARACTERS)


def _say_waiting(report: Report, *, held: bool) -> str:
    if held:
        return ", the preview waits for a maintainer"
    return ", it waits for a maintainer" if rests_on_word(report.checks) else ""


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
