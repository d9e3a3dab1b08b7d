"""The terminal's face: shows what it is told, and obeys nobody."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from greenroom_pipeline.report import CheckResult, Holdout, ModelReference, Override, Report, Timing
from greenroom_pipeline.terminal import ConsoleProgress, plain, print_log, print_report
from tests.pinned import result


def printed(colour: bool = False) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=colour, width=80), out


def make_report(*, override: Override | None = None, looks: int | None = None) -> Report:
    check = CheckResult(code="GR102", title="Loss", outcome="failed", reason="Worse.", override=override)
    return Report(
        verdict="fail",
        summary="Worse.",
        project="p",
        task="binary",
        candidate=ModelReference(name="p", digest="0", run_id=None, sha=None),
        champion=None,
        holdout=Holdout(rows=1, digest="0", looks=looks),
        metrics=[],
        checks=[check],
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a\x1b[2Jb", id="clears the screen"),
        pytest.param("a\x1b]0;title\x07b", id="names the window"),
        pytest.param("a\rb", id="returns to the line's start"),
        pytest.param("a\x9b2Jb", id="one-byte introducer"),
    ],
)
def test_control_characters_are_taken_out(text: str) -> None:
    """What would move the cursor, clear the screen or name the window is gone; the words stay."""
    assert "\x1b" not in plain(text)
    assert plain(text).startswith("a")
    assert plain(text).endswith("b")
    assert "title" not in plain(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("opening", ["\x1b]", "\x1b[", "\x1b]0;", "\x1b[0;"])
def test_no_text_takes_more_than_its_length(opening: str) -> None:
    """Sequences that never end are read once each, and not to the end of the text each: this takes no minutes."""
    assert plain(opening * 40_000 + "\nsaid").endswith("said")


def test_markup_is_shown_and_not_obeyed() -> None:
    """Brackets of a training script's output are printed as they are, whatever stands before them."""
    console, out = printed()
    ConsoleProgress(console).wrote(r"[red]x[/] and \\\[/dim] :smile:")

    assert out.getvalue() == "    " + r"[red]x[/] and \\\[/dim] :smile:" + "\n"


def test_a_long_line_stays_one_line() -> None:
    """Lines are not broken where the terminal ends, so that they can be searched and copied."""
    console, out = printed()
    ConsoleProgress(console).wrote("word " * 60)

    assert len(out.getvalue().splitlines()) == 1


def test_a_cached_step_looks_different() -> None:
    """A step that found its result ready is marked with = rather than with a tick."""
    console, out = printed()
    progress = ConsoleProgress(console)
    progress.ended(Timing(step="train", seconds=1.25), "model abc")
    progress.ended(Timing(step="train", seconds=0.0, cached=True), "the same fingerprint")

    first, second = out.getvalue().splitlines()
    assert first.split() == ["✓", "train", "1.2", "s", "model", "abc"]
    assert second.split()[0] == "="


def test_only_the_end_of_a_log_is_shown() -> None:
    """Of a long log the last lines are shown."""
    console, out = printed()
    print_log(console, "\n".join(str(number) for number in range(100)), lines=3)

    assert out.getvalue().split() == ["97", "98", "99"]


def test_an_override_is_shown_with_its_name_and_reason() -> None:
    """A check that someone has overridden keeps its outcome, and says who holds it for harmless, and why."""
    override = Override(reason="known data error", by="Ada", at="2026-01-01T00:00:00Z")
    console, out = printed()
    print_report(console, make_report(override=override))
    shown = " ".join(out.getvalue().split())

    assert "✗ failed, overridden" in shown
    assert "Overridden by Ada: known data error" in shown


def test_the_wear_of_a_holdout_is_shown() -> None:
    """How many candidates a holdout has decided is told where it was counted, and only there."""
    for looks, said in (
        (19, "This holdout has decided 19 candidates."),
        (41, "so freeze new rows"),
        (None, ""),
    ):
        console, out = printed()
        print_report(console, make_report(looks=looks))

        assert ("This holdout has decided" in out.getvalue()) == (looks is not None)
        assert said in out.getvalue()


def test_broken_cases_are_listed() -> None:
    """Those that broke, with what was expected and answered, the first ten; nothing in them is obeyed."""
    console, out = printed()
    cases = [result("HA 17 \x1b[2Jin winter"), *(result(f"case {place}") for place in range(11))]
    print_report(console, make_report().model_copy(update={"cases": [*cases, result("kept", "met")]}))
    shown = out.getvalue()

    assert "✗ pinned  HA 17 in winter  expected answers late, answered on time" in shown
    assert "…and 2 more" in shown
    assert "\x1b" not in shown
    assert "kept" not in shown
