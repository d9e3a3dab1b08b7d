"""A server that is a GitHub App, before a GitHub of the tests' own: a real store and forge, and a host in memory."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from greenroom_pipeline.api.reception import Reception
from greenroom_pipeline.events.inbox import FILE, Inbox
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.events.worker import work_once
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_app import open_app_session
from greenroom_pipeline.forge.github_server import GitHubServer
from greenroom_pipeline.holdout import read_holdout
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.score import begin_name
from greenroom_services.bundle import PackedBundle, receive_bundle
from tests.api_server import MemoryPreviews
from tests.forges import IMPATIENT
from tests.github.apps import FakeApp
from tests.github.records import Check, Comment
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Workbench, init_repository
from tests.registrations import register
from tests.submissions import PROJECT, Draft, as_parquet, make_draft

SETTINGS = f"""
[project]
name = "{PROJECT}"
task = "regression"
[train]
command = "false"
inputs = ["train.py"]
[data]
holdout = "holdout.csv"
target = "delay"
[gate]
min_rows = 4
[[gate.check]]
metric = "rmse"
max_loss = 1
"""
ROWS = pd.DataFrame({"distance": [1.5, 2.5, 4.0, 8.0] * 30, "delay": [1.0, 2.0, 3.0, 4.0] * 30})


@dataclass
class Stage:
    bench: Workbench
    github: FakeGitHub
    repository: FakeRepository
    app: FakeApp
    server: AppServer
    previews: MemoryPreviews
    inbox: Inbox
    folder: Path
    """For bundles."""
    packed: int = field(default=0)

    @property
    def project(self) -> Project:
        return self.server.project

    def commit(self, branch: str, message: str | None = None) -> str:
        """Commit on a branch, and leave main checked out: the server's checkout is no pull request's."""
        there = self.bench.git("branch", "--list", branch)
        self.bench.git("switch", "--quiet", *([] if there else ["--create"]), branch)
        sha = self.bench.commit(message or f"Try {branch}")
        self.bench.git("switch", "--quiet", "main")
        return sha

    def propose(
        self, branch: str = "better", *, files: tuple[str, ...] = ("train.py",), fork: str | None = None
    ) -> int:
        author = fork.partition("/")[0] if fork else "ada"
        return self.repository.open_pull(self.commit(branch), branch, files=files, fork=fork, author=author)

    def head(self, number: int) -> str:
        return self.repository.pull(number).head_sha

    def draft(
        self, number: int, *, champion: str | None = None, model: str = "1", error: float = 0.0
    ) -> Draft:
        """Return what a run of a pull request's head hands in, with predictions that are *error* off the truth."""
        pull = self.repository.pull(number)
        made = make_draft(sha=pull.head_sha, branch=pull.branch, pull=number, champion=champion, model=model)
        holdout = read_holdout(self.bench.root, self.project.settings.data, task="regression")
        made.sheet["origin"]["holdout"] = made.report["holdout"]["digest"] = holdout.digest
        made.sheet["predictions"] = f"{begin_name(holdout.digest)}{'1' * 24}"
        made.report["holdout"]["rows"] = made.profile["rows"] = len(ROWS)
        made.predictions = as_parquet(prediction=(ROWS["delay"] + error).tolist())
        return made

    def pack(self, draft: Draft) -> PackedBundle:
        self.packed += 1
        return draft.pack(self.folder / str(self.packed))

    def hand_in(self, draft: Draft, reception: Reception | None = None) -> str:
        """Hand a bundle in as the API takes it, and return the version that it became."""
        packed, number = self.pack(draft), int(draft.manifest["slot"])
        reception = reception or Reception(self.project, self.previews)
        with reception.make_room() as room:
            bundle = asyncio.run(receive_bundle(_give(packed), digest=packed.digest, into=Path(room) / "it"))
            return reception.take_in(bundle, number).version

    def crown(self, *, error: float = 2.0) -> str:
        """Put a model in production that a pull request of its own handed in, and return its digest."""
        number = self.propose("first")
        draft = self.draft(number, model="0", error=error)
        version = self.hand_in(draft)
        self.project.store.set_champion(version)
        self.repository.close(number)
        champion = self.project.store.champion()
        assert champion is not None
        return champion.tags["digest"]

    def leave(self, draft: Draft, *, fork: str, conclusion: str = "success") -> int:
        """Have a fork's workflow leave a bundle behind, and return its run's id."""
        run = self.repository.workflow_run(
            draft.manifest["sha"],
            head_repository=fork,
            head_branch=draft.sheet["origin"]["branch"],
            conclusion=conclusion,
            actor="eve",
        )
        self.repository.artifact(run, "greenroom-bundle", zip_bundle(self.pack(draft)))
        return run

    def work(self) -> None:
        """Act on all events that are due."""
        while work_once(self.server, self.inbox):
            pass

    def comment(self, number: int) -> str:
        """Return our one comment; there must not be two."""
        (ours,) = self.comments(number)
        return ours.body

    def comments(self, number: int) -> list[Comment]:
        return [each for each in self.repository.comments(number) if each.author == self.app.login]

    def check(self, sha: str) -> Check:
        """Return our one check at a commit; there must not be two."""
        (check,) = self.repository.checks(sha)
        return check

    def live(self) -> list[tuple[str, str]]:
        """Return commit and state of each deployment that has not ended."""
        deployments = self.repository.deployments()
        last = [(each.sha, self.repository.statuses(each.id)[-1].state) for each in deployments]
        return [(sha, state) for sha, state in last if state != "inactive"]

    def reactions(self, comment: int) -> list[str]:
        found = [each.reactions for each in self.repository.every_comment if each.id == comment]
        return [reaction.content for reactions in found for reaction in reactions]

    def reruns(self) -> list[int]:
        return [run.id for run in self.repository.runs if run.attempt > 1]

    def writes(self) -> int:
        return sum(each.method != "GET" and "access_tokens" not in each.path for each in self.github.requests)


async def _give(packed: PackedBundle) -> AsyncIterator[bytes]:
    for chunk in packed.chunks():
        yield chunk


def zip_bundle(packed: PackedBundle, name: str = "bundle.tar") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"".join(packed.chunks()))
    return buffer.getvalue()


@contextmanager
def open_stage(root: Path, *, tables: Path) -> Iterator[Stage]:
    """Give a server with an empty store; *tables* is an empty store's file, which takes a second to make."""
    bench = init_repository(root / PROJECT)
    bench.write("greenroom.toml", SETTINGS)
    ROWS.to_csv(bench.root / "holdout.csv", index=False)
    bench.commit("A project")
    bench.places.home.mkdir()
    shutil.copy(tables, bench.places.home / "mlflow.db")
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        registration = register(github, bench.places.home)
        app = github.find_app(registration.app.slug if registration.app else "")
        assert registration.app is not None
        session = open_app_session(registration, registration.app, IMPATIENT)
        project = open_project(bench.places)
        project = replace(project, forge=GitHubForge(session, project.repository))
        previews = MemoryPreviews()
        server = AppServer(project, registration, GitHubServer(session, registration), previews)
        inbox = Inbox(bench.places.home / FILE)
        yield Stage(bench, github, repository, app, server, previews, inbox, root / "bundles")
