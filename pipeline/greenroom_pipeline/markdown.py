"""The Markdown face of a report, as GitHub renders it; nothing that a stranger named takes effect in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.outline import Line, is_judged, list_overall, list_slices, title_slices
from greenroom_pipeline.report import CheckResult, Outcome, Report, Verdict
from greenroom_pipeline.settings import GateRule
from greenroom_pipeline.wording import LOG_CHARACTERS, count, plain

MOST_CHARACTERS = 600
"""Of one cell or sentence."""
MOST_ADDRESS = 2_000
VERDICTS: dict[Verdict, str] = {
    "pass": "✅ Pass",
    "inconclusive": "❔ Inconclusive",
    "fail": "❌ Fail",
}
OUTCOMES: dict[Outcome, str] = {
    "passed": "✅\u00a0passed",
    "failed": "❌\u00a0failed",
    "inconclusive": "❔\u00a0inconclusive",
    "not_tested": "–\u00a0not tested",
    "not_applicable": "–\u00a0not applicable",
}
_PUNCTUATION = re.compile(r"[\\`*_{}\[\]<>!|~$]")
# Whatever moves text about without being seen: controls, joiners, marks of direction, and tags.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]+"
)
# Bytes of a name that was no text; nothing that is sent can hold them.
_BYTES = re.compile("[\ud800-\udfff]")
# GitHub makes links, mentions, references and emoji of these, also where they are escaped: an invisible
# joiner in their middle keeps them text.
_LATE = re.compile(r"(?<=[@#])|(?=://)|(?<=www)(?=\.)|(?<=GH)(?=-\d)|(?<=:)(?=[\w+-]+:)", re.IGNORECASE)
_JOINER = "\u2060"
# At the start of a line these begin a list, or underline a heading.
_OPENING = re.compile(r"^(?:(?=[-+](?:[\s-]|$)|=)|(\d+)(?=[.)](?:\s|$)))")
_TICKS = re.compile("`+")
_BREAK = re.compile(r"\r\n|\r|\n")


def split_lines(text: str) -> list[str]:
    """Return the lines that Markdown sees: `str.splitlines` breaks them at more than a dozen other characters."""
    return _BREAK.split(text)


def flatten(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """Return *text* on one line, without what is not seen, and cut."""
    shown = " ".join(_UNSEEN.sub(" ", _BYTES.sub("\ufffd", text)).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def escape(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """Return *text* as Markdown that shows it, on one line, and neither links nor mentions anything."""
    shown = _PUNCTUATION.sub(r"\\\g<0>", flatten(text, most=most).replace("&", "&amp;"))
    # Nothing would make its surroundings mean something else.
    return _LATE.sub(_JOINER, _OPENING.sub(r"\1\\", shown)) or "–"


def write_link(text: str, address: str | None) -> str:
    """Return a link, or nothing where the address is none that people could follow."""
    if address is None or len(address) > MOST_ADDRESS or not _is_address(address):
        return ""
    return f"[{escape(text)}]({address.replace('(', '%28').replace(')', '%29')})"


def _is_address(address: str) -> bool:
    if not re.fullmatch(r"https?://[\x21-\x7e]+", address) or re.search(r"[\\\"<>\^`{|}]", address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and parts.username is None


def fence(text: str, *, lines: int = 30, width: int = 300) -> str:
    """Return the last lines of what a process wrote as a block of code that it cannot end."""
    written = plain(_BYTES.sub("\ufffd", text[-LOG_CHARACTERS:]).replace("\r", "\n")).replace("\t", "    ")
    shown = [_UNSEEN.sub(" ", line)[:width].rstrip() for line in split_lines(written) if line.strip()]
    # A marker in it would be found by whoever looks for one.
    block = "\n".join(shown[-lines:]).replace("<!--", f"<!{_JOINER}--")
    ticks = "`" * max([3, *(len(run) + 1 for run in _TICKS.findall(block))])
    return f"{ticks}text\n{block}\n{ticks}"


def fold(title: str, content: str) -> str:
    """Return what is shown when someone opens it; *title* is HTML, so no stranger's text belongs in it."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


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
        write_list("What changes", tell_changes(report.observations, report.words)),
        "#### Checks\n\n" + "\n".join(write_checks(report.checks)) if report.checks else "",
        write_list("Next", advice),
        write_list("How this was read", notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _write_head(report: Report) -> str:
    verdict = VERDICTS[report.verdict] if is_judged(report.checks) else "Compared"
    champion = "" if report.champion is None else f" with {escape(report.champion.name)}"
    rows = f"{count(report.holdout.rows, 'row')} of {escape(report.project)}"
    compared = f"{escape(report.candidate.name)}{champion} on {rows}"
    return f"### {verdict}: {compared}\n\n{escape(report.summary)}"


def _write_metrics(report: Report) -> str:
    lines = list_overall(report)
    if not lines:
        return ""
    sure = f"± is half of the {100 * report.metrics[0].confidence:.4g}\u00a0% interval."
    return f"{_write_lines('metric', lines)}\n\n{sure}" if report.champion else _write_lines("metric", lines)


def _write_slices(report: Report, rules: Sequence[GateRule], *, min_rows: int) -> str:
    lines = list_slices(report, rules, min_rows=min_rows)
    if not lines:
        return ""
    title = escape(title_slices(report, rules, shown=len(lines)))
    return f"#### {title}\n\n{_write_lines('slice', lines, rows=True)}"


def _write_lines(first: str, lines: Sequence[Line], *, rows: bool = False) -> str:
    titles = [first, "rows" if rows else "best is", "candidate", "champion", "difference", ""]
    cells = [
        [
            escape(line.name),
            f"{line.rows:,}" if rows else line.best,
            line.candidate,
            line.champion,
            line.change,
            stress(line.word),
        ]
        for line in lines
    ]
    return "\n".join(write_table(titles, ["---", *(["---:"] * 4), "---"], cells))


def stress(word: str) -> str:
    """Return a line's word so that bad news is seen."""
    return f"**{word}**" if word == "worse" else word


def write_checks(checks: Sequence[CheckResult]) -> list[str]:
    """Return the lines of a table of checks, two of them its head."""
    rows = [
        [f"{escape(check.code)} {escape(check.title)}", OUTCOMES[check.outcome], escape(_explain(check))]
        for check in checks
    ]
    return write_table(["check", "outcome", "why"], ["---"] * 3, rows)


def _explain(check: CheckResult) -> str:
    if check.override is None:
        return check.reason
    return f"{check.reason} Overridden by {check.override.by}: {check.override.reason}"


def write_list(title: str, sentences: Sequence[str]) -> str:
    """Return the sentences under a heading; nothing without any."""
    if not sentences:
        return ""
    return f"#### {title}\n\n" + "\n".join(f"- {escape(sentence)}" for sentence in sentences)


def write_table(titles: Sequence[str], sides: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table of cells that are Markdown already; *sides* align the columns, as `---:`."""
    return [write_row(cells) for cells in (titles, sides, *rows)]


def write_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
