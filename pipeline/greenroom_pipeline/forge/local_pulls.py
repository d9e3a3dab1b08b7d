"""Local pull requests as git keeps them, read in as many calls for a thousand as for one."""

from __future__ import annotations

from datetime import UTC, datetime

from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.repository import Repository

REFS = "refs/greenroom/pull/"
_FORM = "%00".join(
    f"%({field})"
    for field in (
        "refname",
        "symref",
        "objectname",
        "authorname",
        "committerdate:unix",
        "contents:subject",
    )
)


def list_pulls(repository: Repository, refs: str = REFS) -> list[PullRequest]:
    """Return the pull requests of *refs*, a prefix of refs or one of them, by number."""
    # for-each-ref leaves out refs whose branch is gone; those pull requests are closed and stay numbered.
    lines = _ask(repository, f"--format={_FORM}", refs)
    if not lines:
        return []
    base = repository.default_branch()
    merged = set(_ask(repository, "--format=%(refname)", f"--merged=refs/heads/{base}", refs))
    titles = _read_descriptions(repository)
    found = [_read(line.split("\0", 5), base=base, merged=merged, titles=titles) for line in lines]
    return sorted((pull for pull in found if pull is not None), key=lambda pull: pull.number)


def _ask(repository: Repository, *arguments: str) -> list[str]:
    # A subject may hold what Python takes for the end of a line, as a form feed.
    return [line for line in repository.git("for-each-ref", *arguments).split("\n") if line]


def _read(fields: list[str], *, base: str, merged: set[str], titles: dict[str, str]) -> PullRequest | None:
    ref, target, sha, author, seconds, subject = fields
    number, branch = ref.removeprefix(REFS), target.removeprefix("refs/heads/")
    if not number.isdecimal():
        return None
    return PullRequest(
        number=int(number),
        title=titles.get(branch, subject),
        branch=branch,
        author=author,
        head=sha,
        state="merged" if ref in merged else "open",
        updated=datetime.fromtimestamp(int(seconds), UTC),
        base=base,
    )


def _read_descriptions(repository: Repository) -> dict[str, str]:
    """Return the first line of what people wrote of their branches, by branch."""
    wanted = r"^branch\..*\.description$"
    if not repository.asks("config", "--get-regexp", wanted):
        return {}
    found = {}
    for entry in repository.git("config", "--null", "--get-regexp", wanted).split("\0"):
        key, _, description = entry.partition("\n")
        if description.strip():
            branch = key.removeprefix("branch.").removesuffix(".description")
            found[branch] = description.strip().splitlines()[0]
    return found
