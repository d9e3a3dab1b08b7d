"""What a check is, and what it says of one report, in a few plain sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from greenroom_pipeline.outline import advise
from greenroom_pipeline.report import CheckResult, Report
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import suggest_name

_PAGE = "checks.md"
_SECTION = re.compile(r"^## (GR\d{3}): (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
MOST_CHARACTERS = 900


def explain_check(code: str, report: Report | None, gate: GateTable) -> str | None:
    """Return the check's outcome in the report, what to do about it, and what it is; None for one that there is not."""
    described = describe_check(code)
    if described is None:
        return None
    found = [each for each in report.checks if each.code == code] if report else []
    told = [_tell(each, report, gate) for each in found if report]
    return _cut([*told, *described])


def suggest_check(code: str) -> str:
    """Return the end of a sentence on a check that there is not."""
    return suggest_name(code, [found[1] for found in _SECTION.finditer(_read_page())])


def describe_check(code: str) -> list[str] | None:
    """Return what docs/checks.md says of it, sentence by sentence and without its markup."""
    for found in _SECTION.finditer(_read_page()):
        if found[1] == code:
            lines = [_plain(line) for line in found[3].splitlines() if line.strip()]
            return [f"{code} is “{found[2]}”.", *lines]
    return None


def _tell(check: CheckResult, report: Report, gate: GateTable) -> str:
    outcome = check.outcome.replace("_", " ")
    told = f"{check.title} {'is ' if outcome.startswith(('in', 'not')) else ''}{outcome}: {check.reason}"
    if check.outcome not in ("failed", "inconclusive"):
        return told
    if check.override is not None:
        return f"{told} {check.override.by} overrode it: {check.override.reason}"
    alone = report.model_copy(update={"checks": [check]})
    # What it says before that is of the report as a whole.
    return f"{told} {advise(alone, gate.check, min_rows=gate.min_rows)[-1]}"


def _cut(sentences: Sequence[str]) -> str:
    """Join as many as there is room for, and the first one in any case."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".strip()
        if text and len(longer) > MOST_CHARACTERS:
            break
        text = longer
    return text


def _plain(line: str) -> str:
    return _LINK.sub(r"\1", line).replace("`", "").replace("*", "")


def _read_page() -> str:
    """Read the page: in a checkout of Greenroom, or as installed with the package."""
    checkout = Path(__file__).parents[2] / "docs" / _PAGE
    page = checkout if checkout.exists() else Path(str(files("greenroom_pipeline") / _PAGE))
    return page.read_text(encoding="utf-8")
