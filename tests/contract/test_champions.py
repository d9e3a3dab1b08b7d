"""What moving `champion` leaves in a real MLflow, and the history and timeline that are read from it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from mlflow import MlflowClient

from greenroom_pipeline.champions import move_champion
from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge import PullEvent
from greenroom_pipeline.history import tell_history
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import REPORT
from greenroom_pipeline.report import Override, Report, to_json
from greenroom_pipeline.succession import read_records
from greenroom_pipeline.timeline import tell_timeline
from greenroom_pipeline.tracking import ModelVersion
from tests.forges import at_once
from tests.memory_forge import MemoryForge
from tests.portal.desk_in_memory import make_check, make_report
from tests.projects import init_repository

SETTINGS = """
[project]
name = "flights"
task = "binary"

[train]
command = "python train.py"

[data]
holdout = "holdout.csv"
target = "target"
"""


@pytest.fixture
def forge() -> MemoryForge:
    forge = MemoryForge()
    forge.put(7, head=f"{7:040x}")
    return forge


@pytest.fixture
def project(tmp_path: Path, tables: Path, forge: MemoryForge) -> Project:
    bench = init_repository(tmp_path / "flights")
    bench.write("greenroom.toml", SETTINGS)
    bench.commit("A project")
    bench.places.home.mkdir()
    shutil.copy(tables, bench.places.home / "mlflow.db")
    return replace(open_project(bench.places), forge=forge)


def review(project: Project, pull: int, report: Report | None = None) -> ModelVersion:
    """Record a finished run of a pull request, and return the version that it registered."""
    store, report = project.store, report or make_report(pull)
    tags = {"sha": f"{pull:040x}", "pull": str(pull), "title": f"Change {pull}", "state": "finished"}
    run = store.begin("run", {**tags, "verdict": report.verdict, "summary": report.summary})
    folder = project.places.scratch / f"model-{run}"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    store.put_folder(run, folder, "model")
    text = project.places.scratch / REPORT
    text.write_text(to_json(report))
    store.put(run, text)
    store.end(run)
    model = store.logged_model(run)
    assert model is not None
    about = {"digest": report.candidate.digest, "sha": tags["sha"], "run": run, "pull": str(pull)}
    return store.register(model, {**about, "verdict": report.verdict})


def test_a_promotion_leaves_a_record(project: Project) -> None:
    """Who, when, what, what before, pull request, merge and evidence are told, newest first; the last one lasts."""
    first, second = review(project, 7), review(project, 8, make_report(8, "inconclusive"))
    move_champion(project, first, by="Grace", merge="a" * 40)
    move_champion(project, second, by="Ada", merge="b" * 40)
    now, before = tell_history(project.store)

    assert (now.version, now.by, now.pull, now.merge) == (second.version, "Ada", 8, "b" * 40)
    assert (now.title, now.verdict, now.summary[:14]) == ("Change 8", "inconclusive", "Can't tell yet")
    assert (now.until, before.until) == (None, now.since)
    assert timedelta(0) <= datetime.now(UTC) - now.since < timedelta(minutes=5)
    assert list(before.metrics.items())[:2] == [("ROC AUC", 0.7312), ("Log loss", 0.3811)]
    assert before.lower_is_better == {"Log loss", "Brier score"}
    assert (before.holdout, before.note, before.vague) == ("d" * 64, "", False)
    (_, kept) = read_records(project.store.registry().tags)
    assert (kept.record.before, kept.confirmed) == (first.version, True)


def test_history_reads_no_report_of_what_is_recorded(project: Project) -> None:
    """A record holds its evidence: neither its run nor its version need be there any more."""
    first, second = review(project, 7), review(project, 8)
    for version in (first, second):
        move_champion(project, version, by="Grace", merge=None)
    client = MlflowClient(project.places.tracking_uri)
    client.delete_run(first.run_id)
    client.delete_model_version("flights", first.version)
    gone = tell_history(project.store)[1]

    assert (gone.version, gone.pull, gone.metrics["ROC AUC"]) == (first.version, 7, 0.7312)
    assert gone.note == "This version is gone from MLflow."


def test_two_promotions_at_once_leave_two_records(project: Project) -> None:
    """Whoever comes second waits: each record has its own key, and names what the other one put there."""
    versions = [review(project, pull) for pull in (7, 8, 9)]
    at_once(*(partial(move_champion, project, each, by="Grace", merge=None) for each in versions))
    kept = [each.record for each in read_records(project.store.registry().tags)]

    assert {each.version for each in kept} == {each.version for each in versions}
    assert [each.before for each in kept] == [None, *(each.version for each in kept[:-1])]
    assert [each.version for each in tell_history(project.store)] == [each.version for each in kept[::-1]]


def test_an_alias_moved_by_hand_is_told(project: Project) -> None:
    """What somebody did in MLflow shows as a reign that nobody let in, now and after the next promotion."""
    first, second, third = (review(project, pull) for pull in (7, 8, 9))
    move_champion(project, first, by="Grace", merge=None)
    project.store.set_champion(second.version)
    hand, before = tell_history(project.store)
    move_champion(project, third, by="Grace", merge=None)
    later = tell_history(project.store)

    assert (hand.version, hand.by, hand.vague, hand.until) == (second.version, "", True, None)
    assert hand.note.startswith("Somebody gave this version the alias")
    assert hand.metrics["ROC AUC"] == 0.7312
    assert (before.until, before.end_unknown) == (None, True)
    assert [each.version for each in later] == [third.version, second.version, first.version]
    assert later[1].until == later[0].since


def test_a_promotion_that_was_stopped_is_finished_by_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before the alias moved it is no reign; stopped after, it is one, and trying again records no other."""
    first, second = review(project, 7), review(project, 8)
    move_champion(project, first, by="Grace", merge=None)
    with monkeypatch.context() as patch:
        patch.setattr(type(project.store), "set_champion", _stop)
        with pytest.raises(KeyboardInterrupt):
            move_champion(project, second, by="Grace", merge=None)
    (stopped,) = tell_history(project.store)
    project.store.set_champion(second.version)
    followed = tell_history(project.store)
    move_champion(project, second, by="Grace", merge=None)

    assert "version 2 was begun after it and broken off" in stopped.note
    assert [each.version for each in followed] == [second.version, first.version]
    assert [each.confirmed for each in read_records(project.store.registry().tags)] == [True, True]


