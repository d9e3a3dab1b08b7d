"""Where in `greenroom.toml` a rule stands, so that what it found can be shown beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom_pipeline.checks.absolute_bound import AbsoluteBound
from greenroom_pipeline.checks.calibrated import Calibrated
from greenroom_pipeline.checks.leakage import Leakage
from greenroom_pipeline.checks.model_size import ModelSize
from greenroom_pipeline.checks.overall_loss import OverallLoss
from greenroom_pipeline.checks.pinned_cases import PinnedCases
from greenroom_pipeline.checks.prediction_shift import PredictionShift
from greenroom_pipeline.checks.retraining_noise import RetrainingNoise
from greenroom_pipeline.checks.row_flips import RowFlips
from greenroom_pipeline.checks.schema_change import SchemaChange
from greenroom_pipeline.checks.serving_latency import ServingLatency
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.checks.suspicious_gain import SuspiciousGain
from greenroom_pipeline.report import CheckResult

# What a check of a metric is asked for by, in its table of [[gate.check]].
_KEYS = {
    AbsoluteBound.code: ("min", "max"),
    OverallLoss.code: ("max_loss",),
    SliceLoss.code: ("max_loss_slices",),
    SuspiciousGain.code: ("max_gain",),
    RetrainingNoise.code: ("max_loss",),
}
_TABLES = {
    RowFlips.code: "gate.flips",
    PredictionShift.code: "gate.shift",
    Calibrated.code: "gate.calibration",
    ServingLatency.code: "gate.latency",
    PinnedCases.code: "gate.cases",
    Leakage.code: "gate.leakage",
    SchemaChange.code: "gate.inputs",
    ModelSize.code: "gate.size",
}
_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_ENTRY = re.compile(r"""^\s*["']?(\w+)["']?\s*=\s*(.*)$""")


@dataclass
class _Table:
    name: str
    line: int
    lines: dict[str, int] = field(default_factory=dict)
    """Of each key; lines count from 1."""
    metric: str = ""


def find_line(settings: str, check: CheckResult) -> int | None:
    """Return the line of the rule that a check is about, or None for what no table of its own asks for.

    *settings* is the text of a `greenroom.toml` that is valid.
    """
    tables = _read(settings)
    if check.metric is None:
        name = _TABLES.get(check.code)
        return next((table.line for table in tables if table.name == name), None)
    rules = [table for table in tables if table.name == "gate.check" and table.metric == check.metric]
    for key in _KEYS.get(check.code, ()):
        for rule in rules:
            if key in rule.lines:
                return rule.lines[key]
    return next((rule.line for rule in rules), None)


def _read(settings: str) -> Sequence[_Table]:
    tables = [_Table("", 0)]
    for number, line in enumerate(settings.split("\n"), 1):
        header, entry = _HEADER.match(line), _ENTRY.match(line)
        if header:
            tables.append(_Table(re.sub(r"[\s\"']", "", header[1]), number))
        elif entry:
            tables[-1].lines[entry[1]] = number
            if entry[1] == "metric":
                tables[-1].metric = entry[2].split("#")[0].strip().strip("\"'")
    return tables
