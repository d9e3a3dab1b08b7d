"""One feature of a row as the widget that suits its kind; a field that is filtered away keeps what it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from greenroom_portal.fields import Field, fits_number_input, to_datetime
from greenroom_portal.wording import clean, escape

_KEPT: Final = "page"


def ask_field(field: Field, value: Any, *, key: str) -> Any:
    """Show the widget, filled with *value*, and return what it holds; None when it is empty."""
    asks: dict[str, Callable[..., Any]] = {
        "number": _ask_number,
        "category": _ask_category,
        "boolean": _ask_boolean,
        "datetime": _ask_datetime,
        "text": _ask_text,
    }
    label, help = escape(field.caption), escape(field.help, longest=400)
    return asks[field.kind](field, value, label=label, help=help, key=key)


def _ask_number(field: Field, value: Any, *, label: str, help: str, key: str) -> Any:
    if not fits_number_input(value):
        return _ask_text(field, value, label=label, help=help, key=key)
    if field.integer:
        whole = None if value is None else round(value)
        return st.number_input(
            label, value=whole, step=1, format="%d", help=help, key=key, persist_state=_KEPT
        )
    first = None if value is None else float(value)
    return st.number_input(
        label, value=first, step=float(field.step), format="%g", help=help, key=key, persist_state=_KEPT
    )


def _ask_category(field: Field, value: Any, *, label: str, help: str, key: str) -> Any:
    options = list(field.options)
    if value is not None and value not in options:
        options.append(value)
    return st.selectbox(
        label,
        options,
        index=None if value is None else options.index(value),
        format_func=clean,
        accept_new_options=True,
        placeholder="Choose or type",
        help=help,
        key=key,
        persist_state=_KEPT,
    )


def _ask_boolean(field: Field, value: Any, *, label: str, help: str, key: str) -> Any:
    if not field.nullable:
        return st.checkbox(label, value=bool(value), help=help, key=key, persist_state=_KEPT)
    index = None if value is None else int(not value)
    words = {True: "Yes", False: "No"}
    return st.selectbox(
        label,
        [True, False],
        index=index,
        format_func=words.__getitem__,
        help=help,
        key=key,
        persist_state=_KEPT,
    )


def _ask_datetime(field: Field, value: Any, *, label: str, help: str, key: str) -> Any:
    moment = to_datetime(value)
    first = None if moment is None else moment.replace(tzinfo=None)
    return st.datetime_input(
        label, value=first, min_value=None, format="YYYY-MM-DD", help=help, key=key, persist_state=_KEPT
    )


def _ask_text(field: Field, value: Any, *, label: str, help: str, key: str) -> Any:
    return st.text_input(
        label, value="" if value is None else str(value), help=help, key=key, persist_state=_KEPT
    )
