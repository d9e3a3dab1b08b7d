"""Tables as text: with commas, semicolons or, from a spreadsheet, tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

_DELIMITERS = ("\t", ";", ",")


def find_delimiter(text: str) -> str:
    """Return what parts the columns: a tab where the first line has one, else what comes most often in it."""
    first = text.lstrip("\n").partition("\n")[0]
    if "\t" in first:
        return "\t"
    return max(_DELIMITERS, key=lambda each: (first.count(each), each == ","))


def read_lines(text: str, *, delimiter: str) -> list[list[str]]:
    """Return the cells line by line, without empty lines; `csv.Error` for what is no table."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [line for line in lines if any(cell.strip() for cell in line)]


def write_lines(lines: Sequence[Sequence[str]], *, delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
    return buffer.getvalue()


def neutralise(text: str) -> str:
    """Return the cell so that a spreadsheet shows it and does not execute it; numbers stay numbers."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
