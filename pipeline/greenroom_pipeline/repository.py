"""Git, as far as Greenroom needs it: commits, tracked files, branches and merges."""

from __future__ import annotations

import os
import posixpath
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from greenroom_pipeline.errors import RepositoryError

_COMMIT = "%H%x00%s%x00%an%x00%ct"
_HOOK = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


@dataclass(frozen=True)
class Commit:
    sha: str
    subject: str
    author: str
    time: datetime


@dataclass(frozen=True)
class Repository:
    """A working tree of git's; *root* is its top folder or a project's folder inside it."""

    root: Path

    def git(
        self, *arguments: str, by: str | None = None, given: str | None = None, index: Path | None = None
    ) -> str:
        """Return what git printed; `RepositoryError` with git's own words when it refuses.

        *by* is the name under which a commit is made, where it is not the user's own, *given* what git reads, and
        *index* the file of an index other than the working tree's.
        """
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                capture_output=True,
                input=given,
                text=True,
                # Names of files and branches are bytes to git.
                errors="surrogateescape",
                check=False,
                env=_environment()
                | (_identity(by) if by else {})
                | ({"GIT_INDEX_FILE": str(index)} if index else {}),
            )
        except FileNotFoundError:
            raise RepositoryError(
                "git is not installed; install it, since Greenroom reviews commits"
            ) from None
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise RepositoryError(f"git {arguments[0]} failed: {words[-1] if words else 'no message'}")
        return done.stdout.rstrip("\n")

    def asks(self, *arguments: str) -> bool:
        """Return whether a git command that answers by its exit status says yes."""
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, check=False, env=_environment()).returncode == 0

    def blob(self, name: str) -> bytes | None:
        """Return a file's bytes as git has them, by a name such as `HEAD:./a.txt`; None where it has no such file."""
        if not self.asks("cat-file", "-e", name) or self.git("cat-file", "-t", name) != "blob":
            return None
        command = ["git", "-C", str(self.root), "cat-file", "blob", name]
        return subprocess.run(command, capture_output=True, check=True, env=_environment()).stdout

    def store_blob(self, content: bytes) -> str:
        """Have git keep *content* as it is, and return its name."""
        command = ["git", "-C", str(self.root), "hash-object", "-w", "--stdin"]
        done = subprocess.run(command, input=content, capture_output=True, check=False, env=_environment())
        if done.returncode != 0:
            raise RepositoryError(f"git hash-object failed: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode().strip()

    def fork_point(self, branch: str) -> str | None:
        """Return where HEAD left *branch*, here or on the remote; None where the history that is here does not tell."""
        refs = [f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"]
        known = [ref for ref in refs if self.asks("rev-parse", "--verify", "--quiet", ref)]
        if not known or not self.asks("merge-base", "HEAD", *known):
            return None
        return self.git("merge-base", "HEAD", *known)

    def commit(self, revision: str = "HEAD") -> Commit:
        return _read_commit(self.git("log", "-1", f"--format={_COMMIT}", revision, "--").split("\0"))

    def parents(self, sha: str) -> list[str] | None:
        """Return the parents of a commit; None where there is no such commit."""
        if not self.asks("cat-file", "-e", f"{sha}^{{commit}}"):
            return None
        return self.git("rev-list", "--parents", "--max-count=1", sha, "--").split()[1:]

    def branch(self) -> str | None:
        """Return the branch that is checked out, or None when HEAD is detached."""
        if not self.asks("symbolic-ref", "--quiet", "HEAD"):
            return None
        # Not --abbrev-ref: a tag of the same name would make it say `heads/…`.
        return self.git("symbolic-ref", "HEAD").removeprefix("refs/heads/")

    def user(self) -> str:
        """Return git's `user.name`, which anyone can set: a name, not a proof."""
        return (
            self.git("config", "--get", "user.name")
            if self.asks("config", "--get", "user.name")
            else "unknown"
        )

    def default_branch(self) -> str:
        """Return the remote's default branch where it is known, else `main` or `master`."""
        if self.asks("rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD"):
            return self.git("symbolic-ref", "refs/remotes/origin/HEAD").removeprefix("refs/remotes/origin/")
        for name in ("main", "master"):
            if self.asks("rev-parse", "--verify", "--quiet", f"refs/heads/{name}"):
                return name
        raise RepositoryError("neither main nor master exists; name the default branch one of these")

    def changes(self, paths: Sequence[str]) -> list[str]:
        """Return files under *paths* that differ from HEAD or are new, but for those that git ignores."""
        lines = self.git("status", "--porcelain", "-z", "--no-renames", "--", *paths)
        return [line[3:] for line in lines.split("\0") if line]

    def tracked(self) -> list[str]:
        """Return tracked files below the root, relative to it."""
        return [name for name in self.git("ls-files", "-z").split("\0") if name]

    def changed(self, base: str, head: str) -> list[str]:
        """Return the files that *head* changes since it left *base*, from the top of the repository."""
        # A file that was moved is one that is gone and one that is new.
        names = self.git("diff", "--name-only", "--no-renames", "-z", f"{base}...{head}", "--")
        return [name for name in names.split("\0") if name]

    def reaches(self, base: str, head: str) -> bool:
        """Say whether what *head* has and *base* has not can be told from the history that is here."""
        if not all(self.asks("cat-file", "-e", f"{sha}^{{commit}}") for sha in (base, head)):
            return False
        if self.asks("merge-base", "--is-ancestor", base, head):
            return True
        # Where a shallow clone ends, whatever lies beyond would be taken for new.
        is_shallow = self.git("rev-parse", "--is-shallow-repository") == "true"
        return not is_shallow and self.asks("merge-base", base, head)

    def commits(self, base: str, head: str, *, most: int) -> list[Commit]:
        """Return the commits that *head* has and *base* has not, newest first."""
        options = ("--no-show-signature", "-z", f"--max-count={most}", f"--format={_COMMIT}")
        told = self.git("log", *options, f"{base}..{head}", "--").split("\0")[:-1]
        return [_read_commit(told[place : place + 4]) for place in range(0, len(told), 4)]

    def count_commits(self, base: str, head: str) -> int:
        return int(self.git("rev-list", "--count", f"{base}..{head}", "--"))

    def differences(self, base: str, head: str, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Return git's letter and the name from the root of each file under *paths* that is not the same in both."""
        named = [f":(literal){path}" for path in paths]
        told = self.git("diff", "--name-status", "--no-renames", "--relative", "-z", base, head, "--", *named)
        parts = [part for part in told.split("\0") if part]
        return list(zip(parts[::2], parts[1::2], strict=True))

    def folder(self) -> str:
        """Return where the root is in the repository, from its top; empty at the top."""
        return self.git("rev-parse", "--show-prefix").rstrip("/")

    def links(self) -> dict[str, str]:
        """Return tracked symbolic links below the root, and what each leads to, from the top of the repository."""
        found, above = {}, self.folder()
        for line in self.git("ls-files", "--stage", "-z").split("\0"):
            about, _, name = line.partition("\t")
            if about.startswith("120000 "):
                target = self.git("cat-file", "blob", about.split()[1])
                found[name] = posixpath.normpath(posixpath.join(above, posixpath.dirname(name), target))
        return found

    def is_merged(self, sha: str, branch: str) -> bool:
        return self.asks("merge-base", "--is-ancestor", sha, f"refs/heads/{branch}")

    @contextmanager
    def worktree(self, revision: str) -> Iterator[Repository]:
        """Check *revision* out, detached, in a temporary folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
            place = Path(folder) / "tree"
            self.git("worktree", "add", "--detach", "--quiet", str(place), revision)
            try:
                yield Repository(place)
            finally:
                self.git("worktree", "remove", "--force", str(place))


def _read_commit(parts: Sequence[str]) -> Commit:
    sha, subject, author, seconds = parts
    return Commit(sha, subject, author, datetime.fromtimestamp(int(seconds), UTC))


def _environment() -> dict[str, str]:
    """Return the environment without what git sets in hooks, which would point it at another repository."""
    return {key: value for key, value in os.environ.items() if key not in _HOOK}


def _identity(name: str) -> dict[str, str]:
    email = "greenroom@localhost"
    roles = ("AUTHOR", "COMMITTER")
    return {f"GIT_{role}_{key}": value for role in roles for key, value in (("NAME", name), ("EMAIL", email))}


def open_repository(root: Path) -> Repository:
    """Return the repository at *root*; `RepositoryError` when it is none or has no commit."""
    repository = Repository(root)
    if not repository.asks("rev-parse", "--is-inside-work-tree"):
        raise RepositoryError(
            f"{root} is not in a git repository; run `git init` and commit, or change into one"
        )
    if not repository.asks("rev-parse", "--verify", "--quiet", "HEAD"):
        raise RepositoryError(f"{root} has no commit yet; commit first, since a report belongs to a commit")
    return repository
