"""The Markdown face of a report, as GitHub renders it; nothing that a stranger named takes effect in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.outline import Line, is_judged, list_overall, list_slices, title_slices
from greenroom_pipeline.report import CheckResult, Outcome, Report, Verdict
from greenroom_pipeline.settings import GateRule
from greenroom_pipeline.wording import count

MOST_CHARACTERS = 600
"""Of one cell or sentence."""
_VERDICTS: dict[Verdict, str] = {
    "pass": "✅ Pass",
    "inconclusive": "❔ Inconclusive",
    "fail": "❌ Fail",
}
_OUTCOMES: dict[Outcome, str] = {
    "passed": "✅ passed",
    "failed": "❌ failed",
    "inconclusive": "❔ inconclusive",
    "not_tested": "– not tested",
    "not_applicable": "– not applicable",
}
_PUNCTUATION = re.compile(r"[\\`*_{}\[\]<>!|~$]")
# Whatever moves text about without being seen: controls, joiners, and marks of direction.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+")
# GitHub makes links, mentions, references and emoji of these, also where they are escaped: an invisible
# joiner in their middle keeps them text.
_LATE = re.compile(r"(?<=[@#])|(?=://)|(?<=www)(?=\.)|(?<=GH)(?=-\d)|(?<=:)(?=[\w+-]+:)", re.IGNORECASE)
_JOINER = "\u2060"


def escape(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """Return *text* as Markdown that shows it, on one line, and neither links nor mentions anything."""
    shown = " ".join(_UNSEEN.sub(" ", text).split())
    if len(shown) > most:
        shown = f"{shown[: most - 1]}…"
    shown = _PUNCTUATION.sub(r"\\\g<0>", shown.replace("&", "&amp;"))
    return _LATE.sub(_JOINER, shown)


def write_markdown(
    report: Report,
    *,
    rules: Sequence[GateRule] = (),
    advice: Sequence[str] = (),
    notes: Sequence[str] = (),
    min_rows: int = 100,
) -> str:
    """Return the report for a comment or a page.

    *rules* are those that it was judged by, *advice* says what to do next, *notes* how the models were read;
    slices of fewer than *min_rows* rows are left out.
    """
    parts = [
        _write_head(report),
        _write_metrics(report),
        _write_slices(report, rules, min_rows=min_rows),
        _write_list("What changes", tell_changes(report.observations)),
        _write_checks(report.checks),
        _write_list("Next", advice),
        _write_list("How this was read", notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _write_head(report: Report) -> str:
    verdict = _VERDICTS[report.verdict] if is_judged(report.checks) else "Compared"
    champion = "" if report.champion is None else f" with {escape(report.champion.name)}"
    rows = f"{count(report.holdout.rows, 'row')} of {escape(report.project)}"
    compared = f"{escape(report.candidate.name)}{champion} on {rows}"
    return f"### {verdict}: {compared}\n\n{escape(report.summary)}"


def _write_metrics(report: Report) -> str:
    lines = list_overall(report)
    if not lines:
        return ""
    sure = f"± is half of the {100 * report.metrics[0].confidence:.4g}\u00a0% interval."
    return f"{_write_table('metric', lines)}\n\n{sure}" if report.champion else _write_table("metric", lines)


def _write_slices(report: Report, rules: Sequence[GateRule], *, min_rows: int) -> str:
    lines = list_slices(report, rules, min_rows=min_rows)
    if not lines:
        return ""
    title = escape(title_slices(report, rules, shown=len(lines)))
    return f"#### {title}\n\n{_write_table('slice', lines, rows=True)}"


def _write_table(first: str, lines: Sequence[Line], *, rows: bool = False) -> str:
    titles = [first, "rows" if rows else "best is", "candidate", "champion", "difference", ""]
    table = [_write_row(titles), _write_row(["---", *(["---:"] * (len(titles) - 2)), "---"])]
    for line in lines:
        second = f"{line.rows:,}" if rows else line.best
        figures = [line.candidate, line.champion, line.change]
        table.append(_write_row([escape(line.name), second, *figures, _stress(line.word)]))
    return "\n".join(table)


def _stress(word: str) -> str:
    return f"**{word}**" if word == "worse" else word


def _write_checks(checks: Sequence[CheckResult]) -> str:
    if not checks:
        return ""
    table = [_write_row(["check", "outcome", "why"]), _write_row(["---"] * 3)]
    for check in checks:
        table.append(
            _write_row(
                [f"{check.code} {escape(check.title)}", _OUTCOMES[check.outcome], escape(_explain(check))]
            )
        )
    return "#### Checks\n\n" + "\n".join(table)


def _explain(check: CheckResult) -> str:
    if check.override is None:
        return check.reason
    return f"{check.reason} Overridden by {check.override.by}: {check.override.reason}"


def _write_list(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"#### {title}\n\n" + "\n".join(f"- {escape(sentence)}" for sentence in sentences)


def _write_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
