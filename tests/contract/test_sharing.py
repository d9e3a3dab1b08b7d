"""Pull requests with one head on a server that is an App: a commit's check is what the strictest of them comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from greenroom_pipeline.events.rounds import SECONDS, Rounds
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.forge.github import GitHubForge
from tests.app_stage import Stage, open_stage
from tests.github.repository import FakeRepository

GATE, ASIDE = "greenroom/gate", "greenroom/gate into nearly"


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        opened.repository.history.advance("nearly", opened.bench.git("rev-parse", "main"))
        yield opened


def report(stage: Stage, number: int, *, fails: bool) -> None:
    """Hand a run in, and settle the pull request."""
    draft = stage.draft(number)
    if fails:
        draft.report["checks"][0]["outcome"], draft.report["verdict"] = "failed", "fail"
    stage.hand_in(draft)
    settle(stage.server, number)


def copy(stage: Stage, number: int, branch: str, *, fork: str | None = None, base: str = "main") -> int:
    """Open another pull request with the head of one."""
    author, files = ("eve" if fork else "mallory"), ("README.md",) if base == "nearly" else ("train.py",)
    stage.github.person(author)
    head = stage.head(number)
    return stage.repository.open_pull(head, branch, base=base, files=files, fork=fork, author=author)


def checks(stage: Stage, number: int) -> dict[str, str | None]:
    return {each.name: each.conclusion for each in stage.repository.checks(stage.head(number))}


def test_a_pull_request_into_another_branch_passes_nothing_here(stage: Stage) -> None:
    """Its branch may have all but a harmless commit already, so what it touches there says nothing of main."""
    number = stage.propose("bad")
    report(stage, number, fails=True)
    settle(stage.server, copy(stage, number, "bad", base="nearly"))
    settle(stage.server, number)

    assert checks(stage, number) == {GATE: "failure", ASIDE: "success"}


def test_a_pull_request_that_goes_elsewhere_and_comes_back(stage: Stage) -> None:
    """What it was for the other branch does not come back with it."""
    number = stage.propose("bad")
    report(stage, number, fails=True)
    stage.repository.retarget(number, "nearly", files=["README.md"])
    settle(stage.server, number)
    there = checks(stage, number)
    stage.repository.retarget(number, "main", files=["train.py"])
    settle(stage.server, number)

    assert there[GATE] == checks(stage, number)[GATE] == "failure"


@dataclass(frozen=True)
class Restless(GitHubForge):
    """Has a pull request go elsewhere between the look at it and the look at its files."""

    there: FakeRepository | None = None

    def changed_files(self, number: int) -> Sequence[str] | None:
        assert self.there is not None
        self.there.retarget(number, "nearly", files=["README.md"])
        return super().changed_files(number)


def test_files_that_were_listed_for_another_branch_do_not_count(stage: Stage) -> None:
    """A pull request that changes while it is looked at waits for the next look."""
    number, forge = stage.propose("bad"), stage.server.forge
    assert isinstance(forge, GitHubForge)
    restless = Restless(forge.session, forge.repository, there=stage.repository)
    server = replace(stage.server, project=replace(stage.project, forge=restless))

    assert not settle(server, number)
    assert checks(stage, number) == {GATE: None}


def test_the_strictest_of_two_into_one_branch_stands(stage: Stage) -> None:
    """In whatever order they are looked at; and with the strict one its word goes, on the next round at the latest."""
    number = stage.propose("bad")
    report(stage, number, fails=False)
    twin = copy(stage, number, "twin")
    settle(stage.server, twin)
    waiting = checks(stage, number)
    report(stage, twin, fails=True)
    settle(stage.server, number)
    failing = checks(stage, number)
    now = [0.0]
    rounds = Rounds(stage.server, clock=lambda: now[0])
    while rounds.step():
        pass
    stage.repository.push(twin, stage.commit("twin", "Something else"))
    now[0] += SECONDS
    while rounds.step():
        pass

    assert (waiting, failing) == ({GATE: None}, {GATE: "failure"})
    assert checks(stage, number) == {GATE: "success"}


def test_a_stranger_s_copy_holds_nobody_up(stage: Stage) -> None:
    """A fork with the head of a pull request of ours has a comment of its own, and no say in the check."""
    number = stage.propose("good")
    report(stage, number, fails=False)
    theirs = copy(stage, number, "good", fork="eve/flights")
    stage.leave(stage.draft(theirs), fork="eve/flights")
    settle(stage.server, theirs)

    assert checks(stage, number) == {GATE: "success"}
    assert len(stage.comments(theirs)) == 1
