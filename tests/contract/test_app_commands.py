"""Commands and buttons on a server that is an App: done for who may, answered in our one comment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.events.hints import ButtonHint, CommandHint
from greenroom_pipeline.events.settling import settle, settle_queue
from greenroom_pipeline.events.worker import work_once
from greenroom_pipeline.record import find_finished, read_report
from tests.app_stage import Stage, open_stage
from tests.submissions import PREDICTIONS_KEY, PROJECT

FORK = "eve/flights"


@pytest.fixture
def stage(tmp_path: Path, tables: Path) -> Iterator[Stage]:
    with open_stage(tmp_path, tables=tables) as opened:
        opened.repository.permission("bob", "write")
        opened.repository.permission("tom", "triage")
        opened.github.person("eve")
        yield opened


def say(stage: Stage, number: int, text: str, *, by: str = "bob") -> list[str]:
    """Have someone comment and the worker act on it; return the reactions to the comment."""
    comment = write(stage, number, text, by=by)
    return hear(stage, number, comment, by=by)


def write(stage: Stage, number: int, text: str, *, by: str = "bob") -> int:
    """Have someone comment, a while after all that there is by now: GitHub tells no parts of a second."""
    stage.github.person(by)
    stage.github.clock.advance(2)
    return stage.repository.say(number, by, text)


def hear(stage: Stage, number: int, comment: int, *, by: str = "bob") -> list[str]:
    hint = CommandHint(number=number, comment=comment, sender=by)
    stage.inbox.note(hint.kind, hint.model_dump(mode="json"))
    assert work_once(stage.server, stage.inbox)
    assert stage.inbox.take() is None
    return stage.reactions(comment)


def fail(stage: Stage, number: int) -> None:
    """Hand a run of the newest commit in that does not pass GR102."""
    draft = stage.draft(number)
    draft.report["checks"][0]["outcome"], draft.report["verdict"] = "failed", "fail"
    stage.hand_in(draft)
    settle(stage.server, number)


def queue(stage: Stage, number: int) -> str:
    """Have the merge queue ask for a commit that merges a pull request, and return that commit."""
    sha = stage.repository.commit(f"{number:040x}").sha
    settle_queue(stage.server, sha=sha, ref=f"refs/heads/gh-readonly-queue/main/pr-{number}-{'b' * 40}")
    return sha


def press(
    stage: Stage, number: int, identifier: str, *, by: str = "bob", check: str = "greenroom/gate"
) -> None:
    hint = ButtonHint(sha=stage.head(number), check=check, key=PROJECT, identifier=identifier, sender=by)
    stage.inbox.note(hint.kind, hint.model_dump(mode="json"))
    assert work_once(stage.server, stage.inbox)


def test_people_with_rights_are_heeded(stage: Stage) -> None:
    """Rerun, keep-awake and explain do what they say, each answered in the one comment."""
    number = stage.propose()
    run = stage.repository.workflow_run(stage.head(number))
    stage.hand_in(stage.draft(number))
    settle(stage.server, number)

    assert say(stage, number, "/greenroom rerun") == ["eyes", "+1"]
    assert say(stage, number, "Please\n\n/greenroom keep-awake") == ["eyes", "+1"]
    assert say(stage, number, "/greenroom explain gr102") == ["eyes", "+1"]
    comment = stage.comment(number)
    assert stage.reruns() == [run]
    assert stage.previews.kept == {str(number)}
    assert "**bob** asked _/greenroom rerun_: The run of commit" in comment
    assert "RMSE loses at most 1 passed: It falls." in comment
    assert "RMSE falls by 2.1" in comment
    settle(stage.server, number)
    assert stage.comment(number) == comment
    assert comment.endswith(
        " · `/greenroom keep-awake` · `/greenroom explain CHECK` · `/greenroom override CHECK reason`</sub>"
    )


@pytest.mark.parametrize("by", ["eve", "tom"])
def test_others_are_turned_away(stage: Stage, by: str) -> None:
    """For whoever may not push nothing is done and no comment made; one reaction says so. The role of now counts."""
    number = stage.propose()
    stage.repository.workflow_run(stage.head(number))
    before = stage.writes()

    assert say(stage, number, "/greenroom rerun", by=by) == ["-1"]
    assert [say(stage, number, f"/greenroom {word}", by=by) for word in ("rerun", "x", "")] == [[]] * 3
    assert (stage.comments(number), stage.reruns(), stage.writes() - before) == ([], [], 1)
    other = stage.propose("other")
    assert say(stage, other, "/greenroom rerun", by=by) == ["-1"]
    stage.repository.permission(by, "write")
    assert say(stage, number, "/greenroom rerun", by=by) == ["eyes", "+1"]


def test_a_stranger_s_words_push_nobody_s_out(stage: Stage) -> None:
    """Nor do commands that a maintainer could not have: what was done is told for as long as there is room."""
    number = stage.propose()
    fail(stage, number)
    say(stage, number, "/greenroom override GR102 hotfix")
    for _ in range(6):
        say(stage, number, "/greenroom x", by="eve")
        say(stage, number, "/greenroom explain GR999")

    assert "**bob** asked _/greenroom override GR102_" in stage.comment(number)
    assert stage.comment(number).count("There is no check GR999") == 1
    assert "eve" not in stage.comment(number)


def test_what_is_no_command_is_let_be(stage: Stage) -> None:
    """Bots, people who speak of it, a comment that is gone, and one that another person's event names."""
    number = stage.propose()
    stage.repository.permission("renovate[bot]", "write")
    gone = stage.repository.say(number, "bob", "/greenroom rerun")
    stage.repository.remove_comment(gone)
    theirs = stage.repository.say(number, "eve", "/greenroom rerun")
    for comment, sender in ((gone, "bob"), (theirs, "bob")):
        hint = CommandHint(number=number, comment=comment, sender=sender)
        stage.inbox.note(hint.kind, hint.model_dump(mode="json"))
    stage.work()

    assert say(stage, number, "/greenroom rerun", by="renovate[bot]") == []
    assert say(stage, number, "Then I said `/greenroom rerun`") == []
    assert stage.comments(number) == []


