"""The feature profile: what the holdout shows of each column, for forms, for sentences and for probes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types
from pydantic import ConfigDict, Field

from greenroom_pipeline.observations import Document
from greenroom_pipeline.report import Task

MAX_CATEGORIES = 100
MAX_EXAMPLES = 20
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Number = int | float


class Category(Document):
    """A value, and its share of the rows that have one."""

    value: str
    share: float


class NumberFeature(Document):
    name: str
    kind: Literal["number"] = "number"
    integer: bool
    nullable: bool
    minimum: Number | None
    maximum: Number | None
    quantiles: dict[str, Number] = Field(description="By probability, such as `0.05`.")


class CategoryFeature(Document):
    name: str
    kind: Literal["category"] = "category"
    nullable: bool
    categories: list[Category] = Field(description="Most frequent first.")
    truncated: bool = Field(description="There are more values than are listed.")


class BooleanFeature(Document):
    name: str
    kind: Literal["boolean"] = "boolean"
    nullable: bool
    share_true: float | None


class TextFeature(Document):
    name: str
    kind: Literal["text"] = "text"
    nullable: bool


class DatetimeFeature(Document):
    name: str
    kind: Literal["datetime"] = "datetime"
    nullable: bool
    minimum: str | None
    maximum: str | None


Feature = Annotated[
    NumberFeature | CategoryFeature | BooleanFeature | TextFeature | DatetimeFeature,
    Field(discriminator="kind"),
]


class FeatureProfile(Document):
    """What each Bento carries as `profile.json`, and answers at /describe."""

    schema_version: Literal[1] = Field(1, alias="schema")
    task: Task
    target: str
    classes: list[str] = Field(description="In order; empty for regression.")
    rows: int
    features: list[Feature]
    typical: dict[str, Any] = Field(description="One row of medians and most frequent values.")
    examples: list[dict[str, Any]] = Field(description="Actual rows, evenly spaced through the holdout.")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


def profile_features(
    frame: pd.DataFrame, *, task: Task, target: str, classes: Sequence[str]
) -> FeatureProfile:
    """Describe the columns of *frame* but *target*: those that the model is given, in its order."""
    features = frame.drop(columns=target, errors="ignore")
    positions = np.unique(np.linspace(0, max(len(features) - 1, 0), MAX_EXAMPLES).astype(int))
    chosen = features.iloc[positions[: len(features)]]
    columns = {str(name): features[name] for name in features}
    return FeatureProfile(
        task=task,
        target=target,
        classes=list(classes),
        rows=len(features),
        features=[_describe(name, column) for name, column in columns.items()],
        typical={name: _typical(column) for name, column in columns.items()},
        examples=[
            {str(name): _plain(value) for name, value in zip(chosen.columns, row, strict=True)}
            for row in chosen.itertuples(index=False, name=None)
        ],
    )


def _describe(name: str, column: pd.Series[Any]) -> Feature:
    present = column.dropna()
    nullable = len(present) < len(column)
    if _is_boolean(column):
        share = float(present.astype(bool).mean()) if len(present) else None
        return BooleanFeature(name=name, nullable=nullable, share_true=share)
    if types.is_numeric_dtype(column):
        return _describe_numbers(name, present, nullable=nullable)
    if types.is_datetime64_any_dtype(column):
        low, high = (present.min(), present.max()) if len(present) else (None, None)
        return DatetimeFeature(name=name, nullable=nullable, minimum=_plain(low), maximum=_plain(high))
    return _describe_texts(name, present, nullable=nullable)


def _is_boolean(column: pd.Series[Any]) -> bool:
    """Say whether the column holds truth values; with missing ones among them, they come as objects."""
    return types.is_bool_dtype(column) or types.infer_dtype(column, skipna=True) == "boolean"


def _describe_numbers(name: str, present: pd.Series[Any], *, nullable: bool) -> NumberFeature:
    integer = types.is_integer_dtype(present)
    values = present.to_numpy() if integer else present.to_numpy(dtype=float)
    finite = values[np.isfinite(values)] if not integer else values
    if not len(finite):
        return NumberFeature(
            name=name, integer=integer, nullable=nullable, minimum=None, maximum=None, quantiles={}
        )
    # Actual values of the column, so that a whole number stays one.
    quantiles = np.quantile(finite, QUANTILES, method="lower")
    return NumberFeature(
        name=name,
        integer=integer,
        nullable=nullable,
        minimum=_plain(finite.min()),
        maximum=_plain(finite.max()),
        quantiles={str(at): _plain(value) for at, value in zip(QUANTILES, quantiles, strict=True)},
    )


def _describe_texts(name: str, present: pd.Series[Any], *, nullable: bool) -> TextFeature | CategoryFeature:
    counts = _count(present)
    if len(counts) > MAX_CATEGORIES and len(counts) > len(present) / 2:
        return TextFeature(name=name, nullable=nullable)
    categories = [
        Category(value=str(value), share=int(count) / len(present))
        for value, count in counts.iloc[:MAX_CATEGORIES].items()
    ]
    return CategoryFeature(
        name=name, nullable=nullable, categories=categories, truncated=len(counts) > MAX_CATEGORIES
    )


def _count(present: pd.Series[Any]) -> pd.Series[Any]:
    """Return how often each text comes, most frequent first and equal ones by name."""
    counts = present.astype(str).value_counts()
    return counts.sort_index().sort_values(ascending=False, kind="stable")


def _typical(column: pd.Series[Any]) -> Any:
    present = column.dropna()
    if not len(present):
        return None
    if _is_boolean(column):
        return bool(present.astype(bool).mean() >= 0.5)
    if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
        return _round(_plain(present.sort_values().iloc[(len(present) - 1) // 2]))
    return str(_count(present).index[0])


def _round(value: Any) -> Any:
    """A typical number stands in a form for people: four digits are enough of it."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _plain(value: Any) -> Any:
    """Return *value* as JSON has it: times as ISO 8601, and null for what is missing or not finite."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, str | bool | int | float) else str(plain)
