"""Tables as text: with commas, semicolons or, from a spreadsheet, tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import islice

LONGEST_LINE = 500_000
_LINES_A_ROW = 50
_DELIMITERS = ("\t", ";", ",")


def find_delimiter(text: str) -> str:
    """Return what parts the columns: a tab where the first line has one, else what comes most often in it."""
    first = text.lstrip("\n").partition("\n")[0]
    if "\t" in first:
        return "\t"
    return max(_DELIMITERS, key=lambda each: (first.count(each), each == ","))


def read_lines(text: str, *, delimiter: str, most: int) -> list[list[str]]:
    """Return the cells of at most so many lines, without empty ones; `csv.Error` for what is no table.

    What comes after them is not read: a small file can hold more cells than there is memory for.
    """
    given = text.splitlines()
    if max(map(len, given), default=0) > LONGEST_LINE:
        raise csv.Error(f"a line is longer than {LONGEST_LINE:,} characters")
    if len(given) > most * _LINES_A_ROW:
        raise csv.Error(f"it has {len(given):,} lines, empty ones among them")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return list(islice((line for line in lines if any(cell.strip() for cell in line)), most))


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
