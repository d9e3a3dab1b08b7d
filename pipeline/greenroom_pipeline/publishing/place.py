"""Where what is said of one commit of one project goes on a forge."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.commands.command import Addressee, Name
from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.publishing.comment import Stamp

GATE = "greenroom/gate"


@dataclass(frozen=True)
class Place:
    project: str
    folder: str
    """The project's folder in its repository; empty at the top."""
    sha: str
    pull: int | None
    order: int = 0
    """Number of the workflow run that says it: what a later one has said of the same commit stands."""
    commands: tuple[Name, ...] = ()
    """What people are offered to ask for in comments there."""

    side_branch: str = ""
    """The branch that it goes into, where that is not the default one."""
    gives_check: bool = True
    """Whether the commit's check is given here, and not by another pull request that has the same head."""

    @property
    def check_name(self) -> str:
        """A fixed name for the usual repository, and one for each project where several share one.

        A check belongs to its commit, which may go into several branches: what one of them says holds for no other.
        """
        name = f"{GATE}/{self.project}" if self.folder else GATE
        return f"{name} into {self.side_branch}" if self.side_branch else name

    @property
    def settings_path(self) -> str:
        """Where its `greenroom.toml` is, from the top of the repository."""
        return f"{self.folder.rstrip('/')}/{FILE}" if self.folder else FILE

    @property
    def addressee(self) -> Addressee:
        return Addressee(self.project, named=bool(self.folder), commands=self.commands)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.sha, self.order)
