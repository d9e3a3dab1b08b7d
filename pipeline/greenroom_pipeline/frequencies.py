"""Shares as people say them: half, 2 in 3, 1 in 40."""

from __future__ import annotations

from fractions import Fraction

# What people have an ear for; a smaller share is 1 in a number.
_SAID = [Fraction(1, 5), Fraction(1, 4), Fraction(3, 10), Fraction(1, 3), Fraction(2, 5), Fraction(1, 2)]
_SAID += [1 - share for share in (*_SAID[:-1], Fraction(1, 10))]
_SMALL, _NEARLY = Fraction(2, 9), Fraction(19, 20)


def say_share(part: int, whole: int) -> str:
    """Return the share as none, `1 in 40`, `2 in 3`, half, nearly all or all."""
    # A report that was sent may say anything of no rows.
    if part == 0 or whole <= 0:
        return "none"
    if part == whole:
        return "all"
    share = Fraction(part, whole)
    if share > _NEARLY:
        return "nearly all"
    if share < _SMALL:
        return f"1 in {_round(1 / share):,}"
    nearest = min(_SAID, key=lambda said: abs(said - share))
    return "half" if nearest == Fraction(1, 2) else f"{nearest.numerator} in {nearest.denominator}"


def say_part(part: int, whole: int, things: str) -> str:
    """Return that share of *things*, a plural: `1 in 40 flights`, `half of the flights`."""
    share = say_share(part, whole)
    if share == "none":
        return f"no {things}"
    return f"half of the {things}" if share == "half" else f"{share} {things}"


def is_one(part: int, whole: int) -> bool:
    """Whether the verb behind such a share stands in the singular: `1 in 40 flights changes`."""
    return say_share(part, whole).startswith("1 in ")


def _round(number: Fraction) -> int:
    """Round to two digits, since a share is an estimate; halves go up."""
    whole = int(number + Fraction(1, 2))
    step = int(10 ** max(0, len(str(whole)) - 2))
    return (whole + step // 2) // step * step
