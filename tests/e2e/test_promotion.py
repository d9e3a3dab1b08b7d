"""Promotion: the reviewed bytes and nothing else, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom_pipeline.errors import PromotionError, RepositoryError, ScoringError
from greenroom_pipeline.history import tell_history
from greenroom_pipeline.progress import Silence
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.promotion import promote_checkout, promote_pull
from greenroom_pipeline.record import read_report
from greenroom_pipeline.report import from_json
from greenroom_pipeline.run import run_loop
from greenroom_pipeline.timeline import tell_timeline
from tests.projects import Workbench, make_project, training_script

LOG_FOLDER = """
import mlflow

with mlflow.start_run():
    mlflow.log_artifacts({folder!r}, "model")
"""


def propose(bench: Workbench, project: Project, branch: str, estimator: str) -> str:
    bench.git("switch", "--quiet", "--create", branch, "main")
    bench.write("train.py", training_script(estimator))
    sha = bench.commit(f"Try {estimator}")
    run_loop(project, Silence())
    return sha


def test_an_override_lets_one_commit_through(tmp_path: Path) -> None:
    """A failed check is overridden with reason and name, shown, promoted, and holds for no other commit."""
    bench = make_project(tmp_path / "project", "regression", estimator="Ridge(alpha=1.0)")
    bench.write(
        "greenroom.toml",
        (bench.root / "greenroom.toml").read_text() + '\n[[gate.check]]\nmetric = "rmse"\nmax = 0.000001\n',
    )
    bench.commit("Ask for the impossible")
    nothing = bench.greenroom("override", "GR101", "hotfix")
    failed = bench.greenroom("run", "--json")

    assert nothing.status == 2
    assert "run `greenroom run` on it first" in nothing.last_line
    assert failed.status == 1
    assert bench.greenroom("promote").status == 2

    for arguments, complaint in (
        (("GR999", "hotfix"), "no check 'GR999'"),
        (("GR201", "hotfix"), "check GR201 is passed, so there is nothing to override"),
        (("GR101", "  "), "an override needs a reason"),
    ):
        refused = bench.greenroom("override", *arguments)
        assert refused.status == 2
        assert complaint in refused.last_line

    done = bench.greenroom("override", "GR101", "hotfix for the outage", "--by", "Ana")
    again = bench.greenroom("run", "--json")
    report = from_json(again.out)

    assert done.status == again.status == 0
    assert "Ana overrode GR101: hotfix for the outage" in done.out
    assert report.verdict == "pass"
    overridden = next(check for check in report.checks if check.override is not None)
    assert (overridden.code, overridden.outcome) == ("GR101", "failed")
    assert bench.greenroom("promote").status == 0

    bench.write("notes.md", "nothing")
    bench.commit("Another commit")
    assert bench.greenroom("run", "--json").status == 1


def test_only_what_was_reviewed_is_promoted(tmp_path: Path) -> None:
    """A moved head, a changed production and a damaged model each stop a promotion before the merge.

    Training that logs the champion again, from other code, leaves no candidate.
    """
    bench = make_project(tmp_path / "project", "regression", estimator="Ridge(alpha=1.0)")
    project = open_project(bench.places)
    run_loop(project, Silence())
    promote_checkout(project, by="Ada")
    first = propose(bench, project, "first", "Ridge(alpha=1.1)")
    second = propose(bench, project, "second", "Ridge(alpha=1.2)")
    third = propose(bench, project, "third", "Ridge(alpha=1.3)")
    before = bench.git("rev-parse", "main")
    looks = [
        report.holdout.looks
        for record in reversed(project.store.records(state="finished"))
        if (report := read_report(project.store, record.id))
    ]

    assert looks == [1, 2, 3, 4], "each new candidate wears the holdout"
    with pytest.raises(PromotionError, match="pull request 1 moved from 0000000"):
        promote_pull(project, 1, sha="0" * 40, by="Grace")
    with pytest.raises(RepositoryError, match="no pull request 9"):
        promote_pull(project, 9, sha=first, by="Grace")
    damaged = next(version for version in project.store.versions() if version.tags["sha"] == third)
    logged = project.store.logged_model(damaged.run_id)
    assert logged is not None
    (logged.path / "MLmodel").write_text((logged.path / "MLmodel").read_text() + "\n# touched\n")
    with pytest.raises(Exception, match="changed since its review"):
        promote_pull(project, 3, sha=third, by="Grace")

    assert bench.git("rev-parse", "main") == before

    promotion = promote_pull(project, 1, sha=first, by="Grace")
    champion = project.store.champion()

    assert champion is not None
    assert champion.version == promotion.version.version
    assert (champion.tags["sha"], champion.tags["promoted_by"]) == (first, "Grace")
    assert champion.tags["merge"] == bench.git("rev-parse", "main") != before

    now, earlier = tell_history(project.store)

    assert (now.version, now.by, now.pull, now.merge) == (
        champion.version,
        "Grace",
        1,
        champion.tags["merge"],
    )
    assert (earlier.by, earlier.pull, earlier.until) == ("Ada", None, now.since)
    assert now.metrics.keys() == earlier.metrics.keys() != set()
    assert [each.kind for each in tell_timeline(project, 1)] == [
        "promoted",
        "merged",
        "verdict",
        "pushed",
        "opened",
    ]

    with pytest.raises(PromotionError, match="production changed since commit"):
        promote_pull(project, 2, sha=second, by="Grace")
    with pytest.raises(PromotionError, match="pull request 1 is merged"):
        promote_pull(project, 1, sha=first, by="Grace")

    bench.git("switch", "--quiet", "second")
    again = run_loop(project, Silence())

    assert again.report.holdout.looks == 4, "the same model against another champion is no new candidate"
    assert again.report.champion is not None
    assert again.report.champion.digest == champion.tags["digest"]
    assert not again.trained

    logged = project.store.logged_model(champion.run_id)
    assert logged is not None
    bench.write("train.py", LOG_FOLDER.format(folder=str(logged.path)))
    bench.commit("Log what is in production")
    with pytest.raises(
        ScoringError, match=rf"the candidate is the champion itself \(version {champion.version}, "
    ):
        run_loop(project, Silence())
