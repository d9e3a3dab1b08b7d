"""Answering: who asks by a comment or a button is told what came of it, in our one comment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from greenroom_pipeline.commands.command import Addressee, Command, Misread, Name, read_command
from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.events.hints import ButtonHint, CommandHint
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.publishing.answered import Answer, insert_answer, write_footer

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github_server import Reaction, Remark

_log = logging.getLogger(__name__)


class Comments(Protocol):
    """What is asked of the forge about a comment that somebody wrote."""

    def comment_of(self, comment_id: int) -> Remark | None: ...

    def react(self, comment_id: int, content: Reaction) -> None: ...

    def was_told(self, number: int, login: str, content: Reaction) -> bool: ...


@dataclass(frozen=True)
class Outcome:
    """What came of a command, in words, and whether it was done."""

    text: str
    done: bool = True


@dataclass(frozen=True)
class Asker:
    """Who asks for something, and may."""

    login: str
    at: datetime | None = None
    """When they wrote it: what came later they have not seen. None for a button, which is of one commit."""


Doer = Callable[[PullRequest, Command, Asker], Outcome]
Doers = Mapping[Name, Doer]


def answer_comment(
    forge: Forge, comments: Comments, doers: Doers, hint: CommandHint, *, to: Addressee
) -> None:
    """Carry out what the comment says now, for its author's rights of now; nothing where it says nothing to us.

    Anybody may comment: for who may not push nothing is written, and they are told so once on a pull request.
    """
    remark = comments.comment_of(hint.comment)
    if remark is None or remark.is_bot or (remark.author, remark.number) != (hint.sender, hint.number):
        return
    read = read_command(remark.text, to)
    if read is None:
        return
    if not forge.may_write(remark.author):
        _turn_away(comments, remark)
        return
    if to.named and isinstance(read, Misread) and forge.comment(remark.number, to.project) is None:
        # It may be meant for another project.
        return
    _react(comments, remark, "eyes")
    asker = Asker(remark.author, remark.written)
    outcome = _carry_out(forge, doers, read, number=remark.number, by=asker)
    _write(forge, remark.number, Answer(remark.author, read.asked, outcome.text, outcome.done), to)
    _react(comments, remark, "+1" if outcome.done else "-1")


def answer_button(
    forge: Forge, doers: Doers, hint: ButtonHint, command: Command, *, number: int, to: Addressee
) -> None:
    """Do so for a button that was pressed beside the check of a pull request's newest commit."""
    if not forge.may_write(hint.sender):
        _log.warning("%s may not push, and pressed a button of pull request %d", hint.sender, number)
        return
    outcome = _carry_out(forge, doers, command, number=number, by=Asker(hint.sender))
    _write(forge, number, Answer(hint.sender, command.asked, outcome.text, outcome.done), to)


def _carry_out(forge: Forge, doers: Doers, read: Command | Misread, *, number: int, by: Asker) -> Outcome:
    if isinstance(read, Misread):
        return Outcome(read.answer, done=False)
    pull = forge.pull(number)
    if pull.state != "open" and read.name != "explain":
        return Outcome(f"Pull request {number} is {pull.state}; reopen it first.", done=False)
    return doers[read.name](pull, read, by)


def _write(forge: Forge, number: int, answer: Answer, to: Addressee) -> None:
    body = forge.comment(number, to.project) or ""
    forge.write_comment(number, to.project, insert_answer(body, answer, footer=write_footer(to)))


def _turn_away(comments: Comments, remark: Remark) -> None:
    try:
        if not comments.was_told(remark.number, remark.author, "-1"):
            comments.react(remark.id, "-1")
    except ForgeError as error:
        _log.warning("comment %d got no reaction: %s", remark.id, error)


def _react(comments: Comments, remark: Remark, content: Reaction) -> None:
    """React where it is possible: the answer stands in our comment all the same."""
    try:
        comments.react(remark.id, content)
    except ForgeError as error:
        _log.warning("comment %d got no reaction: %s", remark.id, error)
