from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from greenroom_portal.wording import age, clean, duration, escape, milliseconds, number, signed, span

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "**b** _i_ ~~s~~",
        "# h",
        "- x",
        "1. x",
        "> q",
        "| a | b |",
        "[a](b)",
        "![a](b)",
        "<b>x</b>",
        "&lt;",
        "$x$",
        "a\\",
    ],
)
def test_escaped_markup_has_no_bare_punctuation(text: str) -> None:
    """Each mark that Markdown knows is behind a backslash, and the text is otherwise unchanged."""
    escaped = escape(text)

    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~#>|\[\]<&$`]", escaped.replace("\\\\", ""))
    assert re.sub(r"\\(.)", r"\1", escaped) == text


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        pytest.param("see :material/home:", r":material/home:", id="icon"),
        pytest.param(":smile:", r":smile:", id="emoji"),
        pytest.param("https://evil.example", r"https?://", id="address"),
        pytest.param("WWW.evil.example", r"(?i)www\.", id="address without a scheme"),
        pytest.param("a@evil.example", r"a@evil", id="mail"),
    ],
)
def test_what_is_looked_for_after_markdown_is_broken_up(text: str, pattern: str) -> None:
    """Names and addresses that are searched for in finished text are no longer found there."""
    finished = re.sub(r"\\(.)", r"\1", escape(text))

    assert re.search(pattern, text)
    assert not re.search(pattern, finished)
    assert finished.replace("\u2060", "") == text


def test_text_is_one_visible_line() -> None:
    """Line breaks become spaces; marks that hide or reverse text are dropped; long text is cut."""
    assert clean("a\n\n    b\tc") == "a b c"
    assert clean("user\u202egpj.exe\u200b") == "usergpj.exe"
    assert clean("x" * 300, longest=10) == "xxxxxxxxx…"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (float("nan"), "—"), (0.7312, "0.7312"), (0.0, "0.0"), (870.0, "870"), (4983.0, "4,983"),
     (10**400, "—"), (52.9, "52.90"), (-0.0004, "−0.0004000"), (1234567.8, "1,234,568")],
)  # fmt: skip
def test_numbers_have_four_digits_and_thousands_apart(value: float | None, text: str) -> None:
    """Numbers are as long as people read them; what is undefined is a dash."""
    assert number(value) == text


def test_differences_are_as_precise_as_their_interval() -> None:
    """A difference shows its sign, and the digits that its interval can tell."""
    assert signed(0.01221, like=(0.0095, 0.0149)) == "+0.0122"
    assert signed(-2.789, like=(-3.9, -1.7)) == "−2.8"
    assert span((-3.9, -1.7)) == "−3.9 to −1.7"
    assert span(None) == "—"


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=26), "1 day ago"),
        (timedelta(days=9), "9 days ago"),
    ],
)
def test_age_is_in_the_largest_unit(back: timedelta, text: str) -> None:
    """Ages are told in days, hours or minutes; a clock that runs ahead is not an error."""
    assert age(NOON - back, now=NOON) == text
    assert age((NOON - back).replace(tzinfo=None), now=NOON) == text


def test_times_have_their_unit() -> None:
    """Latencies are milliseconds, steps are seconds and minutes."""
    assert (milliseconds(0.0042), duration(12.44), duration(125)) == ("4 ms", "12.4 s", "2 min 5 s")