def _stop(_store: object, _version: str) -> None:
    raise KeyboardInterrupt


def test_promotions_from_before_there_were_records_show(project: Project) -> None:
    """Versions that carry only the tags of earlier releases come first, with their reports' evidence and a note."""
    first, second, third = (review(project, pull) for pull in (7, 8, 9))
    for version in (first, second):
        project.store.tag_version(version.version, {"promoted_by": "Linus", "merge": "c" * 40})
        project.store.set_champion(version.version)
    old = tell_history(project.store)
    move_champion(project, third, by="Grace", merge=None)
    now, *before = tell_history(project.store)

    assert [(each.version, each.by, each.vague) for each in old] == [
        (second.version, "Linus", True),
        (first.version, "Linus", True),
    ]
    assert old[0].metrics["ROC AUC"] == 0.7312
    assert "before promotions were recorded" in old[0].note
    assert [each.version for each in before] == [second.version, first.version]
    assert (before[0].until, before[1].until) == (now.since, before[0].since)


def test_no_promotion_is_no_history(project: Project) -> None:
    """Before anything was registered or promoted, there is nothing to tell."""
    assert tell_history(project.store) == []
    review(project, 7)
    assert tell_history(project.store) == []


def test_the_timeline_merges_forge_and_store(project: Project, forge: MemoryForge) -> None:
    """Pushes, a failed run, verdicts, an override, comments, merge and promotion come newest first, each once."""
    start = datetime.now(UTC) - timedelta(hours=1)
    failed = project.store.begin("run", {"sha": f"{6:040x}", "pull": "7", "state": "running"})
    project.store.tag(failed, {"state": "failed", "step": "train", "reason": "no model was left"})
    project.store.end(failed, failed=True)
    word = Override(reason="hotfix", by="Ana", at=(start + timedelta(minutes=30)).isoformat())
    check = make_check("GR101", "At least", "failed", "It is not.").model_copy(update={"override": word})
    version = review(project, 7, make_report(7, checks=[check, check]))
    review(project, 7, make_report(7, checks=[check]))
    move_champion(project, version, by="Grace", merge="f" * 40)
    end = datetime.now(UTC) + timedelta(seconds=1)
    forge.events[7] = [
        PullEvent(start, "opened", "ada", "A better model", link="https://forge.example/7"),
        PullEvent(start + timedelta(minutes=1), "pushed", "ada", "Try trees", sha="7" * 40),
        PullEvent(start + timedelta(minutes=2), "comment", "eve", "Why?"),
        PullEvent(end, "merged", "grace", "", sha="f" * 40),
        PullEvent(end + timedelta(seconds=1), "closed", "grace", ""),
    ]
    told = tell_timeline(project, 7)

    assert [each.at for each in told] == sorted((each.at for each in told), reverse=True)
    assert [each.kind for each in told] == [
        "merged",
        "promoted",
        "verdict",
        "failed",
        "override",
        "comment",
        "pushed",
        "opened",
    ]
    texts = {each.kind: (each.who, each.text) for each in told}
    assert texts["promoted"] == ("Grace", f"as version {version.version}")
    assert texts["failed"][1] == "0000000 at the step train: no model was left"
    assert texts["override"] == ("Ana", "GR101: hotfix")
    assert texts["pushed"] == ("ada", "7777777 Try trees")
    assert texts["merged"] == ("grace", "as fffffff")
    assert next(each for each in told if each.kind == "verdict").verdict == "pass"


def test_a_forge_that_is_down_takes_nothing_from_the_store(project: Project, forge: MemoryForge) -> None:
    """The first entry says what is missing and why; the runs are told all the same."""
    review(project, 7)
    forge.refuses["history"] = ForgeError("GitHub does not answer; try again")
    gap, verdict = tell_timeline(project, 7)

    assert (gap.kind, gap.text) == (
        "gap",
        "Pushes, comments and merges are missing here. GitHub does not answer; try again",
    )
    assert verdict.kind == "verdict"
