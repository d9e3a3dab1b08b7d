"""What Greenroom posts on a forge: a comment, a check and a deployment, each once and then edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CheckState = Literal["running", "success", "failure", "action_required"]
DeploymentState = Literal["running", "success", "failure"]
AnnotationLevel = Literal["notice", "warning", "failure"]


@dataclass(frozen=True)
class Annotation:
    """A remark beside a line of a file."""

    path: str
    """Relative to the top of the repository."""
    line: int
    level: AnnotationLevel
    title: str
    message: str


@dataclass(frozen=True)
class Button:
    """Something that a person can press beside a check."""

    label: str
    """At most 20 characters."""
    description: str
    """At most 40 characters."""
    identifier: str
    """At most 20 characters; what the forge says when it was pressed."""


@dataclass(frozen=True)
class Check:
    """A check on one commit; there is one of a *name* and *key* at a commit."""

    name: str
    key: str
    """What it is about; projects of one repository do not meet by it."""
    sha: str
    state: CheckState
    title: str
    summary: str
    """Markdown, at most 65,535 characters."""
    text: str = ""
    """Markdown, at most 65,535 characters."""
    link: str | None = None
    annotations: Sequence[Annotation] = ()
    buttons: Sequence[Button] = ()


@dataclass(frozen=True)
class Deployment:
    """A preview, as the forge shows it; of one *pull* and *key* one is live."""

    key: str
    pull: int
    sha: str
    digest: str
    """SHA-256 of the model's files."""
    state: DeploymentState
    description: str
    """At most 140 characters."""
    link: str | None = None
    log: str | None = None
    """Address of the job that made it."""
