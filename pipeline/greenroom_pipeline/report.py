"""The report: one versioned document of which comment, portal and terminal are faces."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from greenroom_pipeline.cases import CaseResult
from greenroom_pipeline.distributions import Confusion, Histogram, Thresholds
from greenroom_pipeline.drift import Drift
from greenroom_pipeline.movements import Movement
from greenroom_pipeline.observations import Document, Observations
from greenroom_pipeline.since import Since
from greenroom_pipeline.words import Words

Task = Literal["binary", "multiclass", "regression"]
Outcome = Literal["passed", "failed", "inconclusive", "not_tested", "not_applicable"]
Verdict = Literal["pass", "inconclusive", "fail"]


class ModelReference(Document):
    """Which bytes were evaluated, and where they come from."""

    name: str
    version: str | None = Field(None, description="Version in the MLflow registry; null until registered.")
    digest: str = Field(description="SHA-256 over the model's files, or over its predictions in a table.")
    run_id: str | None = Field(description="The MLflow run that trained it; null for a table's column.")
    sha: str | None = Field(description="The commit that it was trained at; null for a table's column.")


class Holdout(Document):
    """The frozen labelled rows that both models are scored on."""

    rows: int
    digest: str
    looks: int | None = Field(
        None,
        description="Candidates that this holdout has been asked about, this one included; null: not counted.",
    )


class Slice(Document):
    """The rows in which *column* has *value*; numeric columns are cut into bins, named by their range."""

    column: str
    value: str


class MetricResult(Document):
    """One metric on one slice, both models on the same rows.

    *difference* is candidate − champion in the metric's own units, whichever direction is better.
    Values that are undefined on these rows are null, never NaN.
    """

    metric: str
    title: str = Field(description="The metric's name for people.")
    slice: Slice | None
    candidate: float | None
    champion: float | None
    difference: float | None
    interval: tuple[float, float] | None = Field(description="Two-sided interval of the difference.")
    candidate_interval: tuple[float, float] | None = Field(
        None, description="Two-sided interval of the candidate's own value."
    )
    confidence: float
    p_value: float | None
    rows: int
    method: str
    higher_is_better: bool


class Override(Document):
    """Someone's word that a check does not hold this one commit back."""

    reason: str
    by: str
    at: str = Field(description="Time in UTC, ISO 8601.")


class CheckResult(Document):
    """One rule's outcome, with a sentence that a product manager understands."""

    code: str = Field(description="For example GR102; documented in docs/checks.md.")
    title: str
    outcome: Outcome
    reason: str
    metric: str | None = Field(None, description="The metric that the rule is about, if it is about one.")
    override: Override | None = Field(None, description="Set where the outcome stands and does not count.")


class Point(Document):
    x: float
    y: float


class Curve(Document):
    """One curve of one model, for drawing: at most a few hundred points."""

    kind: Literal["roc", "calibration", "precision_recall", "residuals"]
    model: Literal["candidate", "champion"]
    label: str | None = Field(None, description="The class that counts as positive.")
    points: list[Point]


class Answer(Document):
    """What one model said of one row."""

    prediction: str | float
    probability: float | None = Field(None, description="Of the row's true class; null for numbers.")


class Disagreement(Document):
    """A holdout row on which the two models differ much."""

    row: int = Field(description="Position in the holdout, from 0.")
    features: dict[str, Any]
    target: str | float
    candidate: Answer
    champion: Answer


class Timing(Document):
    step: str
    seconds: float
    cached: bool = Field(False, description="The step found its result ready and did nothing.")


class Lineage(Document):
    """What the candidate was made from."""

    sha: str
    branch: str | None
    pull: int | None
    fingerprint: str
    parameters: dict[str, str] = Field({}, description="What training logged.")
    since: Since | None = Field(None, description="What changed since the champion; null without one.")


class Preview(Document):
    """What became of the step that starts the candidate's Bento."""

    slot: str
    bento: str = Field(description="Tag of the Bento, name:version.")
    state: Literal["awake", "failed", "stopped"] = Field(
        description="Stopped: it was not tried, since the preview host had no room for it."
    )
    address: str | None = Field(None, description="Where programs query it, on the gateway.")
    log: str = Field(
        "", description="The last lines that the preview wrote, when it failed; why it was stopped."
    )


class Report(Document):
    """Everything that a reviewer needs to know of a candidate."""

    schema_version: Literal[1] = Field(1, alias="schema")
    verdict: Verdict
    summary: str = Field(description="One plain sentence.")
    project: str
    task: Task
    candidate: ModelReference
    champion: ModelReference | None
    holdout: Holdout
    metrics: list[MetricResult]
    checks: list[CheckResult]
    curves: list[Curve] = Field(
        [],
        description="ROC, precision–recall and calibration of both models; residuals by prediction for numbers.",
    )
    histograms: list[Histogram] = Field([], description="How probabilities or residuals are spread.")
    confusions: list[Confusion] = Field([], description="True against predicted class, of both models.")
    thresholds: list[Thresholds] = Field(
        [], description="Rights and wrongs over the threshold, for two classes."
    )
    movements: list[Movement] = Field(
        [], description="What changes for whom: all rows first, then each slice."
    )
    disagreements: list[Disagreement] = Field([], description="Rows that differ most, greatest first.")
    cases: list[CaseResult] = Field([], description="Pinned cases, broken ones first.")
    drift: Drift | None = Field(None, description="Null where no training rows are named.")
    cost: None = None
    words: Words = Words()
    observations: Observations = Observations()
    lineage: Lineage | None = Field(None, description="Null for a table of predictions.")
    preview: Preview | None = None
    timings: list[Timing] = Field([], description="Steps of the run, in order.")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def main_result(report: Report) -> MetricResult | None:
    """Return the first overall metric that has a difference: the report puts the one that counts first."""
    return next((each for each in report.metrics if each.slice is None and each.difference is not None), None)


def to_json(report: Report) -> str:
    """Return the report as JSON text, the form in which it is stored and published."""
    return report.model_dump_json(by_alias=True, indent=2)


def from_json(text: str | bytes) -> Report:
    """Read a stored report; raises `pydantic.ValidationError` when it is not one."""
    return Report.model_validate_json(text)
