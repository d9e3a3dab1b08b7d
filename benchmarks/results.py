"""What a benchmark found: one row for each comparison, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One row: medians, in seconds unless the name says GiB or ms, and their ratio ours ÷ theirs: less is better."""

    name: str
    ours: float | None
    theirs: float | None
    ratio: float | None
    target: float | None
    """What the ratio may be at most; None where nothing is promised."""
    met: bool | None
    runs: int


def compare(
    name: str, ours: Sequence[float], theirs: Sequence[float] = (), *, target: float | None = None
) -> Result:
    """Return the row of both sides' seconds; a side that has no such step gives none."""
    our, their = _middle(ours), _middle(theirs)
    ratio = None if our is None or their is None else our / their
    return judge(name, ratio, ours=our, theirs=their, target=target, runs=max(len(ours), len(theirs)))


def judge(
    name: str,
    ratio: float | None,
    *,
    ours: float | None = None,
    theirs: float | None = None,
    target: float | None,
    runs: int,
) -> Result:
    """Return the row of a ratio that was found in another way than by two medians."""
    met = None if target is None or ratio is None else ratio <= target
    return Result(name, _round(ours), _round(theirs), _round(ratio), target, met, runs)


def make_table(results: Sequence[Result]) -> Table:
    """Return the rows for a terminal."""
    table = Table("what", box=None, padding=(0, 2, 0, 0))
    for title in ("ours", "theirs", "ratio", "target", "met", "runs"):
        table.add_column(title, justify="right")
    for result in results:
        target = "" if result.target is None else f"≤ {result.target:g}"
        met = "" if result.met is None else ("yes" if result.met else "NO")
        unit = next((unit for unit in ("GiB", "ms") if f" in {unit}" in result.name), "s")
        numbers = (_measure(result.ours, unit), _measure(result.theirs, unit), _show(result.ratio))
        table.add_row(result.name, *numbers, target, met, str(result.runs))
    return table


def merge(known: Sequence[Result], measured: Sequence[Result]) -> list[Result]:
    """Return the known rows with those that were measured anew in their places, and new ones at the end.

    A row's name up to its colon, such as `gate: 1,000,000 rows`, says what it is of: what follows may change.
    """
    fresh = {_subject(result): result for result in measured}
    kept = [fresh.pop(_subject(result), result) for result in known]
    return [*kept, *fresh.values()]


def _subject(result: Result) -> str:
    return result.name.partition(" : ")[0]


def from_json(text: str) -> list[Result]:
    return [Result(**result) for result in json.loads(text)["results"]]


def to_json(results: Sequence[Result], machine: Mapping[str, Any]) -> str:
    document = {"machine": dict(machine), "results": [asdict(result) for result in results]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _middle(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _measure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.3f} {unit}"


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
