"""Publishing: what a report says, as one comment, one check and one deployment on the forge."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.forge import Forge
from greenroom_pipeline.links import Links
from greenroom_pipeline.report import Report

GATE = "greenroom/gate"


@dataclass(frozen=True)
class Place:
    """Where what is said of one commit of one project goes."""

    project: str
    folder: str
    """The project's folder in its repository; empty at the top."""
    sha: str
    pull: int | None
    order: int = 0
    """Number of the workflow run that says it: what a later one has said of the same commit stands."""

    @property
    def check_name(self) -> str:
        """A fixed name for the usual repository, and one for each project where several share one."""
        return f"{GATE}/{self.project}" if self.folder else GATE


def publish_start(forge: Forge, place: Place, links: Links) -> None:
    """Say that the commit is being looked at."""
    raise NotImplementedError


def publish_report(forge: Forge, place: Place, report: Report, links: Links, *, held: bool = False) -> None:
    """Post the report. *held* means that the preview waits for a maintainer's word on this commit."""
    raise NotImplementedError


def publish_failure(forge: Forge, place: Place, links: Links, *, step: str, reason: str, log: str) -> None:
    """Say that the loop ended before there was a verdict."""
    raise NotImplementedError


def publish_untouched(forge: Forge, place: Place) -> None:
    """Say that the pull request touches nothing that the model is made of: a passing check, and no comment."""
    raise NotImplementedError


def withdraw(forge: Forge, place: Place) -> None:
    """End what is live of a pull request that was closed."""
    raise NotImplementedError
