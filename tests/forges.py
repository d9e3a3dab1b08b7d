"""Both forges with a repository behind them, so that one set of tests holds for both."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_requester import Patience
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.forge.local import LocalForge
from greenroom_pipeline.forge.posts import Annotation, Button, Check, Deployment
from greenroom_pipeline.repository import Repository
from tests.github.records import ChangedFile
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Workbench

KEY = "flights"

# Tests wait for nothing that they need not see.
IMPATIENT = Patience(between_writes=0, tries=(0, 0, 0), limit=5, sleep=lambda _: None)


@dataclass(frozen=True)
class Shown:
    """A check as people see it."""

    name: str
    state: str
    title: str


class World(Protocol):
    """A forge, and what a test does and sees there past it."""

    def forge(self) -> Forge:
        """Return a forge of its own, as another process would open it."""
        ...

    def propose(self, branch: str, message: str, *, files: Mapping[str, str] | None = None) -> int:
        """Open a pull request of a new branch, which is checked out then."""
        ...

    def push(self, number: int, message: str) -> str:
        """Return the new head."""
        ...

    def conflict(self, number: int) -> None:
        """Have the default branch change in a way that the pull request does not merge with."""
        ...

    def checks(self, sha: str, key: str) -> list[Shown]: ...

    def live(self, number: int, key: str) -> list[tuple[str, str]]:
        """Return commit and state of each live deployment."""
        ...

    def written(self, sha: str) -> tuple[str, str]:
        """Return a commit's author, as people read it there, and its message."""
        ...


@dataclass
class LocalWorld:
    bench: Workbench

    def forge(self) -> LocalForge:
        return LocalForge(Repository(self.bench.root))

    def propose(self, branch: str, message: str, *, files: Mapping[str, str] | None = None) -> int:
        commit_on(self.bench, branch, message, files)
        opened = self.forge().pull_of_checkout()
        assert opened is not None
        return opened.number

    def push(self, number: int, message: str) -> str:
        self.bench.git("switch", "--quiet", self.forge().pull(number).branch)
        return self.bench.commit(message)

    def conflict(self, number: int) -> None:
        self.bench.git("switch", "--quiet", "main")
        for name in self.forge().changed_files(number) or ():
            self.bench.write(name, "on main")
        self.bench.commit("Go another way")

    def checks(self, sha: str, key: str) -> list[Shown]:
        found = []
        refs = self.bench.git("for-each-ref", "--format=%(refname)", f"refs/notes/greenroom/{key}/")
        for ref in refs.split():
            if sha in self.bench.git("notes", f"--ref={ref}", "list"):
                first, title, *_ = self.bench.git("notes", f"--ref={ref}", "show", sha).splitlines()
                name, _, state = first.partition(": ")
                found.append(Shown(name, state, title))
        return found

    def live(self, number: int, key: str) -> list[tuple[str, str]]:
        refs = self.bench.git(
            "for-each-ref", "--format=%(refname)", f"refs/greenroom/deployment/{number}/{key}"
        )
        texts = [self.bench.git("cat-file", "blob", ref) for ref in refs.split()]
        return [(re.findall(r"^commit (\w+)$", text, re.M)[0], text.partition(":")[0]) for text in texts]

    def written(self, sha: str) -> tuple[str, str]:
        author, message = self.bench.git("show", "-s", "--format=%an%x00%B", sha).split("\0")
        return author, message.strip()


@dataclass
class GitHubWorld:
    bench: Workbench
    github: FakeGitHub
    repository: FakeRepository
    token: str

    def forge(
        self,
        token: str | None = None,
        *,
        name: str | None = None,
        checkout: int | None = None,
        patience: Patience = IMPATIENT,
    ) -> GitHubForge:
        session = open_job_session(
            self.github.api,
            token=token or self.token,
            name=name or self.repository.full_name,
            patience=patience,
        )
        return GitHubForge(session, Repository(self.bench.root), checkout)

    def writes(self) -> list[str]:
        """Return every request that would change something."""
        return [
            f"{each.method} {each.path}"
            for each in self.github.requests
            if each.method != "GET" and each.path != "/graphql"
        ]

    def propose(self, branch: str, message: str, *, files: Mapping[str, str] | None = None) -> int:
        head = commit_on(self.bench, branch, message, files)
        names = self.bench.git("diff", "--name-status", "-M", f"main...{branch}").splitlines()
        for name in files or {}:
            if (self.bench.root / name).is_file():
                self.repository.keep_file(head, name, (self.bench.root / name).read_bytes())
        return self.repository.open_pull(
            head, branch, title=message, files=[_read_change(line) for line in names]
        )

    def push(self, number: int, message: str) -> str:
        self.bench.git("switch", "--quiet", self.repository.pull(number).branch)
        head = self.bench.commit(message)
        self.repository.push(number, head)
        return head

    def conflict(self, number: int) -> None:
        self.repository.pull(number).mergeable = False

    def checks(self, sha: str, key: str) -> list[Shown]:
        """What GitHub shows of those of a name: the newest."""
        newest = {each.name: each for each in self.repository.checks(sha) if each.external_id == key}
        return [
            Shown(each.name, each.conclusion or "running", each.output["title"] or "")
            for each in newest.values()
        ]

    def live(self, number: int, key: str) -> list[tuple[str, str]]:
        return [
            (each.sha, {"in_progress": "running"}.get(each.state, each.state))
            for each in self.repository.deployments()
            if each.task == f"preview:{key}:{number}" and each.state != "inactive"
        ]

    def written(self, sha: str) -> tuple[str, str]:
        commit = self.repository.find_commit(sha)
        return commit.writer, commit.message


def a_check(sha: str, **changes: object) -> Check:
    check = Check(
        name="greenroom/gate",
        key=KEY,
        sha=sha,
        state="success",
        title="Passed",
        summary="Better on every slice.",
        text="| metric | candidate |\n|---|---|",
        link="https://greenroom.example.com/review?pull=1",
        annotations=[Annotation("greenroom.toml", 3, "warning", "GR105", "Rows flip.")],
        buttons=[Button("Keep awake", "Keep the preview awake", "keep-awake")],
    )
    return replace(check, **changes)  # type: ignore[arg-type]


def a_deployment(pull: int, sha: str, **changes: object) -> Deployment:
    deployment = Deployment(
        key=KEY,
        pull=pull,
        sha=sha,
        digest="d" * 64,
        state="success",
        description="The candidate answers",
        link="https://greenroom.example.com/review?pull=1",
        log="https://github.com/ada/flights/actions/runs/1",
    )
    return replace(deployment, **changes)  # type: ignore[arg-type]


def at_once(*actions: Callable[[], None]) -> None:
    """Do all at the same time, and raise what one of them raises."""
    failed: list[BaseException] = []
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], None]) -> None:
        start.wait(10)
        try:
            action()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]


def commit_on(bench: Workbench, branch: str, message: str, files: Mapping[str, str] | None) -> str:
    """Return the commit of a new branch, which is checked out then."""
    bench.git("switch", "--quiet", "--create", branch, "main")
    for name, text in ({f"{branch}.txt": message} if files is None else files).items():
        bench.write(name, text)
    return bench.commit(message)


def _read_change(line: str) -> ChangedFile:
    letter, *names = line.split("\t")
    if letter.startswith("R"):
        return ChangedFile(names[1], "renamed", previous=names[0])
    return ChangedFile(names[0], {"A": "added", "D": "removed"}.get(letter, "modified"))
