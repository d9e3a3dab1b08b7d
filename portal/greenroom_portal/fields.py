"""What the form of *Try it* asks for: fields and starting rows, read from a feature profile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from greenroom_portal.wording import clean, number, percent

Kind = Literal["number", "category", "boolean", "text", "datetime"]
_KINDS = ("number", "category", "boolean", "text", "datetime")
# Browsers hold whole numbers exactly up to here.
_LARGEST = 2**53 - 1


@dataclass(frozen=True)
class Field:
    """One feature as the form shows it."""

    name: str
    kind: Kind
    nullable: bool
    help: str
    integer: bool = False
    step: float | int = 1
    options: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Start:
    """A row that the form can begin with."""

    label: str
    row: dict[str, Any]


def read_fields(profile: dict[str, Any]) -> list[Field]:
    return [_read_field(feature) for feature in profile.get("features", [])]


def read_starts(profile: dict[str, Any]) -> list[Start]:
    """Return the typical row first, then the profile's actual rows."""
    examples = profile.get("examples", [])
    starts = [Start("Typical row", profile["typical"])] if profile.get("typical") else []
    starts += [Start(f"Holdout row, example {place}", row) for place, row in enumerate(examples, start=1)]
    return starts or [Start("Empty row", {})]


def _read_field(feature: dict[str, Any]) -> Field:
    kind: Kind = feature["kind"] if feature.get("kind") in _KINDS else "text"
    integer = kind == "number" and bool(feature.get("integer"))
    return Field(
        name=feature["name"],
        kind=kind,
        nullable=bool(feature.get("nullable")),
        help=_describe(feature, kind=kind),
        integer=integer,
        step=1 if integer else _step(feature.get("quantiles") or {}),
        options=tuple(entry["value"] for entry in feature.get("categories", [])),
    )


def _step(quantiles: dict[str, float]) -> float:
    """Return a round hundredth or so of the middle half's width."""
    width = abs((quantiles.get("0.75") or 0) - (quantiles.get("0.25") or 0))
    return float(10 ** math.floor(math.log10(width / 10))) if width > 0 else 0.1


def _describe(feature: dict[str, Any], *, kind: Kind) -> str:
    parts: dict[Kind, Callable[[dict[str, Any]], str]] = {
        "number": _describe_number,
        "category": _describe_category,
        "boolean": _describe_boolean,
        "datetime": _describe_datetime,
        "text": lambda _feature: "Free text.",
    }
    return parts[kind](feature) + (" May be empty." if feature.get("nullable") else "")


def _describe_number(feature: dict[str, Any]) -> str:
    quantiles = feature.get("quantiles") or {}
    low, high = feature.get("minimum"), feature.get("maximum")
    text = "A number." if low is None or high is None else f"Training rows: {number(low)} to {number(high)}."
    if "0.25" in quantiles and "0.75" in quantiles:
        text += f" The middle half: {number(quantiles['0.25'])} to {number(quantiles['0.75'])}."
    return text


def _describe_category(feature: dict[str, Any]) -> str:
    categories = feature.get("categories", [])
    if not categories:
        return "Type a value."
    first = categories[0]
    text = f"Most frequent: {clean(first['value'], longest=40)} ({percent(first.get('share'))} of rows)."
    return text + (" More values occur than are listed." if feature.get("truncated") else "")


def _describe_boolean(feature: dict[str, Any]) -> str:
    share = feature.get("share_true")
    return "Yes or no." if share is None else f"Yes in {percent(share)} of rows."


def _describe_datetime(feature: dict[str, Any]) -> str:
    low, high = feature.get("minimum"), feature.get("maximum")
    return "A date and time." if not low or not high else f"{clean(low)} to {clean(high)}."


def fits_number_input(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and abs(value) <= _LARGEST)


def to_datetime(value: object) -> datetime | None:
    """Read a profile's ISO time; None for an empty or unreadable one."""
    try:
        return datetime.fromisoformat(str(value)) if value is not None else None
    except ValueError:
        return None


def to_json(field: Field, value: Any, *, start: Any) -> Any:
    """Return the widget's value as the model is asked: the column's own type, null for an empty one."""
    if value is None or value == "":
        return None
    if field.kind == "datetime" and isinstance(value, datetime):
        zone = getattr(to_datetime(start), "tzinfo", None)
        return value.replace(tzinfo=zone).isoformat()
    if field.kind == "number":
        return _to_number(value, integer=field.integer)
    return value


def _to_number(value: Any, *, integer: bool) -> int | float | None:
    try:
        return int(value) if integer else float(value)
    except ValueError:
        return None


def missing_fields(fields: list[Field], row: dict[str, Any]) -> list[str]:
    """Name the fields that the model needs and that *row* leaves empty."""
    return [field.name for field in fields if not field.nullable and row.get(field.name) is None]
