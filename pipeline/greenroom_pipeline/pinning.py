"""Pinning: a case becomes a line of the repository, on the pull request's branch."""

from __future__ import annotations

import posixpath

from greenroom_pipeline.case_file import add_case, read_cases
from greenroom_pipeline.cases import CASES_FILE, PinnedCase
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import Forge, refuse_moved
from greenroom_pipeline.project import Project

_TRIES = 10
_MOST_PINS = 20
"""How many by others may have come in between."""
# A forge takes some of what a message says for an order: to tell a person, to close an issue, to skip the run.
_ORDERS = str.maketrans({"@": "(at)", "#": "no. ", "[": "(", "]": ")"})


def pin_case(project: Project, pull: int, case: PinnedCase, *, sha: str) -> str:
    """Commit the case to the pull request's branch and return a sentence that says what happened and what to do.

    When others have pinned since *sha*, it is pinned on theirs; any other commit since is to be looked at first.
    `CasesError` where the name is taken, or the file is wrong or full.
    """
    forge, path = project.forge, posixpath.join(project.repository.folder(), CASES_FILE)
    for _ in range(_TRIES):
        head = forge.pull(pull).head
        if head != sha and not _are_pins_alone(forge, pull, path, since=sha, now=head):
            raise refuse_moved(forge.pull(pull), head=sha)
        content = forge.read_file(pull, path, at=head) or b""
        if case in read_cases(content):
            # The answer to an earlier try was lost.
            return _tell(forge, pull, case, head)
        longer = add_case(content, case)
        try:
            made = forge.commit_file(pull, path, longer, head=head, message=_write_message(case), by=case.by)
        except RepositoryError:
            if forge.pull(pull).head == head:
                raise
        else:
            return _tell(forge, pull, case, made)
    raise RepositoryError(f"pull request {pull} moves faster than a case can be pinned on it; try again")


def _are_pins_alone(forge: Forge, pull: int, path: str, *, since: str, now: str) -> bool:
    """Say whether every commit after *since* has added one line to the file, as a pin does."""
    here, after = now, forge.read_file(pull, path, at=now) or b""
    for _ in range(_MOST_PINS):
        if here == since:
            return True
        parents = forge.parents(here) or ()
        if len(parents) != 1:
            return False
        here, before = parents[0], forge.read_file(pull, path, at=parents[0]) or b""
        if not _adds_line(before, after):
            return False
        after = before
    return False


def _adds_line(before: bytes, after: bytes) -> bool:
    added = after.removeprefix(before).strip(b"\n")
    return after.startswith(before) and bool(added) and b"\n" not in added


def _write_message(case: PinnedCase) -> str:
    # Behind words of our own, no reason is read as a trailer, such as one that signs in another's name.
    return f'Pin "{case.name}"\n\nWhy it must hold: {case.reason}'.translate(_ORDERS)


def _tell(forge: Forge, pull: int, case: PinnedCase, made: str) -> str:
    branch = forge.pull(pull).branch
    return (
        f"“{case.name}” is pinned on {branch}, as commit {made[:7]}. The next run there judges it: wait for CI, or call"
        f" `greenroom run` on {branch}. Nothing is trained for it."
    )
