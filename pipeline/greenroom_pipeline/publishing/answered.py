"""Commands that people asked in comments, and their answers, as a part of our comment's text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.commands.command import Addressee
from greenroom_pipeline.forge.marker import MOST_CHARACTERS
from greenroom_pipeline.markdown import escape, split_lines

MOST = MOST_CHARACTERS - 1_024 - 128
"""Characters of our text, which leaves some slack and room for the marker."""
MOST_KEPT = 5
"""Besides the newest one that says no."""
ROOM = 8 * 1024
"""Characters that a comment leaves for them."""
_BEGIN, _END = "<!-- answers -->", "<!-- /answers -->"
_BLOCK = re.compile(rf"^{_BEGIN}$\n(.*?)^{_END}$\n*", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"\A<!-- greenroom:[^\n]* -->\n")
_NO = " <!-- no -->"
_FOOTER = re.compile(r"\n*^<sub>Ask in a comment: [^\n]*</sub>\s*\Z", re.MULTILINE)
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
    done: bool = True
    """Whether what was asked was done; an answer that says no stands until the next, and takes no other's place."""


def write_footer(to: Addressee) -> str:
    """Return the line that says what people may ask for; nothing where nobody would answer."""
    usages = " · ".join(f"`{to.show_usage(name)}`" for name in to.commands)
    return f"<sub>Ask in a comment: {usages}</sub>" if usages else ""


def insert_answer(body: str, answer: Answer, *, footer: str = "", most: int = MOST) -> str:
    """Return our comment's text with one answer more: the last ones are kept, in at most *most* characters."""
    body = strip_marker(body)
    return _join(_BLOCK.sub("", body), [*_read(body), _write(answer)], footer=footer, most=most)


def keep_answers(text: str, *, before: str, footer: str = "", most: int = MOST) -> str:
    """Return a new text with the answers of the one that stood there."""
    return _join(text, _read(before), footer=footer, most=most)


def strip_marker(body: str) -> str:
    """Return the text without the line by which the forge finds it."""
    return _MARKER.sub("", body.replace("\r\n", "\n"))


def _write(answer: Answer) -> str:
    by, command = escape(answer.by, most=60), escape(answer.command, most=200)
    return f"- **{by}** asked _{command}_: {escape(answer.text, most=1_000)}{'' if answer.done else _NO}"


def _read(body: str) -> list[str]:
    found = _BLOCK.search(body.replace("\r\n", "\n"))
    return [] if found is None else [line for line in split_lines(found[1]) if line.startswith("- ")]


def _join(text: str, items: Sequence[str], *, footer: str, most: int) -> str:
    """Put the newest of *items* at the end, before the footer.

    Where there is no room, one that says no goes first, then the oldest.
    """
    above, room = _FOOTER.sub("", text).rstrip("\n"), most - len(footer) - 4
    kept = _choose(items)
    while len(kept) > 1 and len(above) + len(_frame(kept)) > room:
        kept.remove(next((each for each in kept if each.endswith(_NO)), kept[0]))
    block = _frame(kept)
    if len(above) + len(block) > room:
        # Someone has edited it, and made it longer than we would.
        above = above[: max(room - len(block), 0)].rpartition("\n")[0]
    return "\n\n".join(part for part in (above, block, footer) if part)


def _choose(items: Sequence[str]) -> list[str]:
    """Return those that stay, in their order: of those that say no the newest one alone."""
    refused = [at for at, each in enumerate(items) if each.endswith(_NO)]
    said = [at for at, _ in enumerate(items) if at not in refused]
    return [items[at] for at in sorted([*said[-MOST_KEPT:], *refused[-1:]])]


def _frame(items: Sequence[str]) -> str:
    return "\n".join([_BEGIN, _TITLE, "", *items, "", _END]) if items else ""
