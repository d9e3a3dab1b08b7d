"""`greenroom serve`: the portal and the previews of a project, and the promotion that closes the loop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from greenroom_services.client import HostClient, host_running
from tests.projects import Workbench, make_project, training_script


@dataclass(frozen=True)
class Served:
    bench: Workbench
    portal: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A project with a champion and two candidates, served until it is stopped by Ctrl-C."""
    bench = make_project(
        tmp_path_factory.mktemp("serve") / "cancer", "binary", estimator="LogisticRegression(C=0.001)"
    )
    bench.greenroom("run")
    bench.greenroom("promote")
    for branch, estimator in (
        ("first", "LogisticRegression(C=0.1)"),
        ("second", "LogisticRegression(C=0.2)"),
    ):
        bench.git("switch", "--quiet", "--create", branch, "main")
        bench.write("train.py", training_script(estimator))
        bench.commit(f"The {branch} idea")
        bench.greenroom("run")
    bench.git("switch", "--quiet", "main")
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=bench.root, env=dict(bench.environ), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.match(r"Portal: (\S+)", process.stdout.readline())
        assert found is not None
        yield Served(bench, found[1])
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert process.returncode == 130
    assert not host_running(bench.places.host)


def test_promotion_merges_and_moves_production(served: Served, browser: Browser) -> None:
    """The promote button merges the branch, makes the reviewed bytes the champion, and serves them.

    The other review then says that production has changed, and its candidate must be evaluated again.
    """
    bench, store = served.bench, served.bench.store
    head = bench.git("rev-parse", "first")
    reviewed = next(version for version in store.versions() if version.tags["sha"] == head)
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{served.portal}/review?project=cancer&pull=1")
    page.locator(".st-key-promote button").click()
    page.locator(".st-key-promote-name input").fill("Grace")
    page.locator(".st-key-promote-name input").press("Tab")
    page.locator(".st-key-promote-confirm button").click()
    expect(page.locator(".st-key-promoted")).to_contain_text(
        "in production, promoted by Grace", timeout=60_000
    )
    page.goto(f"{served.portal}/review?project=cancer&pull=2")
    expect(page.get_by_text("Production has changed since this comparison")).to_be_visible(timeout=60_000)
    page.close()

    champion = store.champion()
    assert champion is not None
    assert (champion.version, champion.tags["promoted_by"]) == (reviewed.version, "Grace")
    model = HostClient(bench.places.host).describe("cancer", "production")["model"]
    assert model["digest"] == reviewed.tags["digest"]
    assert bench.git("log", "-1", "--format=%an %P", "main").split()[-1] == head
    assert (bench.root / "train.py").read_text() == training_script("LogisticRegression(C=0.1)").lstrip()
    bench.git("switch", "--quiet", "second")
    assert "did not" not in bench.greenroom("run").err
    bench.git("switch", "--quiet", "main")
