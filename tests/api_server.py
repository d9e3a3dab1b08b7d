"""The API over HTTP, of a project without any training: a real repository and store, and a host in memory."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from greenroom_pipeline.access import Access
from greenroom_pipeline.api.app import Api
from greenroom_pipeline.api.exchange import Exchange
from greenroom_pipeline.api.identity import TokenSenders
from greenroom_pipeline.api.mount import mount_api
from greenroom_pipeline.api.reception import Reception
from greenroom_pipeline.packaging import Package
from greenroom_pipeline.project import Project, open_project
from greenroom_services.bundle import Bundle, PackedBundle
from greenroom_services.errors import HostAbsent, PreviewAbsent, ServiceError
from greenroom_services.previews import PreviewState
from greenroom_services.tokens import Scope, TokenStore
from tests.projects import Workbench, init_repository
from tests.submissions import PROJECT, Draft

SETTINGS = f"""
[project]
name = "{PROJECT}"
task = "regression"
[train]
command = "false"
[data]
holdout = "holdout.csv"
target = "delay"
[[gate.check]]
metric = "rmse"
max_loss = 1
"""


@dataclass
class MemoryPreviews:
    """A host that runs what it is given at once, unless it is made to *fail*."""

    fail: ServiceError | None = None
    running: dict[str, Bundle] = field(default_factory=dict)
    """What came in a bundle."""
    shas: dict[str, str] = field(default_factory=dict)
    """The commit in each slot."""
    kept: set[str] = field(default_factory=set)
    deployments: int = 0

    def deploy(self, bundle: Bundle, *, timeout: float) -> PreviewState:
        assert (bundle.bento / "bento.yaml").is_file()
        manifest = bundle.manifest
        state = self._run(manifest.project, manifest.slot, sha=manifest.sha)
        self.running[manifest.slot] = bundle
        return state

    def restore(self, package: Package, *, project: str, slot: str, sha: str, timeout: float) -> PreviewState:
        assert (package.bento.path / "bento.yaml").is_file()
        return self._run(project, slot, sha=sha)

    def status(self, project: str, slot: str) -> PreviewState:
        if isinstance(self.fail, HostAbsent):
            raise self.fail
        if slot not in self.shas:
            raise PreviewAbsent(f"there is no preview in {project}/{slot}")
        address = f"http://127.0.0.1:1/p/{project}/{slot}"
        return PreviewState(
            project=project, slot=slot, state="awake", bento="", address=address, sha=self.shas[slot]
        )

    def remove(self, project: str, slot: str) -> PreviewState:
        state = self.status(project, slot)
        del self.shas[slot]
        return state.model_copy(update={"state": "stopped"})

    def keep_awake(self, project: str, slot: str) -> PreviewState:
        self.kept.add(slot)
        return self.status(project, slot)

    def _run(self, project: str, slot: str, *, sha: str) -> PreviewState:
        if self.fail is not None:
            raise self.fail
        self.shas[slot] = sha
        self.deployments += 1
        return self.status(project, slot)


@dataclass
class ApiServer:
    """A served project with one branch that is no pull request yet."""

    bench: Workbench
    project: Project
    previews: MemoryPreviews
    tokens: TokenStore
    address: str
    head: str

    def token(self, *, scope: Scope = "deploy", project: str = PROJECT, slot: str = "7") -> str:
        expires = datetime.now(UTC) + timedelta(hours=1)
        return self.tokens.create(scope=scope, project=project, slot=slot, expires=expires)[1]

    def access(self) -> Access:
        return Access(self.address, self.token())

    def ask(self, path: str, *, token: str | None = None, method: str = "GET", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.token()}"} | more.pop("headers", {})
        return httpx.request(method, f"{self.address}/api{path}", headers=headers, timeout=60, **more)

    def put(self, packed: PackedBundle, *, pull: int = 7, token: str | None = None) -> httpx.Response:
        path = f"/projects/{PROJECT}/pulls/{pull}/bundle"
        return self.ask(path, token=token, method="PUT", content=packed.chunks(), headers=packed.headers())

    def hand_in(self, draft: Draft, folder: Path) -> httpx.Response:
        return self.put(draft.pack(folder))

    def champion_digest(self) -> str | None:
        champion = self.project.store.champion()
        return champion.tags["digest"] if champion else None


def make_repository(root: Path) -> Workbench:
    bench = init_repository(root)
    bench.write("greenroom.toml", SETTINGS)
    bench.commit("A project")
    bench.git("switch", "--quiet", "--create", "better")
    bench.commit("A better model")
    bench.git("switch", "--quiet", "main")
    return bench


@contextmanager
def serving_api(
    root: Path,
    *,
    tables: Path,
    exchange: Exchange | None = None,
    listener: socket.socket | None = None,
) -> Iterator[ApiServer]:
    """Serve a new project in *root*; *tables* is an empty store's file, which takes a second to make."""
    bench = make_repository(root)
    bench.places.home.mkdir()
    shutil.copy(tables, bench.places.home / "mlflow.db")
    project = open_project(bench.places)
    previews, tokens = MemoryPreviews(), TokenStore(bench.places.tokens)
    server = ApiServer(bench, project, previews, tokens, "", bench.git("rev-parse", "better"))
    api = Api(TokenSenders(tokens), lambda: Reception(server.project, previews), exchange=exchange)
    with serving(api, listener) as address:
        server.address = address
        yield server


def listen() -> tuple[socket.socket, str]:
    """Return a free port's socket, and the address at which it will be served."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(api: Api, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve the API under /api on the listener, by default on a free port."""
    with serving_app(api.app(), listener) as address:
        yield address


@contextmanager
def serving_app(api: Starlette, listener: socket.socket | None = None) -> Iterator[str]:
    app = Starlette(routes=mount_api(api))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener] if listener else None})
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
