"""The Markdown face: GitHub shows what a stranger named, and does nothing with it."""

from __future__ import annotations

import re

import pytest

from greenroom_pipeline.markdown import MOST_CHARACTERS, escape, fence, write_markdown
from greenroom_pipeline.report import (
    CheckResult,
    Holdout,
    MetricResult,
    ModelReference,
    Override,
    Report,
    Slice,
)

HOSTILE = (
    "a|b `c` <img src=x onerror=y> <!-- greenroom --> [l](https://evil.example) ![i](//e) @team #12 GH-3 www.e.org "
    "*b* _u_ ~s~ $m$ &lt; :tada:\n# head\n| x | y |\u202ereversed"
)


def make_result(slice: Slice | None = None, *, difference: float = -0.1, rows: int = 500) -> MetricResult:
    return MetricResult(
        metric="own",
        title=HOSTILE,
        slice=slice,
        candidate=0.8 + difference,
        champion=0.8,
        difference=difference,
        interval=(difference - 0.05, difference + 0.05),
        confidence=0.95,
        p_value=0.0001,
        rows=rows,
        method="mean",
        higher_is_better=True,
    )


def make_report() -> Report:
    override = Override(reason=HOSTILE, by=HOSTILE, at="2026-01-01T00:00:00Z")
    model = ModelReference(name=HOSTILE, digest="0", run_id=None, sha=None)
    return Report(
        verdict="fail",
        summary=HOSTILE,
        project=HOSTILE,
        task="binary",
        candidate=model,
        champion=model,
        holdout=Holdout(rows=500, digest="0"),
        metrics=[make_result(), make_result(Slice(column=HOSTILE, value=HOSTILE))],
        checks=[
            CheckResult(code="GR102", title=HOSTILE, outcome="failed", reason=HOSTILE, metric="own"),
            CheckResult(code="GR103", title="Slices", outcome="failed", reason=HOSTILE, override=override),
        ],
    )


@pytest.mark.parametrize("mark", ["|", "`", "<", ">", "[", "]", "!", "*", "_", "~", "$"])
def test_marks_are_escaped(mark: str) -> None:
    """Every character that Markdown or HTML would obey stands behind a backslash."""
    assert escape(f"a{mark}b") == f"a\\{mark}b"


def test_late_readers_find_nothing() -> None:
    """Mentions, references, addresses and emoji, which GitHub looks for after Markdown, are broken in two."""
    shown = escape(HOSTILE)

    for late in (r"@\w", r"#\d", r"\w://", r"www\.", r"GH-\d", r":tada:"):
        assert not re.search(late, shown)
    assert "&lt;" not in shown.replace("&amp;", "&amp ;")
    assert "\u202e" not in shown
    assert "\n" not in shown


def test_only_the_end_of_a_log_is_read() -> None:
    """However much a process wrote, its last lines are shown, and nothing of what stands far before them."""
    assert fence("\n".join(["early", " " * 100_000, "late"])) == "```text\nlate\n```"
    assert "early" in fence("early\nlate")


def test_long_text_is_cut() -> None:
    """A cell holds so many characters at most, and ends with an ellipsis where more was there."""
    assert len(escape("x" * 10_000)) == MOST_CHARACTERS
    assert escape("x" * 10_000).endswith("…")


def test_a_hostile_report_keeps_its_form() -> None:
    """Whatever is in the names, the lines are headings, table rows, items and sentences as written here."""
    text = write_markdown(make_report(), advice=[HOSTILE], notes=[HOSTILE])
    rows = [line for line in text.splitlines() if line.startswith("|")]

    assert all(len(re.findall(r"(?<!\\)\|", row)) in (4, 7) for row in rows)
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 5
    assert not re.search(r"(?<!\\)[<`\[\]]", text)
    assert not re.search(r"[@#][\w!-]", text)
    assert "Overridden by" in text
    assert "<!--" not in text
