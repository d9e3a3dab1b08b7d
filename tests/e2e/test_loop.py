"""The loop on small real projects, by the command that people type."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from greenroom_pipeline.case_file import write_line
from greenroom_pipeline.cases import CASES_FILE, Pins
from greenroom_pipeline.forge.local import LocalForge
from greenroom_pipeline.local_desk import open_desk
from greenroom_pipeline.report import Report, from_json
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.words import Words
from greenroom_services.bundle import receive_bundle
from greenroom_services.bundle_checks import write_digest
from tests.pinned import pinned
from tests.projects import METRICS, Finished, Workbench, make_project, propose, training_script

ESTIMATORS = {
    "regression": ("Ridge(alpha=1.0)", "Ridge(alpha=2.0)"),
    "multiclass": ("LogisticRegression(C=1.0)", "LogisticRegression(C=1.1)"),
    "binary": ("LogisticRegression(C=1.0)", "LogisticRegression(C=1.2)"),
}
BUNDLE = "bundle.tar"
WORDS = Words(row="probe", rows="probes")
COUNT_CALLS = "open('../calls', 'a').write('x')\n"


@dataclass(frozen=True)
class Compared:
    """A project whose first model is champion, and whose second went through the loop on a branch."""

    bench: Workbench
    task: str
    sha: str
    promoted: Finished
    run: Finished

    @property
    def report(self) -> Report:
        return from_json(self.run.out)


@pytest.fixture(scope="module", params=["regression", "multiclass", "binary"])
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    task: str = request.param
    first, second = ESTIMATORS[task]
    bench = make_project(tmp_path_factory.mktemp(task) / task, task, estimator=first)
    bench.greenroom("run")
    promoted = bench.greenroom("promote", "--by", "Ada")
    pin_cases(bench, task)
    sha = propose(bench, training_script(second) + COUNT_CALLS)
    run = bench.greenroom("run", "--json", "--bundle", str(bench.root.parent / BUNDLE))
    return Compared(bench, task, sha, promoted, run)


def pin_cases(bench: Workbench, task: str) -> None:
    """Leave three cases to commit: one that holds, one that breaks, and one whose row no model takes."""
    row = pd.read_csv(bench.root / "holdout.csv").drop(columns="target").iloc[0].to_dict()
    holds = {"kind": "range", "low": -1e6} if task == "regression" else {"kind": "probability", "label": "0"}
    breaks = {"kind": "range", "high": -1e6} if task == "regression" else {"kind": "class", "label": "never"}
    cases = [
        pinned("holds", row=row, expect=holds if task == "regression" else {**holds, "at_least": 0}),
        pinned("breaks", row=row, expect=breaks),
        pinned("is refused", row={next(iter(row)): "a word"}, expect=breaks),
    ]
    bench.write(CASES_FILE, "".join(map(write_line, cases)))
    with (bench.root / "greenroom.toml").open("a") as settings:
        settings.write('\n[gate.cases]\non_broken = "warn"\n\n[words]\nrow = "probe"\nrows = "probes"\n')


def test_pinned_cases_are_asked_of_both_models(compared: Compared) -> None:
    """One holds, one breaks and one is refused in the model's own words; what broke is shown where people look."""
    report = compared.report
    (check,) = [check for check in report.checks if check.code == "GR203"]
    comment = LocalForge(Repository(compared.bench.root)).comment(1, compared.task) or ""

    assert [(case.name, case.outcome) for case in report.cases] == [
        ("breaks", "broken"),
        ("is refused", "broken"),
        ("holds", "met"),
    ]
    assert all(case.champion for case in report.cases)
    assert "'a word'" in report.cases[1].answered
    assert report.pins == Pins(taken=[])
    assert check.outcome == "inconclusive"
    assert check.reason.startswith("2 of 3 pinned cases break, the first is “breaks”: expected ")
    assert "Pinned cases that broke" in comment
    assert "✗ pinned  breaks" in compared.run.err + compared.bench.greenroom("run").out


def test_a_candidate_is_compared_with_the_champion(compared: Compared) -> None:
    """For each task: the first model was promoted, and the second is compared with it on the same rows."""
    report = compared.report
    assert report.lineage is not None

    assert compared.promoted.out.strip() == f"Version 1 of {compared.task} is in production."
    assert compared.run.status == (1 if report.verdict == "fail" else 0)
    assert (report.lineage.sha, report.lineage.pull) == (compared.sha, 1)
    assert report.champion is not None
    assert report.champion.version == "1"
    assert report.champion.digest != report.candidate.digest
    assert METRICS[compared.task] in {result.metric for result in report.metrics}
    assert all(result.interval is not None for result in report.metrics)
    assert {check.code for check in report.checks} == {"GR102", "GR301", "GR302", "GR201", "GR203"}


