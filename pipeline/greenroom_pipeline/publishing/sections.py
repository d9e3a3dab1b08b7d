"""Sections of a text that must fit a limit: the last ones go first, a row at a time, and what went is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.wording import count, join_names

_GAP = "\n\n"
_NOTICE_CHARACTERS = 400
"""Room for the sentence that says what was cut."""


@dataclass(frozen=True)
class Section:
    """A part of a text, in order of importance; its Markdown is *head*, *rows* and *tail*."""

    name: str
    """What people call it, by which it is named where it was cut."""
    head: str
    rows: Sequence[str] = ()
    """Lines that may go from the end."""
    tail: str = ""
    kept: bool = False
    """Whether it stays whole whatever the limit."""

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.head, *self.rows) if part) + self.tail

    def cut(self, *, most: int) -> Section | None:
        """Return it with as many of its rows as fit into *most* characters, or None where not one does."""
        room, left = most - len(self.head) - len(self.tail), 0
        for row in self.rows:
            room -= len(row) + 1
            if room < 0:
                break
            left += 1
        return Section(self.name, self.head, self.rows[:left], self.tail) if left else None


def cut(sections: Sequence[Section], *, most: int) -> str:
    """Return the sections as one text of at most *most* characters.

    What is to be kept stays, and must fit by itself; of the others, those first in order do. A sentence before the
    last section says what was cut.
    """
    whole = _join(sections)
    if len(whole) <= most:
        return whole
    fixed = sum(len(each.text) + len(_GAP) for each in sections if each.kept)
    room, left, lost = most - fixed - _NOTICE_CHARACTERS, [], []
    for section in sections:
        fitting = section if section.kept else _fit(section, most=room)
        if fitting is not None:
            left.append(fitting)
            room -= 0 if section.kept else len(fitting.text) + len(_GAP)
        if fitting is not section:
            lost.append(_name_loss(section, fitting))
            # What comes behind it matters less, and would only fill up the rest.
            room = 0
    notice = Section("notice", f"_Cut to fit: {join_names(lost, most=6)}._", kept=True)
    return _join([*left[:-1], notice, *left[-1:]] if left and left[-1].kept else [*left, notice])


def _fit(section: Section, *, most: int) -> Section | None:
    return section if len(section.text) + len(_GAP) <= most else section.cut(most=most - len(_GAP))


def _name_loss(section: Section, fitting: Section | None) -> str:
    if fitting is None:
        return section.name
    return f"{count(len(section.rows) - len(fitting.rows), 'row')} of {section.name}"


def _join(sections: Sequence[Section]) -> str:
    return _GAP.join(section.text for section in sections)
