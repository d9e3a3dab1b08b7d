"""What the tests' GitHub remembers: plain records, which tests may read and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["none", "read", "triage", "write", "maintain", "admin"]


@dataclass(frozen=True)
class Person:
    """Someone with a login: a person, an organisation, or the bot of an App."""

    id: int
    login: str

    @property
    def kind(self) -> str:
        return "Bot" if self.login.endswith("[bot]") else "User"


@dataclass
class Commit:
    sha: str
    parents: Sequence[str]
    message: str
    author: str
    tree: str
    time: float
    writer: str = ""
    """Who is named as its author, where that is not who made it."""


@dataclass
class Comment:
    id: int
    number: int
    author: str
    body: str
    created: float
    updated: float
    app: str | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass
class Reaction:
    id: int
    content: str
    author: str
    created: float


@dataclass
class ChangedFile:
    path: str
    status: str = "modified"
    previous: str | None = None


@dataclass
class Pull:
    id: int
    number: int
    title: str
    author: str
    branch: str
    base: str
    base_sha: str
    head_sha: str
    created: float
    updated: float
    head_repository: str | None
    """Full name; None once a fork was deleted."""
    files: list[ChangedFile] = field(default_factory=list)
    given: list[ChangedFile] | None = None
    """What a test says that it changes; git says otherwise."""
    reviews: list[Review] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """Every head that it ever had."""
    changes: list[Change] = field(default_factory=list)
    body: str | None = None
    state: Literal["open", "closed"] = "open"
    closed: float | None = None
    merged: float | None = None
    merged_by: str | None = None
    merge_commit_sha: str | None = None
    """The test merge while it is open, what it was merged as afterwards."""
    mergeable: bool = True


@dataclass
class Change:
    """A pull request was closed, reopened or merged."""

    id: int
    event: Literal["closed", "reopened", "merged"]
    actor: str
    at: float
    commit: str | None = None


@dataclass
class Review:
    id: int
    author: str
    body: str
    state: str
    commit: str
    submitted: float


@dataclass
class Check:
    """A check run; `output` holds title, summary and text, `annotations` every annotation sent so far."""

    id: int
    name: str
    head_sha: str
    app: str
    started: float
    external_id: str = ""
    details_url: str | None = None
    status: str = "queued"
    conclusion: str | None = None
    completed: float | None = None
    output: dict[str, str | None] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass
class CommitStatus:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    author: str
    created: float


@dataclass
class DeploymentStatus:
    id: int
    state: str
    author: str
    created: float
    description: str = ""
    environment: str = ""
    environment_url: str = ""
    log_url: str = ""


@dataclass
class Deployment:
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    payload: Any
    author: str
    created: float
    description: str | None = None
    transient_environment: bool = False
    production_environment: bool = False
    app: str | None = None
    statuses: list[DeploymentStatus] = field(default_factory=list)
    """Newest last."""

    @property
    def state(self) -> str:
        """State of the newest status; "pending" before there is one."""
        return self.statuses[-1].state if self.statuses else "pending"


@dataclass
class Artifact:
    id: int
    run_id: int
    name: str
    data: bytes
    created: float
    expired: bool = False


@dataclass
class Run:
    """A run of a workflow."""

    id: int
    number: int
    head_sha: str
    head_branch: str
    head_repository: str
    event: str
    path: str
    actor: str
    created: float
    status: str = "completed"
    conclusion: str | None = "success"
    attempt: int = 1
    artifacts: list[Artifact] = field(default_factory=list)


@dataclass
class Environment:
    id: int
    name: str
    created: float
    rules: list[dict[str, Any]] = field(default_factory=list)
    branch_policy: dict[str, bool] | None = None


@dataclass
class Ruleset:
    id: int
    name: str
    enforcement: str
    branches: Sequence[str]
    rules: list[dict[str, Any]]
    created: float


@dataclass
class Delivery:
    """A webhook that was sent, or one that a test has GitHub believe it sent."""

    id: int
    guid: str
    event: str
    action: str | None
    url: str
    body: bytes
    status_code: int
    delivered: float
    redelivery: bool = False
    installation_id: int | None = None
    repository_id: int | None = None
