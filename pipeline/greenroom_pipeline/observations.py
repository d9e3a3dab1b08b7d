"""What was observed of a candidate beyond its metrics: parts of the report that checks judge."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """A part of the report: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Flips(Document):
    """Rows on which one model is right and the other wrong; only tasks with classes have them."""

    fixed: int = Field(description="Rows that the champion had wrong and the candidate has right.")
    broken: int = Field(description="Rows that the champion had right and the candidate has wrong.")
    rows: int
    p_value: float | None = Field(
        description="Exact two-sided McNemar test of as many fixed as broken; by group that of the mean."
    )
    broken_interval: tuple[float, float] | None = Field(
        description="Interval of the share of broken rows; null when groups are too few to tell."
    )


class Shift(Document):
    """How much one model's answers differ on the whole from the other's, on the same rows."""

    label: str | None = Field(description="The class; null for numbers.")
    of: Literal["probability", "share", "number"] = Field(
        description="Mean probability of the class, share of rows predicted as it, or mean prediction."
    )
    candidate: float
    champion: float
    difference: float
    interval: tuple[float, float] | None
    p_value: float | None = Field(description="Corrected over the classes by Benjamini–Hochberg.")


class Distances(Document):
    """How far apart the two distributions of answers are, as effect sizes."""

    population_stability: float | None = Field(
        description="PSI over the champion's deciles, or over classes."
    )
    population_stability_noise: float | None = Field(
        description="What PSI stays below in 95 % of pairs of samples of this size from one distribution."
    )
    kolmogorov_smirnov: float | None = Field(
        description="Greatest distance of the two distribution functions."
    )
    wasserstein: float | None = Field(description="Mean distance that an answer moves, in its own units.")
    jensen_shannon: float | None = Field(
        description="Distance of the shares of the classes, natural logarithm."
    )


class Calibration(Document):
    """Whether one model's probabilities mean what they say."""

    model: Literal["candidate", "champion"]
    slope: float | None = Field(
        description="Of the outcome's log-odds on the prediction's; below 1 the model is too sure of itself."
    )
    slope_interval: tuple[float, float] | None
    error: float | None = Field(description="Expected calibration error, over ten bins of equal counts.")
    error_interval: tuple[float, float] | None


class Overlap(Document):
    """Rows of the holdout that training has seen too."""

    train_rows: int
    rows: int = Field(description="Rows of the holdout.")
    columns: list[str] = Field(description="Columns by which rows were compared.")
    identical: int = Field(description="Rows of the holdout with an identical row in training.")
    ids: int | None = Field(description="Ids that appear in both; null when no id column is named.")


class Retyped(Document):
    column: str
    before: str
    after: str


class InputChange(Document):
    """How the columns that the candidate takes differ from the champion's."""

    added: list[str]
    removed: list[str]
    retyped: list[Retyped]


class Size(Document):
    """Bytes of the models' files."""

    candidate: int
    champion: int | None


class Latency(Document):
    """Answers of both previews to the same rows, called in turn."""

    candidate: float = Field(description="Median seconds.")
    champion: float = Field(description="Median seconds.")
    ratio: float = Field(description="Candidate ÷ champion, of the medians.")
    interval: tuple[float, float]
    calls: int = Field(description="Pairs of calls that were measured.")


class Retraining(Document):
    """One metric of the same commit trained with several seeds."""

    metric: str
    title: str
    higher_is_better: bool
    values: list[float] = Field(description="Of each seed; the candidate's own comes first.")
    differences: list[float] = Field(description="Against the champion, of each seed.")
    intervals: list[tuple[float, float]] = Field(description="Of each difference.")
    deviation: float = Field(description="Standard deviation of the values.")


class Observations(Document):
    """All of them; what was not looked at is null or empty."""

    flips: Flips | None = None
    shifts: list[Shift] = []
    distances: Distances | None = None
    calibration: list[Calibration] = []
    overlap: Overlap | None = None
    inputs: InputChange | None = None
    size: Size | None = None
    latency: Latency | None = None
    retraining: list[Retraining] = []
