"""How people call what a model is about, from `[words]`; a part of the settings and of the report."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from greenroom_pipeline.observations import Document

MISSING = "(missing)"
"""What the slice of rows without a value is called in a report."""
# Unicode's controls, and what separates lines, turns their direction or is not seen.
_UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def _require_visible(word: str) -> str:
    if not word.strip() or _UNSEEN.search(word):
        raise ValueError(f"{word!r} is no word to be read in a sentence; write it as one visible line")
    return word


Word = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_require_visible)]
Key = Annotated[str, Field(max_length=200)]
MOST_WORDS = 1_000
# A number, or a bin of numbers, as slices are named.
_NUMBERS = re.compile(r"[-−]?[\d,.]+( to [-−]?[\d,.]+)?")


class Words(Document):
    """Names for sentences and forms; where one is missing, the data's own name stands."""

    row: Word = Field("row", description="What one row is, such as `flight`.")
    rows: Word = Field("rows", description="The plural, such as `flights`; without it an s is put to `row`.")
    classes: dict[Key, Word] = Field(
        {}, max_length=MOST_WORDS, description="By class of the target, such as `late` for `1`."
    )
    columns: dict[Key, Word] = Field(
        {}, max_length=MOST_WORDS, description="By column, such as `wind` for `wind_speed`."
    )
    units: dict[Key, Word] = Field({}, max_length=MOST_WORDS, description="By column, such as `miles`.")

    @model_validator(mode="before")
    @classmethod
    def _make_plural(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("row"), str) and "rows" not in values:
            return values | {"rows": f"{values['row']}s"}
        return values

    @property
    def named(self) -> bool:
        """Whether rows have a name of their own."""
        return self.rows != "rows"


def call_class(words: Words, label: str) -> str:
    return words.classes.get(label, label)


def call_column(words: Words, column: str) -> str:
    return words.columns.get(column, column)


def count_rows(words: Words, number: int) -> str:
    """Return a number of rows, such as `1 flight` or `2,900 flights`."""
    return f"{number:,} {words.row if number == 1 else words.rows}"


def call_slice(words: Words, column: str, value: str) -> str:
    """Return a slice in words, such as `carrier HA` or `distance 80 to 500 miles`."""
    name, unit = call_column(words, column), words.units.get(column)
    if value == MISSING:
        return f"{name} {MISSING}"
    return f"{name} {value} {unit}" if unit else f"{name} {value}"


def call_rows(words: Words, column: str, value: str) -> str:
    """Return the rows of a slice in words, such as `flights of carrier HA` or `flights with no wind`."""
    if value == MISSING:
        return f"{words.rows} with no {call_column(words, column)}"
    joint = "with" if column in words.units or _NUMBERS.fullmatch(value) else "of"
    return f"{words.rows} {joint} {call_slice(words, column, value)}"


def call_slice_rows(words: Words, column: str, value: str) -> str:
    """Return the rows of a slice where rows have a name of their own, else the slice."""
    return (call_rows if words.named else call_slice)(words, column, value)
