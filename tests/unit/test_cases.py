"""Pinned cases: what a line may say, how it is judged, and how it is told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from greenroom_pipeline.case_file import MOST_BYTES, MOST_CASES, add_case, read_cases, write_line
from greenroom_pipeline.case_judging import (
    Given,
    judge,
    judge_case,
    leave_untested,
    tell_answer,
    tell_expectation,
)
from greenroom_pipeline.cases import MOST_COLUMNS, Expectation, PinnedCase, compare_pins
from greenroom_pipeline.errors import CasesError
from greenroom_pipeline.words import Words
from tests.pinned import AT, expect, pinned

CLASS = expect(kind="class", label="1")
SURE = expect(kind="probability", label="1", at_least=0.8)
RANGE = expect(kind="range", low=3, high=5)
AS_SURE = expect(kind="no_worse", label="1")
AS_CLOSE = expect(kind="no_worse", value=10)
WORDS = Words(classes={"1": "late", "0": "on time"})

lines = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=40
).filter(str.strip)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
expectations = st.one_of(
    lines.map(lambda label: expect(kind="class", label=label)),
    st.tuples(lines, st.floats(0, 1)).map(
        lambda each: expect(kind="probability", label=each[0], at_least=each[1])
    ),
    st.tuples(numbers, numbers).map(lambda ends: expect(kind="range", low=min(ends), high=max(ends))),
    numbers.map(lambda low: expect(kind="range", low=low)),
    lines.map(lambda label: expect(kind="no_worse", label=label)),
    numbers.map(lambda value: expect(kind="no_worse", value=value)),
)
cases = st.builds(
    PinnedCase,
    name=lines,
    row=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), values, min_size=1, max_size=5),
    expect=expectations,
    reason=lines,
    by=lines,
    at=st.just(AT),
)


def classes(share: float | None, name: str = "1") -> Given:
    return Given(name, {"1": share, "0": None if share is None else 1 - share})


def write(cases: Iterable[PinnedCase]) -> bytes:
    return "".join(map(write_line, cases)).encode()


@settings(max_examples=150, deadline=None)
@given(case=cases)
def test_a_line_is_read_as_it_was_written(case: PinnedCase) -> None:
    """Whatever a case holds: it is one line with its end, and comes back the same."""
    line = write_line(case)

    assert line.count("\n") == 1
    assert line.endswith("}\n")
    assert read_cases(line.encode()) == [case]
    assert line == write_line(read_cases(line.encode())[0])


def test_nothing_hides_in_a_line() -> None:
    """What a reader of a diff would not see, or see elsewhere, stands there by its number."""
    line = write_line(pinned(row={"a\u202e": "x\u200b\u2028y"}))

    assert "\\u202e" in line
    assert not {"\u202e", "\u200b", "\u2028"} & set(line)


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "class"},
        {"kind": "class", "label": "1", "at_least": 0.5},
        {"kind": "class", "label": " "},
        {"kind": "class", "label": "a\nb"},
        {"kind": "probability", "label": "1"},
        {"kind": "probability", "label": "1", "at_least": 1.01},
        {"kind": "probability", "label": "1", "at_least": -0.1},
        {"kind": "probability", "label": "1", "at_least": math.nan},
        {"kind": "probability", "label": "1", "at_least": "0.5"},
        {"kind": "probability", "label": "1", "at_least": True},
        {"kind": "range"},
        {"kind": "range", "low": 5, "high": 3},
        {"kind": "range", "low": math.inf},
        {"kind": "range", "low": 1, "label": "1"},
        {"kind": "no_worse"},
        {"kind": "no_worse", "label": "1", "value": 3},
        {"kind": "sometimes", "label": "1"},
        {"kind": "class", "label": "1", "extra": 1},
    ],
)
def test_an_expectation_that_is_none_is_refused(keys: dict[str, Any]) -> None:
    """Each kind has its own keys, finite numbers and an order."""
    with pytest.raises(ValidationError):
        Expectation.model_validate(keys)


def line(**changes: Any) -> str:
    document = json.loads(write_line(pinned())) | changes
    return json.dumps({key: value for key, value in document.items() if value is not ...})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object; write {…}"),
        (line(name=...), "name is missing; add it"),
        (line(nmae="x"), "unknown key nmae; take it out"),
        (line(name="x" * 101), "name is 'xxx.*: string should have at most 100 characters"),
        (line(name="a\nb"), "name: 'a.nb' has line breaks or invisible characters"),
        (line(at="yesterday"), "at: 'yesterday' is no time in UTC"),
        (line(row={}), "row is {}: dictionary should have at least 1 item"),
        (line(row={str(place): 1 for place in range(MOST_COLUMNS + 1)}), "row is .* at most 200 items"),
        (line(row={"a": math.nan}), "NaN is no number"),
        (line().replace("2500", "1e999"), "1e999 is too large for a number"),
        (line().replace('"carrier"', '"distance"'), "has the key 'distance' twice"),
        (
            line(expect={"kind": "range"}),
            "expect: a case of kind 'range' needs low and high, or low, or high",
        ),
        ('{"row": ' + "[" * 2_000 + "]" * 2_000 + "}", "nested too deep|is missing"),
        (line().replace("HA", "\\ud800"), "row: has a value that JSON cannot hold"),
    ],
)
def test_a_wrong_line_is_named(text: str, says: str) -> None:
    """The error says file, line, key and mend, on one line."""
    content = write([pinned()]) + b"\n" + text.encode()

    with pytest.raises(CasesError, match=rf"^greenroom/cases\.jsonl, line 3: .*{says}") as refused:
        read_cases(content)

    assert "\n" not in str(refused.value)


def test_a_file_has_its_limits() -> None:
    """Bytes, cases and names are bounded, and each bound is said."""
    many = [pinned(f"case {place}") for place in range(MOST_CASES + 1)]
    with pytest.raises(CasesError, match=r"has 1,001 cases; keep at most 1,000"):
        read_cases(write(many))
    with pytest.raises(CasesError, match=r"larger than 1 MiB"):
        read_cases(b"x" * (MOST_BYTES + 1))
    with pytest.raises(CasesError, match=r"line 2: the name 'a long flight' is line 1's already"):
        read_cases(write([pinned(), pinned()]))
    with pytest.raises(CasesError, match=r"line 1: is no UTF-8"):
        read_cases(b"\xff\n")

    assert len(read_cases(write(many[:-1]))) == MOST_CASES
    assert read_cases(b"\r\n\n") == []


def test_a_case_is_added_at_the_end() -> None:
    """The lines before stay byte for byte, an end that is missing is given, and a name stands once."""
    before = write_line(pinned("first")).replace(": ", ":").encode().rstrip()
    after = add_case(before, pinned("second"))

    assert after.startswith(before + b"\n{")
    assert [case.name for case in read_cases(after)] == ["first", "second"]
    with pytest.raises(CasesError, match=r"'second' is pinned already, by Grace; choose another name"):
        add_case(after, pinned("second", reason="another"))


@pytest.mark.parametrize(
    ("expectation", "candidate", "champion", "outcome"),
    [
        (CLASS, Given("1"), None, "met"),
        (CLASS, Given(1), None, "met"),
        (CLASS, Given(1.0), None, "met"),
        (CLASS, Given("0"), Given("0"), "broken"),
        (CLASS, Given(None), None, "broken"),
        (CLASS, Given(math.nan), None, "broken"),
        (CLASS, Given("1", error="carrier is '??'"), None, "broken"),
        (SURE, classes(0.8), None, "met"),
        (SURE, classes(0.8 - 1e-8), None, "met"),
        (SURE, classes(0.7999), None, "broken"),
        (SURE, classes(None), None, "broken"),
        (SURE, classes(math.nan), None, "broken"),
        (SURE, classes(7.0), None, "broken"),
        (SURE, Given("1"), None, "broken"),
        (SURE, Given("1", {"0": 0.1}), None, "broken"),
        (RANGE, Given(3), None, "met"),
        (RANGE, Given(5.0), None, "met"),
        (RANGE, Given(5.1), None, "broken"),
        (RANGE, Given(math.nan), None, "broken"),
        (RANGE, Given(math.inf), None, "broken"),
        (RANGE, Given("4"), None, "broken"),
        (RANGE, Given(True), None, "broken"),
        (expect(kind="range", high=5), Given(-1e300), None, "met"),
        (expect(kind="range", low=5), Given(10**400), None, "broken"),
        (AS_SURE, classes(0.7), classes(0.7), "met"),
        (AS_SURE, classes(0.7), classes(0.7 + 1e-8), "met"),
        (AS_SURE, classes(0.7), classes(0.71), "broken"),
        (AS_SURE, classes(0.1), None, "not_tested"),
        (AS_SURE, classes(0.1), Given(error="broke off"), "not_tested"),
        (AS_SURE, classes(math.nan), classes(0.1), "broken"),
        (AS_SURE, Given(math.nan), None, "broken"),
        (AS_SURE, Given(error="refused"), classes(0.1), "broken"),
        (AS_SURE, Given("1"), classes(0.1), "broken"),
        (AS_SURE, Given("1"), Given("0"), "met"),
        (AS_SURE, Given("0"), Given("0"), "met"),
        (AS_SURE, Given("0"), Given("1"), "broken"),
        (AS_SURE, classes(0.2, "0"), Given("1"), "broken"),
        (AS_SURE, classes(0.6), Given("1"), "met"),
        (AS_CLOSE, Given(12), Given(8), "met"),
        (AS_CLOSE, Given(12.1), Given(8), "broken"),
        (AS_CLOSE, Given(math.nan), Given(1e9), "broken"),
        (AS_CLOSE, Given(9), Given(math.nan), "not_tested"),
        (AS_CLOSE, Given(9), None, "not_tested"),
    ],
)
def test_each_kind_is_judged(
    expectation: Expectation, candidate: Given, champion: Given | None, outcome: str
) -> None:
    """By the answer alone, with no more slack than two machines need; what is no answer meets nothing."""
    assert judge(expectation, candidate, champion) == outcome


@pytest.mark.parametrize(
    ("expectation", "says", "answered"),
    [
        (CLASS, "answers late", "late"),
        (SURE, "probability of late at least 80 %", "late, probability of late 71.25 %"),
        (expect(kind="probability", label="1", at_least=0.999), "probability of late at least 99.9 %", None),
        (AS_SURE, "no worse than production on late", "late, probability of late 71.25 %"),
    ],
)
def test_classes_are_told_in_words(expectation: Expectation, says: str, answered: str | None) -> None:
    """People's names for classes stand where there are some, and a limit is not rounded to another one."""
    assert tell_expectation(expectation, WORDS) == says
    assert answered in (None, tell_answer(expectation, classes(0.7125), WORDS))


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        (RANGE, "between 3 and 5"),
        (expect(kind="range", low=-1234.5), "at least −1,234.5"),
        (expect(kind="range", high=0), "at most 0"),
        (AS_CLOSE, "no farther from 10 than production"),
        (expect(kind="class", label="2"), "answers 2"),
    ],
)
def test_numbers_are_told_in_words(expectation: Expectation, says: str) -> None:
    assert tell_expectation(expectation) == says


