"""The terminal's face of runs and reports."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenroom_pipeline.report import CheckResult, Report, Timing

_MARKS = {
    "passed": "[green]✓ passed[/]",
    "failed": "[red]✗ failed[/]",
    "inconclusive": "[yellow]? inconclusive[/]",
    "not_tested": "[dim]– not tested[/]",
    "not_applicable": "[dim]– not applicable[/]",
}
_VERDICTS = {
    "pass": "[bold green]PASS[/]",
    "inconclusive": "[bold yellow]INCONCLUSIVE[/]",
    "fail": "[bold red]FAIL[/]",
}


class ConsoleProgress:
    """Prints each step when it ends, and what its processes write while it runs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, step: str) -> None:
        if self._console.is_terminal:
            self._console.print(f"  [dim]· {step} …[/]", end="\r")

    def wrote(self, line: str) -> None:
        self._console.print(f"    [dim]{escape(line)}[/]", highlight=False, soft_wrap=True)

    def ended(self, timing: Timing, note: str) -> None:
        mark = "[cyan]=[/]" if timing.cached else "[green]✓[/]"
        spent = f"{timing.seconds:7.1f} s"
        self._console.print(
            f"  {mark} {timing.step:<12}{spent}  [dim]{escape(note)}[/]", highlight=False, soft_wrap=True
        )

    def failed(self, step: str, seconds: float) -> None:
        self._console.print(f"  [red]✗[/] {step:<12}{seconds:7.1f} s", highlight=False)


def print_report(console: Console, report: Report) -> None:
    console.print()
    console.print(f"{_VERDICTS[report.verdict]}  {escape(report.summary)}", highlight=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in report.checks:
        table.add_row(*_row(check))
    console.print(table)


def _row(check: CheckResult) -> tuple[str, str, str]:
    return _MARKS[check.outcome], check.code, escape(f"{check.title}: {check.reason}")


def print_log(console: Console, log: str, *, lines: int = 15) -> None:
    """Show the end of a failed process's log."""
    for line in log.strip().splitlines()[-lines:]:
        console.print(f"    [dim]{escape(line)}[/]", highlight=False, soft_wrap=True)
