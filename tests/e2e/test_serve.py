"""`greenroom serve`: portal and previews of a project, the promotion that closes the loop, and CI that hands in."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from greenroom_pipeline.api.deployment import HostPreviews, find_preview, restore
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.packaging import package_champion
from greenroom_pipeline.project import open_project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import from_json
from greenroom_pipeline.subject import open_champion
from greenroom_services.client import HostClient, host_running
from tests.projects import Finished, Workbench, make_project, training_script

REFUSE_TOKEN = "import os\nassert 'GREENROOM_TOKEN' not in os.environ\n"


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
    settings = (bench.root / "greenroom.toml").read_text()
    (bench.root / "greenroom.toml").write_text(f"{settings}\n[preview]\ndays = 2\n")
    bench.commit("Keep previews for two days")
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
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "serve", "--port", "0", "--gateway-port", "0"]
    with subprocess.Popen(
        command, cwd=bench.root, env=dict(bench.environ), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = re.match(r"Portal: (\S+)", process.stdout.readline())
        assert found is not None
        gateway = HostClient(bench.places.host).status("cancer", "staging").address
        assert gateway is not None
        assert process.stdout.readline() == f"Gateway: {gateway.partition('/p/')[0]}\n"
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


def test_previews_from_the_command_line(served: Served, browser: Browser) -> None:
    """One who operates previews sees them, and lets them sleep, wake, stay and go; a reviewer wakes them by asking."""
    bench = served.bench

    def previews(*arguments: str) -> list[dict[str, Any]]:
        done = bench.greenroom("previews", *arguments, "--json")
        assert done.status == 0, done.err
        document = json.loads(done.out)
        listed: list[dict[str, Any]] = document.get("previews", [document])
        return listed

    assert "2" in {state["slot"] for state in previews("list")}
    assert previews("keep-awake", "2")[0]["keep_awake"] is True
    assert previews("keep-awake", "2", "--off")[0]["keep_awake"] is False
    assert previews("wake", "2")[0]["state"] == "awake"
    assert "startup complete" in bench.greenroom("previews", "logs", "2").out
    assert previews("sleep", "2")[0]["state"] == "asleep"

    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{served.portal}/try?project=cancer&pull=2")
    expect(page.locator(".st-key-preview-state")).to_contain_text("it wakes when you ask")
    page.locator(".st-key-try-it button").click()
    expect(page.locator(".st-key-candidate-number")).to_be_visible(timeout=60_000)
    page.close()
    (asked,) = [state for state in previews("list") if state["slot"] == "2"]
    assert (asked["state"], asked["errors"]) == ("awake", 0)
    table = bench.greenroom("previews", "list").out
    assert re.search(r"^2 +awake +[0-9a-f]{7} ", table, re.MULTILINE), table

    bench.git("merge", "--quiet", "--strategy=ours", "-m", "Merge the second idea", "second")
    assert [state["slot"] for state in previews("sweep")] == ["2"]
    done = bench.greenroom("previews", "wake", "2")
    assert (done.status, done.last_line) == (
        2,
        "greenroom: there is no preview in cancer/2; `greenroom run` on its branch makes one",
    )


def test_limits_reach_the_host(served: Served) -> None:
    """What `[preview]` says is what the host of `greenroom serve` goes by."""
    state = HostClient(served.bench.places.host).status("cancer", "staging")

    assert state.expires is not None
    assert state.expires < 3 * 86_400


def hand_in(served: Served, clone: Workbench, token: str, *arguments: str) -> Finished:
    """Run the loop as CI does: with the server's address and a token, and nothing else."""
    return clone.greenroom("run", *arguments, GREENROOM_SERVER=served.portal, GREENROOM_TOKEN=token)


def make_token(served: Served, *, slot: str) -> str:
    options = ("--scope", "deploy", "--project", "cancer", "--slot", slot)
    return served.bench.greenroom("token", "create", *options).out.strip()


@pytest.fixture(scope="module")
def clone(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """What CI has: the repository on a branch that was pushed, whose training refuses to see a token."""
    bench, root = served.bench, tmp_path_factory.mktemp("ci") / "cancer"
    bench.git("switch", "--quiet", "--create", "third", "main")
    bench.write("train.py", REFUSE_TOKEN + training_script("LogisticRegression(C=0.3)").lstrip())
    bench.commit("The third idea")
    bench.git("switch", "--quiet", "main")
    bench.git("clone", "--quiet", "--branch", "third", str(bench.root), str(root))
    return Workbench(root, bench.environ)


def test_a_clone_hands_in_its_candidate(served: Served, clone: Workbench) -> None:
    """A run in CI ends in one review, a preview that answers, and a candidate that can be promoted.

    The same commit again changes nothing there, and training never sees the token.
    """
    store, token = served.bench.store, make_token(served, slot="3")
    before = store.champion()
    done = hand_in(served, clone, token)
    again = hand_in(served, clone, token, "--json")
    desk = LocalDesk(open_project(served.bench.places))
    review = desk.review("cancer", 3)
    (record,) = store.records(pull="3")
    report = read_report(store, record.id)

    assert (done.status, again.status) == (0, 0), done.err + again.err
    assert re.search(r"^Preview: http://127\.0\.0\.1:\d+/p/cancer/3$", done.out, re.MULTILINE)
    assert (review.run_state, review.branch) == ("finished", "third")
    assert review.sha == clone.git("rev-parse", "HEAD")
    assert report is not None
    assert before is not None
    assert report.champion is not None
    assert (report.champion.digest, report.champion.version) == (before.tags["digest"], before.version)
    assert from_json(again.out).metrics == report.metrics
    assert store.champion() == before

    host = HostClient(served.bench.places.host)
    row = host.describe("cancer", "3")["profile"]["examples"][0]
    assert host.predict("cancer", "3", [row])["model"]["digest"] == report.candidate.digest
    desk.promote("cancer", 3, sha=review.sha, by="Grace")
    champion = store.champion()
    assert champion is not None
    assert champion.tags["digest"] == report.candidate.digest


def test_a_token_that_was_revoked_is_one_line(served: Served, clone: Workbench) -> None:
    """A run whose token has ended says so, and what to do, before anything is trained."""
    token = make_token(served, slot="3")
    served.bench.greenroom("token", "revoke", token.split("_")[1])
    refused = hand_in(served, clone, token)

    assert refused.status == 2
    assert "does not take GREENROOM_TOKEN" in refused.last_line
    assert "train" not in refused.out


def test_a_preview_comes_back_from_the_store(served: Served, clone: Workbench) -> None:
    """What went with its pull request is built again from the model in MLflow, and answers as production does now."""
    project = open_project(served.bench.places)
    previews, host = HostPreviews(served.bench.places.host), HostClient(served.bench.places.host)
    (record,) = project.store.records(pull="3")
    version = next(each for each in project.store.versions() if each.version == record.tags["version"])
    package = package_champion(project, open_champion(project.store, version))
    link = restore(previews, package, project="cancer", slot="3", sha=record.tags["sha"], timeout=120)
    row = host.describe("cancer", "production")["profile"]["examples"][0]

    assert link.state == "awake", link
    assert host.predict("cancer", "3", [row]) == host.predict("cancer", "production", [row])
    assert previews.status("cancer", "3").sha == record.tags["sha"]
    assert previews.keep_awake("cancer", "3").keep_awake
    previews.remove("cancer", "3")
    assert find_preview(previews, project="cancer", slot="3").state == "absent"
