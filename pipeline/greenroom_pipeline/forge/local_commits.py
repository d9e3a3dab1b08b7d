"""Commits that Greenroom itself makes on a local branch, without checking anything out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullRequest, refuse_moved
from greenroom_pipeline.repository import Repository


def commit_file(
    repository: Repository, pull: PullRequest, path: str, content: bytes, *, message: str, by: str
) -> str:
    """Commit one file on the pull request's head, which must still be the branch's; return the new head.

    Where the branch is checked out the file changes there as well, and is refused while it has changes of its own.
    """
    trees = [Repository(place) for place in _find_worktrees(repository, pull.branch)]
    for tree in trees:
        _require_clean(tree, path)
    made = _write_commit(repository, pull.head, path, content, message=message, by=by)
    ref = f"refs/heads/{pull.branch}"
    # Git itself compares and swaps: who comes second is refused.
    if not repository.asks("update-ref", "-m", "greenroom: commit a file", ref, made, pull.head):
        raise refuse_moved(pull, head=pull.head)
    for tree in trees:
        tree.git("checkout", "--quiet", made, "--", f":(top,literal){path}")
    return made


def _write_commit(
    repository: Repository, head: str, path: str, content: bytes, *, message: str, by: str
) -> str:
    blob = repository.store_blob(content)
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        index = Path(folder) / "index"
        repository.git("read-tree", head, index=index)
        # From the top of the repository, whatever folder of it the project is in.
        repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
        tree = repository.git("write-tree", index=index)
    return repository.git("commit-tree", tree, "-p", head, "-F", "-", by=by, given=message)


def _find_worktrees(repository: Repository, branch: str) -> Iterator[Path]:
    """Yield the folders in which the branch is checked out."""
    for about in repository.git("worktree", "list", "--porcelain", "-z").split("\0\0"):
        lines = dict(line.partition(" ")[::2] for line in about.split("\0") if line)
        place = Path(lines.get("worktree", ""))
        if lines.get("branch") == f"refs/heads/{branch}" and place.is_dir():
            yield place


def _require_clean(tree: Repository, path: str) -> None:
    spec = f":(top,literal){path}"
    if tree.git("status", "--porcelain", "-z", "--ignored", "--untracked-files=all", "--", spec):
        raise RepositoryError(
            f"{path} has changes in {tree.root} that are in no commit; commit or stash them, and try again"
        )
