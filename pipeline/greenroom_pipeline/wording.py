"""Figures and names as people read them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence

MINUS = "−"
LOG_CHARACTERS = 64 * 1024
"""Of what a process wrote, from the end: more than anybody reads."""
WORN = 20
"""Candidates after which a holdout is to be renewed."""
# What could move the cursor, clear the screen or name the window; a model's output is a stranger's text.
# Each part ends at the next that could begin, so that no text takes longer than its length.
_CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def plain(text: str) -> str:
    """Return *text* without what a terminal would obey rather than show."""
    return _CONTROLS.sub("", text)


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Return the end of an error line: the known name nearest to *name*, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are {join_names(names)}" if names else "none is known"


def join_names(names: Sequence[str], *, most: int = 12) -> str:
    """Return the names as a list in words, the last ones counted when there are more than *most*."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def choose_decimals(*figures: float) -> int:
    """Return the decimals that show figures of one metric side by side.

    About four digits of the largest, and enough for the first digit of the smallest that is not zero.
    """
    sizes = [abs(figure) for figure in figures if figure and math.isfinite(figure)]
    if not sizes:
        return 3
    wanted = 3 - max(0, _exponent(max(sizes)))
    needed = -_exponent(min(sizes))
    return min(max(wanted, needed, 0), 9)


def write_figure(figure: float, *, decimals: int | None = None) -> str:
    places = choose_decimals(figure) if decimals is None else decimals
    text = f"{abs(figure):,.{places}f}"
    negative = figure < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS}{text}" if negative else text


def write_limit(limit: float) -> str:
    """Return a limit as the settings give it, without zeros at the end."""
    return f"{limit:,.10g}"


def write_share(share: float) -> str:
    """Return a share in per cent, with two digits that are not zero."""
    per_cent = share * 100
    decimals = 0 if abs(per_cent) >= 10 or per_cent == 0 else 1 - _exponent(abs(per_cent))
    return f"{write_figure(per_cent, decimals=min(decimals, 9))} %"


def write_span(interval: tuple[float, float]) -> str:
    """Return an interval as `0.94 to 1.02`."""
    decimals = choose_decimals(*interval)
    return " to ".join(write_figure(end, decimals=decimals) for end in interval)


def write_change(difference: float, interval: tuple[float, float], *, decimals: int) -> str:
    """Return a difference with its interval's half-width, such as `+0.028 ± 0.004`."""
    half = (interval[1] - interval[0]) / 2
    sign = "+" if difference > 0 else ""
    return f"{sign}{write_figure(difference, decimals=decimals)} ± {write_figure(half, decimals=decimals)}"


def write_time(seconds: float) -> str:
    """Return a span of time as `0.4 s`, `12 s`, `3 min 20 s` or `1 h 5 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def name_class(label: str | None) -> str:
    """Return a class's name so that it reads as one: words as they are, figures and signs in quotes."""
    return label if label and re.fullmatch(r"[^\W\d_]\w*", label) else f"class “{label}”"


def tell_wear(looks: int) -> str:
    """Say how often a holdout has been asked, and what to do where that has been often: each look lets luck in."""
    told = f"This holdout has decided {count(looks, 'candidate')}"
    if looks < WORN:
        return f"{told}."
    return f"{told}: what wins by it has had ever more luck in it, so freeze new rows for the next ones."


def round_up(number: float) -> int:
    """Round up to two significant digits, so that an estimate does not look exact."""
    step = 10 ** max(0, _exponent(number) - 1) if number > 0 else 1
    return math.ceil(number / step) * step


def _exponent(figure: float) -> int:
    return math.floor(math.log10(figure))


_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)\b.*$", re.MULTILINE)


def find_reason(log: str) -> str:
    """Return the line of a log that says why: the last exception's, else the last one that says anything."""
    exceptions = _EXCEPTION.findall(log)
    spoken = [line.strip() for line in log.splitlines() if line.strip()]
    return str(exceptions[-1]).strip() if exceptions else spoken[-1] if spoken else "(nothing was printed)"
