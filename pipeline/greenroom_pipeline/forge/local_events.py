"""What happened to a branch that is a pull request, from git alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from greenroom_pipeline.forge import MOST_EVENTS, PullEvent, PullRequest
from greenroom_pipeline.repository import Repository

_FORM = "%H%x00%P%x00%s%x00%an%x00%ct"
_LONGEST = 200


@dataclass(frozen=True)
class _Line:
    """One commit of a log."""

    sha: str
    parents: list[str]
    subject: str
    author: str
    at: datetime


def list_events(repository: Repository, pull: PullRequest) -> list[PullEvent]:
    """Return its commits, its merge, and its opening, which git does not keep: the time of its first commit."""
    merge = _find_merge(repository, pull)
    commits = _list_commits(repository, pull, merge)
    first = commits[0] if commits else _read(repository, "--max-count=1", pull.head)[0]
    events = [PullEvent(first.at, "opened", first.author, pull.title)]
    events += [
        PullEvent(each.at, "pushed", each.author, each.subject[:_LONGEST], sha=each.sha) for each in commits
    ]
    if merge is not None:
        events.append(PullEvent(merge.at, "merged", merge.author, "", sha=merge.sha))
    return sorted(events, key=lambda event: event.at)


def _find_merge(repository: Repository, pull: PullRequest) -> _Line | None:
    """Return the commit on the default branch that took the head in; None where that moved on to it."""
    if pull.state != "merged":
        return None
    span = f"{pull.head}..refs/heads/{pull.base}"
    merges = _read(repository, "--merges", "--first-parent", "--ancestry-path", span)
    return next((each for each in reversed(merges) if pull.head in each.parents[1:]), None)


def _list_commits(repository: Repository, pull: PullRequest, merge: _Line | None) -> list[_Line]:
    if merge is not None:
        base = merge.parents[0]
    elif pull.state == "merged":
        # Which commits were the branch's own is not known any more.
        return []
    else:
        base = f"refs/heads/{pull.base}"
    found = _read(repository, "--no-merges", f"--max-count={MOST_EVENTS}", f"{base}..{pull.head}")
    return found[::-1]


def _read(repository: Repository, *arguments: str) -> list[_Line]:
    told = repository.git("log", f"--format={_FORM}", *arguments, "--")
    # Names and subjects are bytes to git, and may hold what breaks a line elsewhere.
    lines = told.encode(errors="surrogateescape").decode(errors="replace").split("\n")
    return [_parse(line) for line in lines if line]


def _parse(line: str) -> _Line:
    sha, parents, subject, author, seconds = line.split("\0")
    return _Line(sha, parents.split(), subject, author, datetime.fromtimestamp(int(seconds), UTC))
