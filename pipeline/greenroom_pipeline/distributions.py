"""How both models' answers are spread: histograms, confusion and thresholds; parts of the report, small to draw."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from greenroom_pipeline.observations import Document

ModelName = Literal["candidate", "champion"]


class Histogram(Document):
    """Counts of rows in bins of one model's probabilities, or of its residuals (predicted − actual)."""

    kind: Literal["scores", "residuals"]
    model: ModelName
    label: str | None = Field(None, description="The class whose probability it is; null for residuals.")
    of: str | None = Field(None, description="The true class of the rows; null for all rows.")
    edges: list[float] = Field(description="One more than counts; bins are the same for both models.")
    counts: list[int]


class Confusion(Document):
    """Rows by true class (first index) and predicted class (second)."""

    model: ModelName
    classes: list[str] = Field(
        description="At most the twelve most frequent; rarer ones are joined in a last one, `(others)`."
    )
    counts: list[list[int]]


class Thresholds(Document):
    """What one model gets right and wrong when it says the class from a threshold on."""

    model: ModelName
    label: str = Field(description="The class that counts as positive.")
    thresholds: list[float] = Field(description="Rising, from 0 to 1.")
    true_positives: list[int]
    false_positives: list[int]
    positives: int
    negatives: int
