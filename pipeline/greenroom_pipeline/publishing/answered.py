"""Commands that people asked in comments, and their answers, as a part of our comment's text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.markdown import escape, split_lines

MOST = 65_536 - 1_024 - 128
"""Characters of a comment that a forge takes, less some slack and the marker that it adds."""
FOOTER = (
    "<sub>Ask in a comment: `/greenroom rerun` · `/greenroom keep-awake` · `/greenroom explain CHECK` ·"
    " `/greenroom override CHECK reason`</sub>"
)
MOST_KEPT = 5
ROOM = 8 * 1024
"""Characters that a comment leaves for them."""
_BEGIN, _END = "<!-- answers -->", "<!-- /answers -->"
_BLOCK = re.compile(rf"^{_BEGIN}$\n(.*?)^{_END}$\n*", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"\A<!-- greenroom:[^\n]* -->\n")
_TITLE = "#### Asked and answered"


@dataclass(frozen=True)
class Answer:
    """What came of a command."""

    by: str
    """Login of who asked."""
    command: str
    """As it was asked, such as `explain GR103`."""
    text: str
    """Plain words: no Markdown of it takes effect."""


def insert_answer(body: str, answer: Answer, *, most: int = MOST) -> str:
    """Return our comment's text with one answer more: the last five are kept, in at most *most* characters."""
    body = strip_marker(body)
    return _join(_BLOCK.sub("", body), [*_read(body), _write(answer)], most=most)


def keep_answers(text: str, *, before: str, most: int = MOST) -> str:
    """Return a new text with the answers of the one that stood there."""
    return _join(text, _read(before), most=most)


def strip_marker(body: str) -> str:
    """Return the text without the line by which the forge finds it."""
    return _MARKER.sub("", body.replace("\r\n", "\n"))


def _write(answer: Answer) -> str:
    by, command = escape(answer.by, most=60), escape(answer.command, most=200)
    return f"- **{by}** asked _{command}_: {escape(answer.text, most=1_000)}"


def _read(body: str) -> list[str]:
    found = _BLOCK.search(body.replace("\r\n", "\n"))
    return [] if found is None else [line for line in split_lines(found[1]) if line.startswith("- ")]


def _join(text: str, items: Sequence[str], *, most: int) -> str:
    """Put the newest of *items* at the end, before the footer; the oldest go where there is no room."""
    above, room = text.rstrip("\n").removesuffix(FOOTER).rstrip("\n"), most - len(FOOTER) - 4
    kept = list(items[-MOST_KEPT:])
    while len(kept) > 1 and len(above) + len(_frame(kept)) > room:
        kept.pop(0)
    block = _frame(kept)
    if len(above) + len(block) > room:
        # Someone has edited it, and made it longer than we would.
        above = above[: max(room - len(block), 0)].rpartition("\n")[0]
    return "\n\n".join(part for part in (above, block, FOOTER) if part)


def _frame(items: Sequence[str]) -> str:
    return "\n".join([_BEGIN, _TITLE, "", *items, "", _END]) if items else ""