def test_the_report_says_what_changed_since_the_champion(compared: Compared) -> None:
    """The commit, the input of training that it changes, the parameter, the packages and the rows."""
    lineage, estimators = compared.report.lineage, ESTIMATORS[compared.task]
    assert lineage is not None
    since = lineage.since
    assert since is not None

    assert [(each.sha, each.subject) for each in since.commits] == [(compared.sha, "Try something else")]
    assert (since.commit_count, since.files, since.file_count) == (1, ["train.py"], 1)
    parameters = [(each.name, each.before, each.after) for each in since.parameters]
    assert parameters == [("estimator", *estimators)]
    assert (since.dependency_count, since.same_holdout, since.train_rows) == (0, True, None)
    assert since.holdout_rows is not None
    assert since.holdout_rows.before == since.holdout_rows.after == f"{compared.report.holdout.rows:,}"
    assert compared.report.drift is None


def test_the_report_has_what_its_page_draws(compared: Compared) -> None:
    """Each task has its own evidence of both models; all rows' movement comes first, in the project's words."""
    report, binary = compared.report, compared.task == "binary"
    numbers = compared.task == "regression"

    assert report.words == WORDS
    assert report.movements[0].column is None
    assert report.movements[0].rows == report.holdout.rows
    assert {each.model for each in report.histograms} == {"candidate", "champion"}
    assert {each.kind for each in report.histograms} == ({"residuals"} if numbers else {"scores"})
    assert {each.model for each in report.curves} == {"candidate", "champion"}
    kinds = {"residuals"} if numbers else {"roc", "precision_recall", "calibration"}
    assert {each.kind for each in report.curves} == kinds
    assert {each.model for each in report.thresholds} == ({"candidate", "champion"} if binary else set())
    assert {each.model for each in report.confusions} == (set() if numbers else {"candidate", "champion"})
    assert report.disagreements


def test_the_report_keeps_its_schema(compared: Compared) -> None:
    """What `--json` prints is one document of the published schema, and nothing else."""
    jsonschema.validate(json.loads(compared.run.out), Report.model_json_schema(by_alias=True))


def test_the_evidence_is_in_mlflow(compared: Compared) -> None:
    """Tags, parameters, report, log and predictions are kept under the run."""
    store, places = compared.bench.store, compared.bench.places
    record = store.records(sha=compared.sha)[0]
    report = store.get(record.id, "report.json")

    assert record.tags["verdict"] == compared.report.verdict
    assert record.parameters["estimator"] == ESTIMATORS[compared.task][1]
    assert report is not None
    assert from_json(report.read_text()) == compared.report
    assert store.get(record.id, "train.log") is not None
    assert len(list((places.artifacts / compared.task / record.id).rglob("predictions/*.parquet"))) == 1


def test_the_report_is_posted_where_the_pull_request_lives(compared: Compared) -> None:
    """Comment and check stand on the local forge too, in git itself."""
    forge = LocalForge(Repository(compared.bench.root))
    notes = compared.bench.git("log", "-1", "--notes=greenroom/*", compared.sha)

    assert f"at commit {compared.sha[:7]}" in (forge.comment(1, compared.task) or "")
    assert "greenroom/gate: " in notes


def test_the_bundle_is_one_that_a_server_takes(compared: Compared, tmp_path: Path) -> None:
    """What `--bundle` leaves is whole, and of this project, pull request and commit."""
    content = (compared.bench.root.parent / BUNDLE).read_bytes()
    digest = write_digest(hashlib.sha256(content).digest())

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    manifest = asyncio.run(receive_bundle(chunks(), digest=digest, into=tmp_path / "bundle")).manifest

    assert (manifest.project, manifest.slot, manifest.sha) == (compared.task, "1", compared.sha)


def test_the_same_commit_again_trains_nothing(compared: Compared) -> None:
    """A second run returns the recorded report and says so; the training command did not run again."""
    again = compared.bench.greenroom("run", "--json")

    assert (compared.bench.root.parent / "calls").read_text() == "x"
    assert again.out == compared.run.out
    assert "nothing changed since run" in again.err


def test_the_working_tree_stays_clean(compared: Compared) -> None:
    """A run leaves nothing to commit: its home ignores itself."""
    assert compared.bench.git("status", "--porcelain") == ""


def test_the_rows_behind_a_report_outlast_the_checkout(compared: Compared) -> None:
    """The desk looks into the holdout of a past run: all rows give its report's numbers, and rows are rows of it."""
    bench = compared.bench
    holdout = pd.read_csv(bench.root / "holdout.csv")
    text = (bench.root / "holdout.csv").read_text()
    bench.write("holdout.csv", "target\n1\n")
    try:
        desk = open_desk({**bench.environ, "GREENROOM_REPOSITORY": str(bench.root)})
        found = desk.explore(compared.task, 1, ())
        differing = desk.disagree(compared.task, 1, (), kept="all", most=5)
        drawn = desk.random_row(compared.task, 1, seed=4)
        columns = desk.columns(compared.task, 1)
    finally:
        bench.write("holdout.csv", text)

    assert [finding.result for finding in found.findings] == compared.report.metrics
    assert [(row.row, row.candidate, row.champion) for row in differing.rows] == [
        (row.row, row.candidate, row.champion) for row in compared.report.disagreements[:5]
    ]
    assert [column.name for column in columns] == list(holdout.columns)
    assert drawn in holdout.drop(columns="target").to_dict("records")
