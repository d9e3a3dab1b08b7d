"""Which command a comment holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_pipeline.commands.command import Addressee, Command, Misread, mentions_command, read_command

SHA = "0123456789abcdef0123456789abcdef01234567"
AT_TOP = Addressee("flights")
BELOW = Addressee("flights", named=True)


def read(text: str) -> Command | Misread | None:
    return read_command(text, AT_TOP)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/greenroom rerun", Command("rerun")),
        ("  /Greenroom   RERUN this, please  ", Command("rerun")),
        ("Thanks!\r\n\r\n/greenroom keep-awake\r\n", Command("keep-awake")),
        ("/greenroom explain gr102", Command("explain", check="GR102")),
        ("/greenroom explain GR102.", Command("explain", check="GR102")),
        (
            "/greenroom override GR103: hotfix  for the\toutage",
            Command("override", check="GR103", reason="hotfix for the outage"),
        ),
        (f"/greenroom preview {SHA.upper()}", Command("preview", sha=SHA)),
        ("/greenroom rerun\n/greenroom keep-awake", Command("rerun")),
        ("> /greenroom rerun\n\n/greenroom keep-awake", Command("keep-awake")),
        ("```\n/greenroom rerun\n```\n/greenroom keep-awake", Command("keep-awake")),
        ("~~~ text\n```\n/greenroom rerun\n~~~~\n/greenroom keep-awake", Command("keep-awake")),
        ("<!-- /greenroom rerun -->\n/greenroom keep-awake", Command("keep-awake")),
    ],
)
def test_the_first_command_counts(text: str, command: Command) -> None:
    """Case, blanks and line ends do not matter; what is quoted, code or unseen is not said."""
    assert read(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What does /greenroom rerun do?",
        "`/greenroom rerun`",
        "    /greenroom rerun",
        "\t/greenroom rerun",
        "> /greenroom rerun\n/greenroom rerun",
        "```\n/greenroom rerun",
        "````\n```\n/greenroom rerun\n````",
        "<!--\n/greenroom rerun",
        "/greenroom-rerun",
        "/greenrooms rerun",
        "- /greenroom rerun",
    ],
)
def test_what_is_not_said_is_no_command(text: str) -> None:
    """A command in the middle of a sentence, in code, in a quote or of another name is none."""
    assert read(text) is None


@pytest.mark.parametrize("gap", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x1d", "\x1e"])
def test_a_quote_ends_where_markdown_ends_it(gap: str) -> None:
    """At CR and LF alone: whatever else looks like an end of line, the rest of a stranger's line is still quoted."""
    assert read(f"> so what?{gap}{gap}/greenroom override GR102 fine\n\nNo.") is None
    assert read(f"> so what?\n{gap}\n/greenroom override GR102 fine") is None
    assert read(f"```\nso what?\n```{gap}\n/greenroom override GR102 fine") is None


def test_backticks_with_more_on_their_line_open_no_code() -> None:
    """What stands below them is no code then, and what the next ones open is."""
    assert read("```a`b\n```\n/greenroom rerun\n```") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("/greenroom", "Known are `/greenroom rerun`"),
        ("/greenroom rerunn", "did you mean 'rerun'?"),
        ("/greenroom keepawake", "did you mean 'keep-awake'?"),
        ("/greenroom explain", "Write it as `/greenroom explain CHECK`, with the code of a check"),
        ("/greenroom explain everything", "such as GR102"),
        ("/greenroom override GR102", "why it does not hold this commit back"),
        ("/greenroom override because", "`/greenroom override CHECK reason`"),
        (f"/greenroom override GR102 {'x' * 501}", "at most 500 characters"),
        ("/greenroom preview 0123456", "all characters of the commit"),
    ],
)
def test_what_cannot_be_done_is_told(text: str, part: str) -> None:
    """An unknown or incomplete command is answered with what to write."""
    found = read(text)

    assert isinstance(found, Misread)
    assert part in found.answer


@given(st.text() | st.text(alphabet="/greenroom \n`~>@#|<!-").map(lambda text: f"/greenroom {text}"))
def test_any_text_is_read(text: str) -> None:
    """Whatever somebody writes, reading it ends, and nothing of it is repeated."""
    found = read(text)

    assert found is None or mentions_command(text)
    if isinstance(found, Misread):
        assert found.asked.removeprefix("/greenroom").strip() in ("", "explain", "override", "preview")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/greenroom rerun Flights", Command("rerun")),
        ("/greenroom keep-awake flights please", Command("keep-awake")),
        ("/greenroom explain flights gr102", Command("explain", check="GR102")),
        ("/greenroom override flights GR102 too late", Command("override", check="GR102", reason="too late")),
        (f"/greenroom preview flights {SHA}", Command("preview", sha=SHA)),
    ],
)
def test_a_project_is_named(text: str, command: Command) -> None:
    """Those of another name do not heed it, and say nothing."""
    assert read_command(text, BELOW) == read_command(text, AT_TOP) == command
    for other in (Addressee("fares"), Addressee("fares", named=True)):
        said = read_command(text.replace(" please", ""), other)
        assert said is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/greenroom rerun", "Write it as `/greenroom rerun flights`."),
        ("/greenroom override GR102 hotfix", "Write it as `/greenroom override flights CHECK reason`, with"),
        ("/greenroom override flights GR102", "Write it as `/greenroom override flights CHECK reason`, with"),
        ("/greenroom x", "Known are `/greenroom rerun flights`, "),
    ],
)
def test_below_the_top_the_name_is_asked_for(text: str, answer: str) -> None:
    """Others may hear the same comment: what names nobody is done for nobody."""
    said = read_command(text, BELOW)

    assert isinstance(said, Misread)
    assert said.answer.startswith(answer)
