"""Git, as Greenroom uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.repository import Repository, open_repository
from tests.projects import init_repository


def test_a_folder_without_git_is_named(tmp_path: Path) -> None:
    """Outside a repository, the folder is named and the mend is said."""
    with pytest.raises(RepositoryError, match=f"{tmp_path} is not in a git repository"):
        open_repository(tmp_path)


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    """A repository without a commit is refused, since a report belongs to one."""
    bench = init_repository(tmp_path / "empty")

    with pytest.raises(RepositoryError, match="has no commit yet"):
        open_repository(bench.root)


def test_reads_commits_with_awkward_words(tmp_path: Path) -> None:
    """Subjects and authors come back as they are, quotes, unicode and all."""
    bench = init_repository(tmp_path / "project")
    bench.git("config", "user.name", "Zoë “Z” O'Neil")
    sha = bench.commit("a | b `c` <d>")

    commit = open_repository(bench.root).commit()

    assert (commit.sha, commit.subject, commit.author) == (sha, "a | b `c` <d>", "Zoë “Z” O'Neil")


def test_git_in_a_hook_still_means_this_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that git sets in hooks do not turn Greenroom to another repository."""
    bench = init_repository(tmp_path / "project")
    sha = bench.commit("first")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert Repository(bench.root).commit().sha == sha


def test_a_worktree_is_gone_afterwards(tmp_path: Path) -> None:
    """A temporary checkout leaves nothing behind, neither folder nor entry."""
    bench = init_repository(tmp_path / "project")
    bench.commit("first")

    with Repository(bench.root).worktree("main") as tree:
        assert (tree.root / ".git").exists()

    assert not tree.root.exists()
    assert len(bench.git("worktree", "list").splitlines()) == 1
