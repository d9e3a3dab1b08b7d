"""Choosing rows of the holdout by its columns; what is chosen is in the address."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, cast

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.exploration import Span
from greenroom_pipeline.filters import (
    MOST_FILTERS,
    MOST_VALUES,
    Among,
    Between,
    Column,
    Filter,
    Value,
    decode_filters,
    encode_filters,
    suits,
)
from greenroom_pipeline.report import Report
from greenroom_pipeline.words import Words
from greenroom_portal.data import load_columns, load_span
from greenroom_portal.wording import clean, escape

# What a browser's numbers hold exactly, with room for a step.
_EXACT = 2**52
_NARROWEST = 1e-300


def ask_filters(review: Review, report: Report, *, parameter: str) -> tuple[Filter, ...]:
    """Show a choice of columns and a widget for each chosen one, and return the filters that they make.

    They are read from the address under *parameter*, and written there whenever they change.
    """
    columns = [column for column in load_columns(review) if column.kind != "other"]
    key = f"{parameter}-{review.project}-{review.pull}"
    first = _read_address(columns, key=key, parameter=parameter)
    chosen = st.multiselect(
        "Filter by",
        [column.name for column in columns],
        default=list(first),
        format_func=lambda name: clean(report.words.columns.get(name, name), longest=60),
        max_selections=MOST_FILTERS,
        placeholder="Choose columns",
        key=f"{key}-columns",
    )
    filters: list[Filter] = []
    for place, column in enumerate(columns):
        if column.name in chosen:
            span = load_span(review, column.name)
            made = _ask_column(span, first.get(column.name), words=report.words, key=f"{key}-{place}")
            filters += [made] if made else []
    if filters or parameter in st.query_params:
        st.query_params[parameter] = encode_filters(filters)
    return tuple(filters)


def tell_filters(filters: Sequence[Filter], words: Words) -> str:
    """Return the filters as people say them, plain."""
    return ", ".join(_tell_filter(each, words) for each in filters)


def _read_address(columns: Sequence[Column], *, key: str, parameter: str) -> dict[str, Filter]:
    """Return the filters, by column, with which the widgets began; what they hold later is their own."""
    kept = f"{key}-first"
    if f"{key}-columns" not in st.session_state or kept not in st.session_state:
        text = st.query_params.get(parameter, "[]")
        st.session_state[kept] = (decode_filters(text), text)
    filters, text = st.session_state[kept]
    known = {column.name: column for column in columns}
    if filters is None or any(each.column not in known for each in filters):
        st.caption("The filter in this address does not fit this holdout, and is left out.")
    usable = {each.column: each for each in filters or () if each.column in known}
    return {name: each for name, each in usable.items() if suits(each, known[name])}


def _ask_column(span: Span, first: Filter | None, *, words: Words, key: str) -> Filter | None:
    name = words.columns.get(span.column.name, span.column.name)
    unit = words.units.get(span.column.name)
    label = escape(f"{name} ({unit})" if unit else name, longest=80)
    if not span.column.ranged:
        return _ask_values(span, first, label=label, key=key)
    if span.low is None or span.high is None:
        st.caption(f"{label} has no values.")
        return None
    asks: dict[str, Callable[..., tuple[Value | None, Value | None]]] = {
        "integer": _ask_numbers,
        "number": _ask_numbers,
    }
    low, high = asks.get(span.column.kind, _ask_dates)(span, first, label=label, key=key)
    missing = False
    if span.missing:
        missing = st.checkbox(
            f"Also the {span.missing:,} rows without {label}",
            value=first.missing if first else False,
            key=f"{key}-missing",
        )
    whole = (low, high) == (span.low, span.high) or (low is None and high is None)
    return None if whole and missing == bool(span.missing) else Between(span.column.name, low, high, missing)


def _ask_values(span: Span, first: Filter | None, *, label: str, key: str) -> Filter | None:
    rows: dict[Value | None, int] = dict(span.values)
    if span.missing:
        rows[None] = span.missing
    default: list[Value | None] = list(first.values) if isinstance(first, Among) else []
    default += [None] if first is not None and first.missing else []
    for value in default:
        rows.setdefault(value, 0)

    def tell(value: Value | None) -> str:
        counted = f" ({rows[value]:,})" if rows.get(value) else ""
        return ("no value" if value is None else _tell_value(value)) + counted

    picked = st.multiselect(
        label,
        list(rows),
        default=default,
        format_func=tell,
        max_selections=MOST_VALUES,
        accept_new_options=span.more and span.column.kind == "text",
        placeholder="All values",
        key=f"{key}-values",
    )
    if not picked:
        return None
    return Among(span.column.name, tuple(each for each in picked if each is not None), None in picked)


def _ask_numbers(
    span: Span, first: Filter | None, *, label: str, key: str
) -> tuple[Value | None, Value | None]:
    low, high = span.low, span.high
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    begin, end = (first.low, first.high) if isinstance(first, Between) else (None, None)
    if high - low < _NARROWEST or max(abs(low), abs(high)) >= _EXACT:
        return _ask_exact(span, (begin, end), label=label, key=key)
    kind = int if span.column.kind == "integer" else float
    first_low = min(max(kind(low if begin is None else begin), low), high)
    first_high = min(max(kind(high if end is None else end), first_low), high)
    step = choose_step(low, high, whole=kind is int)
    picked = st.slider(
        label, kind(low), kind(high), (kind(first_low), kind(first_high)), step=step, key=f"{key}-range"
    )
    return picked[0], picked[1]


def choose_step(low: float, high: float, *, whole: bool) -> Any:
    """Return 1, 2 or 5 times a power of ten, which cuts the range into a hundred bins at least."""
    width = (high - low) / 100
    power = 10.0 ** math.floor(math.log10(width))
    step = power * max(each for each in (1, 2, 5) if each * power <= width * (1 + 1e-9))
    return max(1, int(step)) if whole else step


def _ask_exact(
    span: Span, first: tuple[Value | None, Value | None], *, label: str, key: str
) -> tuple[Value | None, Value | None]:
    """Ask for numbers as text, which a browser hands on digit by digit."""
    st.markdown(f"{label}: {span.low} to {span.high}")
    kind = int if span.column.kind == "integer" else float
    ends: list[Value | None] = []
    for word, value in zip(("From", "To"), first, strict=True):
        text = st.text_input(
            word, value="" if value is None else str(value), key=f"{key}-{word}", placeholder="any", width=240
        )
        try:
            ends.append(kind(text) if text.strip() else None)
        except ValueError:
            st.caption(f"{escape(text)} is no number, and is left out.")
            ends.append(None)
    return ends[0], ends[1]


def _ask_dates(
    span: Span, first: Filter | None, *, label: str, key: str
) -> tuple[Value | None, Value | None]:
    least, most = (date.fromisoformat(str(end)[:10]) for end in (span.low, span.high))
    begin, end = least, most
    if isinstance(first, Between):
        begin = _clamp(first.low, least, most, otherwise=least)
        end = max(_clamp(first.high, least, most, otherwise=most), begin)
    asked = st.date_input(
        label, (begin, end), min_value=least, max_value=most, format="YYYY-MM-DD", key=f"{key}-dates"
    )
    # While only the first day is picked, there is no second one.
    picked = cast("tuple[date, ...]", asked)
    low = picked[0] if picked else least
    high = picked[1] if len(picked) > 1 else most
    if (low, high) == (least, most):
        return span.low, span.high
    return low.isoformat(), high.isoformat()


def _clamp(value: Value | None, least: date, most: date, *, otherwise: date) -> date:
    try:
        return min(max(date.fromisoformat(str(value)[:10]), least), most)
    except ValueError:
        return otherwise


def _tell_filter(each: Filter, words: Words) -> str:
    name = clean(words.columns.get(each.column, each.column), longest=60)
    unit = words.units.get(each.column)
    further = " or none" if each.missing else ""
    if isinstance(each, Among):
        values = [_tell_value(value) for value in each.values] + (["no value"] if each.missing else [])
        return f"{name} {' or '.join(values[:5])}{f' or {len(values) - 5} more' if len(values) > 5 else ''}"
    ends = [None if end is None else _tell_value(end) for end in (each.low, each.high)]
    said = " to ".join(end for end in ends if end is not None)
    if None in ends:
        said = f"{'from' if ends[1] is None else 'up to'} {said}"
    return f"{name} {said}{f' {clean(unit, longest=20)}' if unit else ''}{further}"


def _tell_value(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.6g}" if isinstance(value, float) else clean(value, longest=60)
