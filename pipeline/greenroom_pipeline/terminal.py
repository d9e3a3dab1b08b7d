"""The terminal's face of runs and reports."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from greenroom_pipeline.cases import CaseResult
from greenroom_pipeline.examining.doctor import Finding
from greenroom_pipeline.report import CheckResult, Outcome, Report, Timing, Verdict
from greenroom_pipeline.wording import LOG_CHARACTERS, tell_wear
from greenroom_pipeline.wording import plain as plain

_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✓ passed", "green"),
    "failed": ("✗ failed", "red"),
    "inconclusive": ("? inconclusive", "yellow"),
    "not_tested": ("– not tested", "dim"),
    "not_applicable": ("– not applicable", "dim"),
}
MOST_BROKEN = 10
VERDICTS: dict[Verdict, str] = {"pass": "bold green", "inconclusive": "bold yellow", "fail": "bold red"}


class ConsoleProgress:
    """Prints each step when it ends, and what its processes write while it runs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, step: str) -> None:
        if self._console.is_terminal:
            self._console.print(Text(f"  · {step} …", style="dim"), end="\r")

    def wrote(self, line: str) -> None:
        print_line(self._console, (f"    {plain(line)}", "dim"))

    def ended(self, timing: Timing, note: str) -> None:
        mark = ("  = ", "cyan") if timing.cached else ("  ✓ ", "green")
        print_line(self._console, mark, f"{timing.step:<12}{timing.seconds:7.1f} s  ", (plain(note), "dim"))

    def failed(self, step: str, seconds: float) -> None:
        print_line(self._console, ("  ✗ ", "red"), f"{step:<12}{seconds:7.1f} s")


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Show what the doctor found: ✓ is there, ✗ is missing, – is missing and can be done without."""
    for finding in findings:
        missing = ("  ✗ ", "red") if finding.needed else ("  – ", "yellow")
        mark = ("  ✓ ", "green") if finding.holds else missing
        print_line(console, mark, f"{finding.subject:<22}", (plain(finding.says), "dim"))


def print_report(console: Console, report: Report) -> None:
    """Show the verdict, the sentence, every check with its outcome, cases that broke, and how worn the holdout is."""
    console.print()
    print_line(console, (report.verdict.upper(), VERDICTS[report.verdict]), f"  {plain(report.summary)}")
    print_checks(console, report.checks)
    print_cases(console, report.cases)
    if report.holdout.looks is not None:
        print_line(console, (tell_wear(report.holdout.looks), "dim"))


def print_checks(console: Console, checks: Sequence[CheckResult]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in checks:
        table.add_row(*_row(check))
    console.print(table)


def print_cases(console: Console, cases: Sequence[CaseResult]) -> None:
    """Show the pinned cases that broke, the first ones of many."""
    broken = [case for case in cases if case.outcome == "broken"]
    for case in broken[:MOST_BROKEN]:
        says = f"expected {case.expected}, answered {case.answered}"
        print_line(console, ("✗ pinned  ", "red"), plain(case.name), (plain(f"  {says}"), "dim"))
    if len(broken) > MOST_BROKEN:
        print_line(console, (f"  …and {len(broken) - MOST_BROKEN:,} more", "dim"))


def print_line(console: Console, *parts: str | tuple[str, str]) -> None:
    console.print(Text.assemble(*parts), highlight=False, soft_wrap=True)


def print_headline(console: Console, name: str, title: str) -> None:
    console.print()
    print_line(console, (plain(name), "bold"), f": {plain(title)}")


def print_error(console: Console, message: str) -> None:
    print_line(console, ("ERROR", "bold red"), f"  {plain(message)}")


def print_log(console: Console, log: str, *, lines: int = 15) -> None:
    """Show the end of a failed process's log."""
    for line in log[-LOG_CHARACTERS:].strip().splitlines()[-lines:]:
        print_line(console, (f"    {plain(line)}", "dim"))


def _row(check: CheckResult) -> tuple[Text, str, Text]:
    word, style = _MARKS[check.outcome]
    reason = f"{check.title}: {check.reason}"
    if check.override is not None:
        word, style = f"{word}, overridden", "magenta"
        reason += f" Overridden by {check.override.by}: {check.override.reason}"
    return Text(word, style=style), check.code, Text(plain(reason))
