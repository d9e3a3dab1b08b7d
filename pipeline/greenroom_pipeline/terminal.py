"""The terminal's face of runs and reports."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenroom_pipeline.report import CheckResult, Outcome, Report, Timing, Verdict

_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✓ passed", "green"),
    "failed": ("✗ failed", "red"),
    "inconclusive": ("? inconclusive", "yellow"),
    "not_tested": ("– not tested", "dim"),
    "not_applicable": ("– not applicable", "dim"),
}
_VERDICTS: dict[Verdict, str] = {"pass": "bold green", "inconclusive": "bold yellow", "fail": "bold red"}
# What could move the cursor, clear the screen or name the window; a model's output is a stranger's text.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\|$)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Return *text* without what a terminal would obey rather than show."""
    return _CONTROLS.sub("", text)


class ConsoleProgress:
    """Prints each step when it ends, and what its processes write while it runs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, step: str) -> None:
        if self._console.is_terminal:
            self._console.print(Text(f"  · {step} …", style="dim"), end="\r")

    def wrote(self, line: str) -> None:
        _print(self._console, (f"    {plain(line)}", "dim"))

    def ended(self, timing: Timing, note: str) -> None:
        mark = ("  = ", "cyan") if timing.cached else ("  ✓ ", "green")
        _print(self._console, mark, f"{timing.step:<12}{timing.seconds:7.1f} s  ", (plain(note), "dim"))

    def failed(self, step: str, seconds: float) -> None:
        _print(self._console, ("  ✗ ", "red"), f"{step:<12}{seconds:7.1f} s")


def print_report(console: Console, report: Report) -> None:
    """Show the verdict, the sentence and every check with its outcome."""
    console.print()
    _print(console, (report.verdict.upper(), _VERDICTS[report.verdict]), f"  {plain(report.summary)}")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in report.checks:
        table.add_row(*_row(check))
    console.print(table)


def print_headline(console: Console, name: str, title: str) -> None:
    console.print()
    _print(console, (plain(name), "bold"), f": {plain(title)}")


def print_error(console: Console, message: str) -> None:
    _print(console, ("ERROR", "bold red"), f"  {plain(message)}")


def print_log(console: Console, log: str, *, lines: int = 15) -> None:
    """Show the end of a failed process's log."""
    for line in log.strip().splitlines()[-lines:]:
        _print(console, (f"    {plain(line)}", "dim"))


def _row(check: CheckResult) -> tuple[Text, str, Text]:
    word, style = _MARKS[check.outcome]
    return Text(word, style=style), check.code, Text(plain(f"{check.title}: {check.reason}"))


def _print(console: Console, *parts: str | tuple[str, str]) -> None:
    console.print(Text.assemble(*parts), highlight=False, soft_wrap=True)