def test_an_unknown_command_is_answered(stage: Stage) -> None:
    """With the nearest one."""
    number = stage.propose()

    assert say(stage, number, "/greenroom rerunn") == ["eyes", "-1"]
    assert "did you mean 'rerun'?" in stage.comment(number)


def test_nothing_is_done_twice_or_for_nothing(stage: Stage) -> None:
    """Where there is no run, no preview, no report or no such check, that is the answer."""
    number = stage.propose()
    for command, answer in (
        ("rerun", "No run of .github/workflows/greenroom.yml for commit"),
        ("keep-awake", "There is no preview of this pull request"),
        ("override GR102 hotfix", "There is no report of commit"),
        ("explain GR999", "There is no check GR999"),
        (f"preview {stage.head(number)}", "There is no report of commit"),
    ):
        assert say(stage, number, f"/greenroom {command}") == ["eyes", "-1"]
        assert answer.replace("_", "\\_") in stage.comment(number)
    stage.repository.workflow_run(stage.head(number), conclusion=None)
    assert say(stage, number, "/greenroom rerun") == ["eyes", "+1"]
    assert "has not ended yet" in stage.comment(number)
    stage.repository.close(number)
    assert say(stage, number, "/greenroom rerun") == ["eyes", "-1"]
    assert f"Pull request {number} is closed" in stage.comment(number)


def test_an_override_is_recorded_and_shown(stage: Stage) -> None:
    """With the login of who asked and their reason, in the report, the comment and the check; nobody else can."""
    number = stage.propose()
    fail(stage, number)
    refused = say(stage, number, "/greenroom override GR102 because", by="eve")
    before = stage.check(stage.head(number)).conclusion
    wrong = say(stage, number, "/greenroom override GR103 because")
    done = say(stage, number, "/greenroom override GR102 hotfix for the @outage")
    record = find_finished(stage.project.store, number, sha=stage.head(number))
    assert record is not None
    report = read_report(stage.project.store, record.id)

    assert (refused, before, wrong, done) == (["-1"], "failure", ["eyes", "-1"], ["eyes", "+1"])
    assert report is not None
    assert report.checks[0].override is not None
    assert (report.checks[0].override.by, report.checks[0].override.reason) == (
        "bob",
        "hotfix for the @outage",
    )
    assert (report.verdict, record.tags["verdict"]) == ("pass", "pass")
    assert stage.check(stage.head(number)).conclusion == "success"
    assert "hotfix for the @outage" not in stage.comment(number)
    assert "bob overrode GR102: hotfix for the" in stage.comment(number)


def test_an_override_is_of_what_was_there_when_it_was_said(stage: Stage) -> None:
    """Heard late, it passes no commit and no report that came after it; said again, it does."""
    number = stage.propose()
    fail(stage, number)
    stage.github.clock.advance(-60)
    early = write(stage, number, "/greenroom override GR102 known outage, fine for this one")
    stage.github.clock.advance(60)
    stage.repository.push(number, stage.commit("better", "Much worse"))
    assert say(stage, number, "/greenroom override GR102 known outage") == ["eyes", "-1"]
    assert "There is no report of commit" in stage.comment(number)
    fail(stage, number)
    head = stage.head(number)

    assert hear(stage, number, early) == ["eyes", "-1"]
    assert stage.check(head).conclusion == "failure"
    assert f"read the one of commit {head[:7]}, and say it again" in stage.comment(number)
    assert say(stage, number, "/greenroom override GR102 known outage") == ["eyes", "+1"]
    assert stage.check(head).conclusion == "success"


