"""Whole reports for tests that show or publish them, made by the gate from values that are given."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.gate import decide
from greenroom_pipeline.observations import Calibration, Flips, Observations, Shift
from greenroom_pipeline.report import (
    CheckResult,
    Holdout,
    Lineage,
    MetricResult,
    ModelReference,
    Preview,
    Report,
    Slice,
    Timing,
)
from greenroom_pipeline.summary import summarize

SHA = "3f9c1d7" + "0" * 33
OLD_SHA = "a81e5b2" + "0" * 33
HOSTILE = (
    "<!-- greenroom:flights --> <!-- sha=0 order=9 --> @team #1 GH-2 ada/flights#3 [a](https://evil.example) "
    "![i](//evil.example/i.png) <img src=x onerror=y> <script>z</script> </details></td> `tick` ``` ~~~ a|b \\| "
    "www.evil.example https://evil.example e@vil.example :tada: $x$ *b* _i_ [^1] - [ ] x\n\n# head\n> quote\r\n"
    "| a |\n|---|\n- item\n1. one\n\n---\n\u202e\u2066reversed\u061c \U000e0041 \x1b[31mred\udcff &lt; &amp;"
)
SETTINGS = """\
[project]
name = "flight-delays"
task = "binary"

[train]
command = "uv run python train.py"
inputs = ["train.py", "features.py", "data/"]

[data]
holdout = "data/holdout.parquet"
target = "delayed"
slices = ["carrier"]

[[gate.check]]
metric = "roc_auc"
min = 0.7
max_loss = 0.005
max_loss_slices = 0.02

