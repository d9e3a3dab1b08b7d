"""The rows that the form of *Try it* can begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from greenroom_pipeline.report import Report
from greenroom_portal.answers import name_answer
from greenroom_portal.selection import encode_row

TYPICAL = "typical"


@dataclass(frozen=True)
class Start:
    """A row that the form can begin with; *name* tells it from the others."""

    name: str
    label: str
    row: dict[str, Any]


def list_starts(
    profile: Mapping[str, Any],
    report: Report,
    *,
    arrived: dict[str, Any] | None = None,
    kept: Sequence[Start] = (),
) -> list[Start]:
    """Return the typical row, what the address gave, what the visitor drew or pasted, examples and disagreements."""
    typical = [Start(TYPICAL, "Typical row", profile["typical"])] if profile.get("typical") else []
    address = [Start(name_arrival(arrived), "Row of this address", arrived)] if arrived is not None else []
    examples = [
        Start(f"example-{place}", f"Holdout row, example {place}", row)
        for place, row in enumerate(profile.get("examples", []), start=1)
    ]
    known = {feature["name"] for feature in profile.get("features", [])}
    starts = [*typical, *address, *kept, *examples, *_disagreements(report, known)]
    return starts or [Start("empty", "Empty row", {})]


def name_arrival(row: dict[str, Any]) -> str:
    """Name the start for a row of an address, another one for each row."""
    return f"address-{crc32(encode_row(row).encode()):08x}"


def _disagreements(report: Report, known: set[str]) -> list[Start]:
    return [
        Start(
            f"disagreement-{place}",
            f"Disagreement {place}: holdout row {found.row}, "
            f"candidate {name_answer(report, found.candidate.prediction)}, "
            f"champion {name_answer(report, found.champion.prediction)}",
            {name: value for name, value in found.features.items() if name in known},
        )
        for place, found in enumerate(report.disagreements, start=1)
    ]
