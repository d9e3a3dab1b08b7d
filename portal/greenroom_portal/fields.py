"""What the form of *Try it* asks for: fields, read from a feature profile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from greenroom_pipeline.words import Words
from greenroom_portal.wording import clean, number, percent

Kind = Literal["number", "category", "boolean", "text", "datetime"]
_KINDS = ("number", "category", "boolean", "text", "datetime")
# Browsers hold whole numbers exactly up to here.
_LARGEST = 2**53 - 1
# A candidate's profile may hold any number; with those between, sums and quotients stay finite.
_GREATEST, _SMALLEST = 1e300, 1e-300


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
    label: str = ""
    """What people call it; empty for its own name."""
    unit: str = ""
    low: Any = None
    high: Any = None
    middle: tuple[float, float] | None = None
    """Between these lie nine tenths of the holdout's rows."""
    closed: bool = False
    """The options are all values that the holdout has."""

    @property
    def title(self) -> str:
        return clean(self.label or self.name)

    @property
    def caption(self) -> str:
        """The title with its unit, and a mark where a value is needed."""
        unit = f" ({clean(self.unit, longest=40)})" if self.unit else ""
        return f"{self.title}{unit}{'' if self.nullable else ' *'}"


def read_fields(profile: dict[str, Any], words: Words | None = None) -> list[Field]:
    known = words or Words()
    return [_read_field(feature, known) for feature in profile.get("features", [])]


def _read_field(feature: dict[str, Any], words: Words) -> Field:
    kind: Kind = feature["kind"] if feature.get("kind") in _KINDS else "text"
    name, integer = feature["name"], kind == "number" and bool(feature.get("integer"))
    quantiles, unit = _read_quantiles(feature), words.units.get(feature["name"], "")
    middle = (quantiles["0.05"], quantiles["0.95"]) if {"0.05", "0.95"} <= quantiles.keys() else None
    low, high = feature.get("minimum"), feature.get("maximum")
    return Field(
        name=name,
        kind=kind,
        nullable=bool(feature.get("nullable")),
        help=_describe(feature, kind=kind, unit=unit),
        integer=integer,
        step=1 if integer else _step(quantiles),
        options=tuple(entry["value"] for entry in feature.get("categories", [])),
        label=words.columns.get(name, ""),
        unit=unit,
        low=keep_usable(low) if kind == "number" else low,
        high=keep_usable(high) if kind == "number" else high,
        middle=middle,
        closed=kind == "category" and not feature.get("truncated") and bool(feature.get("categories")),
    )


def _step(quantiles: dict[str, float]) -> float:
    """Return a round hundredth or so of the middle half's width."""
    width = abs((quantiles.get("0.75") or 0) - (quantiles.get("0.25") or 0))
    return float(10 ** math.floor(math.log10(width / 10))) if width > _SMALLEST else 0.1


def _read_quantiles(feature: dict[str, Any]) -> dict[str, float]:
    found = {at: keep_usable(value) for at, value in (feature.get("quantiles") or {}).items()}
    return {at: value for at, value in found.items() if value is not None}


def keep_usable(value: float | None) -> float | int | None:
    """Return the number; None for one so large that differences of two are none."""
    return value if value is not None and abs(value) <= _GREATEST else None


def _describe(feature: dict[str, Any], *, kind: Kind, unit: str) -> str:
    parts: dict[Kind, Callable[[dict[str, Any]], str]] = {
        "number": lambda given: _describe_number(given, unit=unit),
        "category": _describe_category,
        "boolean": _describe_boolean,
        "datetime": _describe_datetime,
        "text": lambda _feature: "Free text.",
    }
    return parts[kind](feature) + (" May be empty." if feature.get("nullable") else "")


def _describe_number(feature: dict[str, Any], *, unit: str) -> str:
    quantiles = _read_quantiles(feature)
    low, high = keep_usable(feature.get("minimum")), keep_usable(feature.get("maximum"))
    if low is None or high is None:
        return "A number."
    text = f"In the holdout: {number(low)} to {number(high)}{f' {clean(unit, longest=40)}' if unit else ''}."
    for share, (start, end) in {"Half": ("0.25", "0.75"), "Nine in ten": ("0.05", "0.95")}.items():
        if start in quantiles and end in quantiles:
            text += f" {share} of its rows: {number(quantiles[start])} to {number(quantiles[end])}."
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
        # What no float holds, or JSON does not, is no number that a model can be asked.
        return keep_usable(int(value) if integer else float(value))
    except ValueError:
        return None


def missing_fields(fields: list[Field], row: dict[str, Any]) -> list[str]:
    """Name the fields that the model needs and that *row* leaves empty."""
    return [field.title for field in fields if not field.nullable and row.get(field.name) is None]


def tell_unusual(field: Field, value: Any) -> str | None:
    """Say that the holdout has no such value, so that both models guess; None where it has."""
    if value is None:
        return None
    if field.kind == "category" and field.closed and value not in field.options:
        return f"{field.title} is {clean(value, longest=60)}, which no row of the holdout is."
    if field.kind not in ("number", "datetime") or field.low is None or field.high is None:
        return None
    if _lies_between(value, field.low, field.high):
        return None
    show = clean if field.kind == "datetime" else number
    return f"{field.title} is {show(value)}; the holdout has {show(field.low)} to {show(field.high)}."


def _lies_between(value: Any, low: Any, high: Any) -> bool:
    """Compare numbers, or ISO times; what cannot be compared lies anywhere."""
    if isinstance(value, str):
        moments = [to_datetime(each) for each in (low, value, high)]
        first, own, last = (each.replace(tzinfo=None) if each else None for each in moments)
        return first is None or own is None or last is None or first <= own <= last
    try:
        return bool(low <= value <= high)
    except TypeError:
        return True
