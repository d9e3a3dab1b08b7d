"""Commands in comments: which one a text holds, whatever else stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from greenroom_pipeline.markdown import split_lines
from greenroom_pipeline.wording import suggest_name

Name = Literal["rerun", "keep-awake", "explain", "override", "preview"]
WORD = "/greenroom"
MOST_REASON = 500
_ARGUMENTS: dict[Name, str] = {
    "rerun": "",
    "keep-awake": "",
    "explain": "CHECK",
    "override": "CHECK reason",
    "preview": "SHA",
}
_WANTED: dict[Name, str] = {
    "explain": "with the code of a check, such as GR102",
    "override": "with the code of a check, such as GR102, and why it does not hold this commit back, in at most "
    f"{MOST_REASON} characters",
    "preview": "with all characters of the commit that you have looked at",
}
_CHECK = re.compile(r"[A-Z]{2}[0-9]{3}")
_PROJECT = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BEGIN = re.compile(rf" {{0,3}}{WORD}(?:\s+(.*))?", re.IGNORECASE)
# What follows backticks on their line holds none, or they are code in a line.
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_BLANKS = " \t"
"""Markdown takes a line of anything else for text, though `str.strip` may leave nothing of it."""
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Addressee:
    """A project as people speak to it in comments."""

    project: str
    named: bool = False
    """Whether a command must name it, since others may share its repository and hear the same comment."""
    commands: tuple[Name, ...] = ()
    """Those that are worth offering, since something comes of them."""

    def show_usage(self, name: Name) -> str:
        """Return how a command is written to it."""
        words = (WORD, name, self.project if self.named else "", _ARGUMENTS[name])
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Command:
    name: Name
    check: str = ""
    """Code of the check that it is about."""
    reason: str = ""
    sha: str = ""
    """The full commit that it is about."""

    @property
    def asked(self) -> str:
        """The command as it is repeated to people: nothing in it is of their wording."""
        return " ".join(word for word in (WORD, self.name, self.check, self.sha) if word)


@dataclass(frozen=True)
class Misread:
    """A command that there is not, or that lacks something."""

    asked: str
    answer: str
    """A sentence that says what to write."""


def mentions_command(text: str) -> bool:
    """Say whether the text is worth reading again where it stands."""
    return WORD in text.lower()


def read_command(text: str, to: Addressee) -> Command | Misread | None:
    """Return the first line's command that begins with /greenroom; code, quotes and what is unseen do not count.

    None for one that names another project.
    """
    for line in _list_spoken(split_lines(_UNSEEN.sub("", text))):
        found = _BEGIN.fullmatch(line)
        if found:
            return _read((found[1] or "").split(), to)
    return None


def _read(words: Sequence[str], to: Addressee) -> Command | Misread | None:
    given = words[0].lower() if words else ""
    name = next((each for each in get_args(Name) if each == given), None)
    if name is None:
        return Misread(WORD, _suggest(given, to))
    project, rest = _split_project(name, words[1:], to)
    if project not in ("", to.project):
        return None
    wanted = f", {_WANTED[name]}" if name in _WANTED else ""
    missed = Misread(f"{WORD} {name}", f"Write it as `{to.show_usage(name)}`{wanted}.")
    return missed if to.named and not project else _complete(name, rest) or missed


def _split_project(name: Name, words: Sequence[str], to: Addressee) -> tuple[str, Sequence[str]]:
    """Return the project that a command names, if it does, and what else it says."""
    first = words[0].lower() if words else ""
    if first == to.project:
        return first, words[1:]
    if not _ARGUMENTS[name]:
        # More words are a sentence.
        is_other = len(words) == 1
    else:
        is_other = _complete(name, words) is None and _complete(name, words[1:]) is not None
    return (first, words[1:]) if is_other and _PROJECT.fullmatch(first) else ("", words)


def _complete(name: Name, given: Sequence[str]) -> Command | None:
    """Return the command, or None where it lacks what it needs."""
    first, rest = (given[0] if given else ""), " ".join(given[1:])
    check, sha = first.upper().rstrip(":,."), first.lower()
    match name:
        case "rerun" | "keep-awake":
            return Command(name)
        case "explain":
            return Command(name, check=check) if _CHECK.fullmatch(check) else None
        case "override":
            whole = _CHECK.fullmatch(check) and 0 < len(rest) <= MOST_REASON
            return Command(name, check=check, reason=rest) if whole else None
        case "preview":
            return Command(name, sha=sha) if _SHA.fullmatch(sha) else None


def _suggest(given: str, to: Addressee) -> str:
    usages = ", ".join(f"`{to.show_usage(name)}`" for name in get_args(Name))
    near = suggest_name(given, get_args(Name))
    known = f"Known are {usages}."
    return f"There is no such command; {near} {known}" if near.endswith("?") else known


def _list_spoken(lines: Sequence[str]) -> Iterator[str]:
    """Give the lines that are no code and no quote, as Markdown has them."""
    fence, quoted = "", False
    for line in lines:
        mark = _FENCE.fullmatch(line)
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not mark[2].strip(_BLANKS)
            fence = "" if closes else fence
        elif mark is not None:
            fence, quoted = mark[1], False
        elif line.lstrip(" ").startswith(">"):
            quoted = True
        elif not line.strip(_BLANKS):
            quoted = False
        elif not quoted:
            # A line that follows a quote without a gap is still in it.
            yield line