def test_a_fork_s_preview_starts_with_a_word_on_its_very_commit(stage: Stage) -> None:
    """Not by who may not, not for another commit; and a push needs another word."""
    number = stage.propose("idea", fork=FORK)
    head, slot = stage.head(number), str(number)
    stage.leave(stage.draft(number), fork=FORK)
    settle(stage.server, number)
    refused = say(stage, number, f"/greenroom preview {head}", by="eve")
    other = say(stage, number, f"/greenroom preview {'a' * 40}")
    assert (refused, other, stage.previews.shas) == (["-1"], ["eyes", "-1"], {})
    assert "is not the newest any more" in stage.comment(number)

    assert say(stage, number, f"/greenroom preview {head}") == ["eyes", "+1"]
    record = find_finished(stage.project.store, number, sha=head)
    assert record is not None
    report = read_report(stage.project.store, record.id)
    assert report is not None
    assert (record.tags["approved_by"], record.tags["approved_sha"]) == ("bob", head)
    assert {each.code: each.outcome for each in report.checks}["GR201"] == "passed"
    assert (stage.previews.shas, stage.live()) == ({slot: head}, [(head, "success")])
    assert stage.check(head).conclusion == "success"

    stage.repository.push(number, stage.commit("idea", "Something else"))
    stage.leave(stage.draft(number, model="2"), fork=FORK)
    settle(stage.server, number)
    assert stage.check(stage.head(number)).conclusion == "action_required"
    assert stage.previews.shas == {slot: head}


def test_starting_a_preview_passes_no_word_of_the_fork(stage: Stage) -> None:
    """With another holdout the server judges nothing (GR304): neither that nor an override makes it pass."""
    stage.crown()
    number = stage.propose("idea", fork=FORK)
    draft, head = stage.draft(number), stage.head(number)
    draft.sheet["origin"]["holdout"] = draft.report["holdout"]["digest"] = "d" * 64
    draft.sheet["predictions"] = PREDICTIONS_KEY
    stage.leave(draft, fork=FORK)
    settle(stage.server, number)
    assert say(stage, number, f"/greenroom preview {head}") == ["eyes", "+1"]
    shown, queued = stage.check(head), queue(stage, number)
    assert (shown.conclusion, stage.check(queued).conclusion) == ("action_required", "failure")
    assert "waits for a maintainer" in str(shown.output["title"])

    assert say(stage, number, "/greenroom override GR304 because") == ["eyes", "-1"]
    assert stage.check(head).conclusion == "action_required"


def test_buttons_do_the_same(stage: Stage) -> None:
    """The check's own button starts a fork's preview, GitHub's runs it again; for who may, and on our check alone."""
    number = stage.propose("idea", fork=FORK)
    run = stage.leave(stage.draft(number), fork=FORK)
    settle(stage.server, number)
    (start,) = [each["identifier"] for each in stage.check(stage.head(number)).actions]
    press(stage, number, start, check="other/gate")
    press(stage, number, start, by="eve")
    press(stage, number, "preview:")
    assert (stage.previews.shas, stage.reruns()) == ({}, [])
    assert "Asked and answered" not in stage.comment(number)

    press(stage, number, start)
    press(stage, number, "rerun")
    assert (stage.previews.shas, stage.reruns()) == ({str(number): stage.head(number)}, [run])


def test_a_button_is_of_the_run_that_it_was_shown_with(stage: Stage) -> None:
    """What came in between of the same commit is not let start by it: not another run, nor another pull request's."""
    number = stage.propose("idea", fork=FORK)
    stage.leave(stage.draft(number), fork=FORK)
    settle(stage.server, number)
    (start,) = [each["identifier"] for each in stage.check(stage.head(number)).actions]
    copy = stage.repository.open_pull(
        stage.head(number), "copy", files=("train.py",), fork="fay/flights", author="fay"
    )
    stage.leave(stage.draft(copy), fork="fay/flights")
    settle(stage.server, copy)
    stage.leave(stage.draft(number, model="2"), fork=FORK)
    settle(stage.server, number)
    press(stage, number, start)
    assert stage.previews.shas == {}
    assert "was run again since" in stage.comment(number)

    (start,) = [each["identifier"] for each in stage.check(stage.head(number)).actions]
    press(stage, number, start)
    assert stage.previews.shas == {str(number): stage.head(number)}
    assert "was let start" not in stage.comment(copy)
