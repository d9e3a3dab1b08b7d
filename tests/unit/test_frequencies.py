"""Shares as people say them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_pipeline.frequencies import is_one, say_part, say_share


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 420, "none"),
        (420, 420, "all"),
        (419, 420, "nearly all"),
        (10, 400, "1 in 40"),
        (1, 3, "1 in 3"),
        (2, 3, "2 in 3"),
        (50, 100, "half"),
        (49, 100, "half"),
        (38, 100, "2 in 5"),
        (9, 10, "9 in 10"),
        (1, 47, "1 in 47"),
        (1, 1_234, "1 in 1,200"),
        (1, 995, "1 in 1,000"),
        (66, 81_000, "1 in 1,200"),
        (3, 10_000_000, "1 in 3,300,000"),
        (1, 1, "all"),
        (0, 1, "none"),
    ],
)
def test_shares_are_said_in_small_numbers(part: int, whole: int, said: str) -> None:
    """A share is said in numbers that people have an ear for, two digits at most."""
    assert say_share(part, whole) == said


@pytest.mark.parametrize(
    ("part", "said", "one"),
    [
        (10, "1 in 40 flights", True),
        (200, "half of the flights", False),
        (0, "no flights", False),
        (400, "all flights", False),
        (267, "2 in 3 flights", False),
    ],
)
def test_parts_read_as_the_subject_of_a_sentence(part: int, said: str, one: bool) -> None:
    """With what it counts, a share is a subject, and says which verb it takes."""
    assert say_part(part, 400, "flights") == said
    assert is_one(part, 400) is one


@given(st.integers(1, 10_000_000).flatmap(lambda whole: st.tuples(st.integers(1, whole), st.just(whole))))
def test_what_is_said_is_near_the_truth(pair: tuple[int, int]) -> None:
    """Whatever the share, what is said of it is off by less than an eighth of it."""
    part, whole = pair
    said = say_share(part, whole)
    words = {"all": Fraction(1), "nearly all": Fraction(39, 40), "half": Fraction(1, 2)}
    share = words.get(said)
    if share is None:
        first, _, second = said.replace(",", "").partition(" in ")
        share = Fraction(int(first), int(second))

    assert abs(share / Fraction(part, whole) - 1) < Fraction(1, 8)


def test_nothing_has_a_share_of_no_rows() -> None:
    """A report that was sent may contradict itself, and is told all the same."""
    assert say_share(3, 0) == "none"