[gate.flips]
max_broken = 0.02
"""


def measure(
    metric: str,
    title: str,
    champion: float,
    difference: float,
    half: float,
    *,
    slice: str | None = None,
    rows: int = 20_000,
    p_value: float = 0.5,
    higher_is_better: bool = True,
) -> MetricResult:
    return MetricResult(
        metric=metric,
        title=title,
        slice=None if slice is None else Slice(column="carrier", value=slice),
        candidate=champion + difference,
        champion=champion,
        difference=difference,
        interval=(difference - half, difference + half),
        confidence=0.95,
        p_value=p_value,
        rows=rows,
        method="DeLong",
        higher_is_better=higher_is_better,
    )


METRICS = [
    measure("roc_auc", "ROC AUC", 0.7034, 0.0277, 0.0041, p_value=1e-9),
    measure("log_loss", "Log loss", 0.4821, -0.0132, 0.0024, p_value=1e-9, higher_is_better=False),
    measure("f1", "F1", 0.4102, 0.0011, 0.0061),
    measure("roc_auc", "ROC AUC", 0.688, -0.061, 0.02, slice="F9", rows=1_204, p_value=1e-8),
    measure("roc_auc", "ROC AUC", 0.671, 0.052, 0.011, slice="B6", rows=4_410, p_value=1e-9),
    measure("roc_auc", "ROC AUC", 0.702, 0.034, 0.009, slice="EV", rows=5_102, p_value=1e-9),
    measure("roc_auc", "ROC AUC", 0.713, 0.006, 0.015, slice="UA", rows=3_310),
    measure("roc_auc", "ROC AUC", 0.69, 0.004, 0.031, slice="VX", rows=702),
]
CHECKS = [
    CheckResult(
        code="GR101",
        title="Absolute bound: ROC AUC",
        outcome="passed",
        metric="roc_auc",
        reason="ROC AUC is 0.731 (0.724 to 0.738), at least 0.7 as asked.",
    ),
    CheckResult(
        code="GR102",
        title="Loss against the champion: ROC AUC",
        outcome="passed",
        metric="roc_auc",
        reason="ROC AUC rises from 0.703 to 0.731 (+0.028 ± 0.004). A loss of more than 0.005 is ruled out.",
    ),
    CheckResult(
        code="GR103",
        title="Loss on slices: ROC AUC",
        outcome="failed",
        metric="roc_auc",
        reason="Worse for carrier F9: ROC AUC falls from 0.688 to 0.627 (−0.061 ± 0.020). That loss is more than the"
        " tolerated 0.02.",
    ),
    CheckResult(
        code="GR105",
        title="Rows that flip",
        outcome="inconclusive",
        reason="Of 20,000 rows, 402 that the champion had right are now wrong (2.0 %), and 981 that it had wrong are"
        " now right. Chance alone would rarely make them so unequal (p < 0.0001). Can't tell yet whether more than"
        " 2.0 % break, and about 1,900 more labelled rows would settle it if the difference stays as it is.",
    ),
    CheckResult(
        code="GR201",
        title="The preview answers",
        outcome="passed",
        reason="It answered three rows of the holdout.",
    ),
    CheckResult(
        code="GR302",
        title="Changed columns",
        outcome="not_applicable",
        reason="Switched off in greenroom.toml: the schema is agreed by hand.",
    ),
]


def make_report(
    *,
    metrics: Sequence[MetricResult] = METRICS,
    checks: Sequence[CheckResult] = CHECKS,
    project: str = "flight-delays",
    preview: Preview | None = None,
    sha: str = SHA,
    pull: int | None = 7,
) -> Report:
    """Return a candidate's report: better overall, and by default worse for one carrier."""
    verdict = decide(checks)
    candidate = ModelReference(name=project, digest="4" * 64, run_id="5" * 32, sha=sha)
    return Report(
        verdict=verdict,
        summary=summarize(verdict, checks, metrics),
        project=project,
        task="binary",
        candidate=candidate,
        champion=ModelReference(name=project, version="3", digest="6" * 64, run_id="7" * 32, sha=OLD_SHA),
        holdout=Holdout(rows=20_000, digest="8" * 64, looks=4),
        metrics=list(metrics),
        checks=list(checks),
        observations=Observations(
            flips=Flips(fixed=981, broken=402, rows=20_000, p_value=1e-12, broken_interval=(0.018, 0.022)),
            shifts=[
                Shift(
                    label="yes",
                    of="probability",
                    candidate=0.231,
                    champion=0.218,
                    difference=0.013,
                    interval=(0.011, 0.015),
                    p_value=1e-9,
                )
            ],
            calibration=[
                Calibration(
                    model="candidate",
                    slope=0.97,
                    slope_interval=(0.93, 1.01),
                    error=0.012,
                    error_interval=(0.008, 0.017),
                )
            ],
        ),
        lineage=Lineage(
            sha=sha,
            branch="merged-airlines",
            pull=pull,
            fingerprint="9" * 64,
            parameters={
                "learning_rate": "0.1",
                "max_depth": "6",
                "estimator": "HistGradientBoostingClassifier",
            },
        ),
        preview=preview
        or Preview(
            slot="7",
            bento="flight-delays:3f9c1d7",
            state="awake",
            address="https://models.example.com/p/flight-delays/7",
        ),
        timings=[
            Timing(step="fingerprint", seconds=0.3),
            Timing(step="train", seconds=221.4),
            Timing(step="score", seconds=8.2),
            Timing(step="evaluate", seconds=1.1),
            Timing(step="gate", seconds=0.1),
            Timing(step="package", seconds=4.8),
            Timing(step="preview", seconds=6.3),
        ],
    )


def make_large(rows: int) -> Report:
    """Return a report of as many slices and parameters, with names that are as long as they may be."""
    slices = [
        measure("roc_auc", "ROC AUC", 0.7, -0.2, 0.01, slice=f"{number}&" * 90, p_value=1e-12)
        for number in range(rows)
    ]
    report = make_report(metrics=[*METRICS, *slices])
    assert report.lineage is not None
    parameters = {f"p{number}": "&" * 6_000 for number in range(rows)}
    return report.model_copy(update={"lineage": report.lineage.model_copy(update={"parameters": parameters})})


LARGE = make_large(300)
