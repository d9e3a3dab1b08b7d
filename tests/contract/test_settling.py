"""A server that is an App: what is live of a pull request fits what it is, whatever became of the events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.events.settling import settle, settle_queue
from greenroom_services.errors import BundleStale, HostFull
from tests.app_stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        yield opened


def test_a_pull_request_from_open_to_closed_and_back(stage: Stage) -> None:
    """A check waits for the run; its report becomes comment, check and deployment; all of it ends and comes back."""
    number = stage.propose()
    head = stage.head(number)
    assert not settle(stage.server, number)
    assert (stage.check(head).status, stage.comments(number)) == ("in_progress", [])

    stage.hand_in(stage.draft(number))
    assert settle(stage.server, number)
    assert (stage.check(head).conclusion, stage.live()) == ("success", [(head, "success")])
    assert "RMSE falls by 2.1" in stage.comment(number)
    assert f"https://greenroom.example.com/review?project=flights&pull={number}" in stage.comment(number)
    before = stage.writes()
    assert settle(stage.server, number)
    assert stage.writes() == before

    stage.repository.close(number)
    assert settle(stage.server, number)
    assert (stage.live(), stage.previews.shas) == ([], {})

    stage.repository.reopen(number)
    assert settle(stage.server, number)
    assert (stage.live(), stage.previews.shas) == ([(head, "success")], {str(number): head})
    assert len(stage.comments(number)) == 1


def test_what_touches_nothing_passes_at_once(stage: Stage) -> None:
    """A check passes without a comment, also when the commit was waiting before for what it no longer changes."""
    number = stage.propose(files=("README.md",))

    assert settle(stage.server, number)
    assert (stage.check(stage.head(number)).conclusion, stage.comments(number)) == ("success", [])


def test_a_run_that_hands_nothing_in_is_told(stage: Stage) -> None:
    """A workflow that ended without a report leaves no check waiting for ever; when it runs again, the check waits."""
    number = stage.propose()
    head = stage.head(number)
    stage.repository.workflow_run(head, conclusion="failure")
    settle(stage.server, number)
    failed = stage.check(head)
    said = (failed.conclusion, "No verdict" in str(failed.output["title"]))
    stage.repository.workflow_run(head, conclusion=None)
    settle(stage.server, number)

    assert said == ("failure", True)
    assert "handed no report in" in stage.comment(number)
    assert (stage.check(head).status, stage.check(head).conclusion) == ("in_progress", None)


def test_other_workflows_do_not_count(stage: Stage) -> None:
    """A run of another file, event, commit, repository or branch says nothing of this one."""
    number = stage.propose()
    head = stage.head(number)
    stage.repository.workflow_run(head, path=".github/workflows/lint.yml", conclusion="failure")
    stage.repository.workflow_run(head, event="push", conclusion="failure")
    stage.repository.workflow_run(stage.commit("other"), conclusion="failure")
    stage.github.repository("eve/flights", parent=stage.repository)
    stage.repository.workflow_run(head, head_repository="eve/flights", conclusion="failure")
    stage.repository.workflow_run(head, head_branch="twin", conclusion="failure")
    stage.repository.workflow_run(head, conclusion="action_required")  # it waits for a maintainer
    settle(stage.server, number)

    assert stage.check(head).status == "in_progress"


def test_a_push_begins_anew(stage: Stage) -> None:
    """The report of the commit before passes nothing of the new one, whose check waits."""
    number = stage.propose()
    stage.hand_in(stage.draft(number))
    settle(stage.server, number)
    before, head = stage.head(number), stage.commit("better", "Even better")
    stage.repository.push(number, head)
    settle(stage.server, number)

    assert (stage.check(before).conclusion, stage.check(head).conclusion) == ("success", None)


def test_an_expired_preview_stays_away(stage: Stage) -> None:
    """What has gone by itself is not brought back on a round; what went with its pull request is, with it."""
    number = stage.propose()
    stage.hand_in(stage.draft(number))
    settle(stage.server, number)
    stage.previews.remove("flights", str(number))
    settle(stage.server, number)

    assert stage.previews.shas == {}


def test_a_host_without_room_leaves_a_preview_for_later(stage: Stage) -> None:
    """The report stands without it, and it comes up once there is room."""
    number = stage.propose()
    stage.hand_in(stage.draft(number))
    stage.repository.close(number)
    settle(stage.server, number)
    stage.repository.reopen(number)
    stage.previews.fail = HostFull("the disk is full")
    settle(stage.server, number)
    away = dict(stage.previews.shas)
    stage.previews.fail = None
    settle(stage.server, number)

    assert (away, set(stage.previews.shas)) == ({}, {str(number)})


def test_a_bundle_that_comes_too_late_is_stale(stage: Stage) -> None:
    """Of a commit that is the head no longer, or of a pull request that was closed: a conflict, and nothing is kept."""
    moved, closed = stage.propose("moved"), stage.propose("closed")
    late = [stage.draft(moved), stage.draft(closed)]
    stage.repository.push(moved, stage.commit("moved", "Something else"))
    stage.repository.close(closed)
    for draft, why in zip(late, ("has moved from", "is closed"), strict=True):
        with pytest.raises(BundleStale, match=why):
            stage.hand_in(draft)

    assert stage.project.store.records() == []


def queue(stage: Stage, number: int, *, branch: str = "main") -> str:
    """Have the merge queue ask for a commit that merges a pull request, and return that commit."""
    sha = stage.repository.commit(f"{number:040x}").sha
    settle_queue(stage.server, sha=sha, ref=f"refs/heads/gh-readonly-queue/{branch}/pr-{number}-{'b' * 40}")
    return sha


def test_the_merge_queue_gets_the_verdict(stage: Stage) -> None:
    """It is copied while production is what the run compared with, and after that fails and says why."""
    champion = stage.crown()
    number = stage.propose()
    stage.hand_in(stage.draft(number, champion=champion))
    passed = stage.check(queue(stage, number)).conclusion
    other = stage.propose("other")
    version = stage.hand_in(stage.draft(other, champion=champion, model="2"))
    stage.project.store.set_champion(version)
    stale = stage.check(queue(stage, number))

    assert passed == "success"
    assert stale.conclusion == "failure"
    assert "production has changed" in str(stale.output["summary"])


def test_the_merge_queue_waits_for_a_maintainer(stage: Stage) -> None:
    """A fork whose preview nobody has let start is not merged by the queue, and the check says what it waits for."""
    number = stage.propose("idea", fork="eve/flights")
    stage.leave(stage.draft(number), fork="eve/flights")
    settle(stage.server, number)
    held = stage.check(queue(stage, number))

    assert stage.check(stage.head(number)).conclusion == "action_required"
    assert held.conclusion == "failure"
    assert "waits for a maintainer's word on commit" in str(held.output["summary"])


def test_the_merge_queue_is_told_what_lacks(stage: Stage) -> None:
    """No report, or a pull request that goes elsewhere, fails; what touches nothing passes; no name, no check."""
    waiting, untouched = stage.propose(), stage.propose("docs", files=("README.md",))
    lacking, elsewhere = stage.check(queue(stage, waiting)), queue(stage, untouched, branch="next")
    settle_queue(stage.server, sha="c" * 40, ref="refs/heads/main")

    assert (lacking.conclusion, "has no report" in str(lacking.output["summary"])) == ("failure", True)
    assert "goes into main, not next" in str(stage.check(elsewhere).output["summary"])
    assert stage.check(queue(stage, untouched)).conclusion == "success"
    assert stage.repository.checks("c" * 40) == []
