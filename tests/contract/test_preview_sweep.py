"""The server removes previews whose pull request is no longer open, by the forge's own word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from greenroom_pipeline.places import find_places
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.serve import sweep_previews, sweeping
from greenroom_services.client import HostClient
from tests.contract.thread_previews import MODEL, SHA, bento_folder, hosting
from tests.patience import await_true
from tests.projects import init_repository

SETTINGS = """
[project]
name = "flights"
task = "binary"

[train]
command = "true"

[data]
holdout = "holdout.csv"
target = "late"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with two pull requests: one open, one merged."""
    tmp_path = tmp_path_factory.mktemp("sweep")
    bench = init_repository(tmp_path / "flights")
    bench.write("greenroom.toml", SETTINGS)
    bench.commit("Begin")
    opened = open_project(find_places(bench.root, {"GREENROOM_CACHE": str(tmp_path / "cache")}))
    for branch in ("merged", "open"):
        bench.git("switch", "--quiet", "--create", branch, "main")
        bench.commit(f"Propose {branch}")
        assert opened.forge.pull_of_checkout() is not None
    bench.git("switch", "--quiet", "main")
    bench.git("merge", "--quiet", "merged")
    return opened


async def answer(request: Request) -> JSONResponse:
    return JSONResponse({"path": request.url.path})


@pytest.fixture
def host(project: Project, cache: Path, tmp_path: Path) -> Iterator[HostClient]:
    """A host with previews in slots of both pull requests, of none, and of what is no pull request."""
    bento = bento_folder(tmp_path / "bento")
    with hosting(project.places.host, answer, cache=cache) as client:
        for slot in ("1", "2", "9", "production", "staging"):
            client.deploy("flights", slot, bento=bento, requirements=[], sha=SHA, model=MODEL)
        yield client


def test_the_server_sweeps(project: Project, host: HostClient) -> None:
    """Merged pull requests and those that the forge does not know leave no preview; all others stay."""
    with sweeping(project):
        await_true(lambda: len(host.previews()) == 3, timeout=30)

    assert [state.slot for state in host.previews()] == ["2", "production", "staging"]


def test_a_sweep_without_a_host(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """A sweep that finds no host is logged, and the server goes on."""
    sweep_previews(project)

    assert "the previews were not swept: no preview host runs on" in caplog.text
