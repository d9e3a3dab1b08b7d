"""The terminal's face of a comparison, for someone who sees one for the first time."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.outline import Line, Word, is_judged, list_overall, list_slices, title_slices
from greenroom_pipeline.report import Report
from greenroom_pipeline.settings import GateRule
from greenroom_pipeline.terminal import VERDICTS, plain, print_checks, print_line
from greenroom_pipeline.wording import count

_WORDS: dict[Word, str] = {
    "better": "green",
    "worse": "red",
    "undefined": "yellow",
    "too few rows": "yellow",
}


def print_comparison(
    console: Console,
    report: Report,
    *,
    rules: Sequence[GateRule],
    advice: Sequence[str],
    notes: Sequence[str],
    min_rows: int,
) -> None:
    """Show a table's comparison to someone who sees one for the first time, with what to do next."""
    if is_judged(report.checks):
        head, style = report.verdict.upper(), VERDICTS[report.verdict]
    else:
        head, style = "COMPARED", "bold"
    # One line in a file, to be searched; broken between words for people.
    headline = Text.assemble((head, style), f"  {plain(report.summary)}")
    console.print(headline, highlight=False, soft_wrap=not console.is_terminal)
    champion = "" if report.champion is None else f" with champion {report.champion.name!r}"
    rows = f"{count(report.holdout.rows, 'row')} of {report.project}"
    compared = f"candidate {report.candidate.name!r}{champion} on {rows}"
    _print_section(console, "Compared", [compared, *notes])
    _print_lines(console, "Metrics", list_overall(report), note=_explain_interval(report))
    slices = list_slices(report, rules, min_rows=min_rows)
    _print_lines(console, title_slices(report, rules, shown=len(slices)), slices, rows=True)
    _print_section(console, "What changes", tell_changes(report.observations, report.words))
    if report.checks:
        console.print()
        print_line(console, ("Checks", "bold"))
        print_checks(console, report.checks)
    _print_section(console, "Next", advice)


def _print_lines(
    console: Console, title: str, lines: Sequence[Line], *, rows: bool = False, note: str = ""
) -> None:
    if not lines:
        return
    console.print()
    print_line(console, (plain(title), "bold"), (note, "dim"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for heading in ["rows" if rows else "best is", "candidate", "champion", "difference"]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for line in lines:
        second = f"{line.rows:,}" if rows else line.best
        word = Text(line.word, style=_WORDS.get(line.word, ""))
        table.add_row(Text(plain(line.name)), second, line.candidate, line.champion, line.change, word)
    console.print(table)


def _explain_interval(report: Report) -> str:
    if report.champion is None or not report.metrics:
        return ""
    return f"  (± is half of the {100 * report.metrics[0].confidence:.4g} % interval)"


def _print_section(console: Console, title: str, sentences: Sequence[str]) -> None:
    if not sentences:
        return
    console.print()
    print_line(console, (title, "bold"))
    table = Table.grid(padding=(0, 1, 0, 0))
    for sentence in sentences:
        table.add_row(" ·", Text(plain(sentence)))
    console.print(table)