def test_a_refusal_is_the_answer() -> None:
    """The model's own sentence stands for its answer, on one line and without what a terminal would obey."""
    refused = judge_case(
        pinned(), Given(error="carrier is '??'\n\x1b[31m" + "x" * 900), Given("1"), words=WORDS
    )

    assert (refused.outcome, refused.champion) == ("broken", "late")
    assert refused.answered.startswith("carrier is '??' xxx")
    assert len(refused.answered) == 300


def test_what_was_not_asked_says_why() -> None:
    """A case without an answer keeps its expectation, and the reason stands where the answer would."""
    left = leave_untested(pinned(), "there was no room", words=WORDS)

    assert (left.outcome, left.expected, left.answered) == ("not_tested", "answers late", "there was no room")


def test_cases_that_are_gone_or_others_are_named() -> None:
    """A case that moved, or whose reason was reworded, is still asked; a weaker one is another."""
    base = [pinned("kept"), pinned("gone"), pinned("weaker"), pinned("moved")]
    here = [
        pinned("moved"),
        pinned("kept", reason="better said"),
        pinned("weaker", expect={"kind": "no_worse", "label": "1"}),
    ]

    found = compare_pins(base, [*here, pinned("new")])

    assert (found.taken, found.changed) == (["gone"], ["weaker"])
