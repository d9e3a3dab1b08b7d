"""Hints: what is kept of an event on the forge, which is where to look and never what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from greenroom_pipeline.commands.command import mentions_command
from greenroom_pipeline.forge.payload import Payload, find, find_text
from greenroom_pipeline.origin import Sha

Number = Annotated[int, Field(ge=1, lt=10**18)]
Login = Annotated[str, Field(pattern=r"^[\w.\[\]-]{1,100}$")]


class _Hint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PullHint(_Hint):
    """Something about a pull request is not as it was."""

    kind: Literal["pull"] = "pull"
    number: Number


class CommandHint(_Hint):
    """Someone has written a comment that may hold a command."""

    kind: Literal["command"] = "command"
    number: Number
    comment: Number
    sender: Login


class ButtonHint(_Hint):
    """Someone has pressed a button beside a check."""

    kind: Literal["button"] = "button"
    sha: Sha
    check: str = Field(max_length=500)
    key: str = Field(max_length=200)
    identifier: str = Field(max_length=20)
    sender: Login


class QueueHint(_Hint):
    """The merge queue asks for checks on a commit of its own."""

    kind: Literal["queue"] = "queue"
    sha: Sha
    ref: str = Field(max_length=500)


class RunHint(_Hint):
    """A workflow has run."""

    kind: Literal["run"] = "run"
    run: Number
    sha: Sha


Hint = PullHint | CommandHint | ButtonHint | QueueHint | RunHint
RERUN = "rerun"
"""What the forge's own button stands for."""
_HINT: TypeAdapter[Hint] = TypeAdapter(Annotated[Hint, Field(discriminator="kind")])
_PULL_ACTIONS = frozenset({"opened", "reopened", "synchronize", "closed", "edited"})


def parse_hint(document: Payload) -> Hint:
    return _HINT.validate_python(document)


def read_hint(event: str, payload: Payload, *, repository: int) -> Hint | None:
    """Return what is kept of a delivery; None for one that is not in use, or of another *repository*."""
    read = _READERS.get((event, find_text(payload, "action")))
    if read is None or find(payload, "repository", "id") != repository:
        return None
    try:
        return read(payload)
    except ValidationError:
        return None


def _read_pull(payload: Payload) -> Hint:
    return PullHint(number=find(payload, "pull_request", "number"))


def _read_comment(payload: Payload) -> Hint | None:
    is_pull = find(payload, "issue", "pull_request") is not None
    if not is_pull or not mentions_command(find_text(payload, "comment", "body")):
        return None
    return CommandHint(
        number=find(payload, "issue", "number"),
        comment=find(payload, "comment", "id"),
        sender=find(payload, "sender", "login"),
    )


def _read_check(payload: Payload) -> Hint:
    pressed = find_text(payload, "action") == "requested_action"
    return ButtonHint(
        sha=find(payload, "check_run", "head_sha"),
        check=find(payload, "check_run", "name"),
        key=find(payload, "check_run", "external_id"),
        identifier=find(payload, "requested_action", "identifier") if pressed else RERUN,
        sender=find(payload, "sender", "login"),
    )


def _read_queue(payload: Payload) -> Hint:
    return QueueHint(
        sha=find(payload, "merge_group", "head_sha"), ref=find(payload, "merge_group", "head_ref")
    )


def _read_run(payload: Payload) -> Hint:
    return RunHint(run=find(payload, "workflow_run", "id"), sha=find(payload, "workflow_run", "head_sha"))


_READERS: dict[tuple[str, str], Callable[[Payload], Hint | None]] = {
    **{("pull_request", action): _read_pull for action in _PULL_ACTIONS},
    ("issue_comment", "created"): _read_comment,
    ("check_run", "requested_action"): _read_check,
    ("check_run", "rerequested"): _read_check,
    ("merge_group", "checks_requested"): _read_queue,
    ("workflow_run", "completed"): _read_run,
}
