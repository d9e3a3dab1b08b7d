"""The loop on small real projects, by the command that people type."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from greenroom_pipeline.report import Report, from_json
from tests.projects import Workbench, make_project, training_script

CANDIDATES = {
    "regression": ("Ridge(alpha=1.0)", "Ridge(alpha=2.0)"),
    "multiclass": ("LogisticRegression(C=1.0)", "LogisticRegression(C=1.1)"),
    "binary": ("LogisticRegression(C=1.0)", "LogisticRegression(C=1.2)"),
}


def propose(bench: Workbench, estimator: str) -> str:
    bench.git("switch", "--quiet", "--create", "change", "main")
    bench.write("train.py", training_script(estimator))
    return bench.commit(f"Try {estimator}")


@pytest.mark.parametrize("task", ["regression", "multiclass", "binary"])
def test_a_champion_and_a_candidate_go_through(task: str, tmp_path: Path) -> None:
    """For each task: a first model is promoted, a second one is compared with it, and a report is left."""
    first, second = CANDIDATES[task]
    bench = make_project(tmp_path / task, task, estimator=first)
    crowned = bench.greenroom("run")
    promoted = bench.greenroom("promote", "--by", "Ada")
    sha = propose(bench, second)
    compared = bench.greenroom("run", "--json")

    assert (crowned.status, promoted.status, compared.status) == (0, 0, 0), compared.err
    assert promoted.out.strip() == f"Version 1 of {task} is in production."
    report = from_json(compared.out)
    assert report.lineage.sha == sha
    assert report.lineage.pull == 1
    assert report.champion is not None
    assert report.champion.version == "1"
    assert {result.metric for result in report.metrics} >= {"regression": {"rmse", "mae", "r2"}}.get(
        task, {"log_loss", "accuracy", "f1", "roc_auc", "brier"}
    )
    assert all(result.interval is not None for result in report.metrics)
    jsonschema.validate(json.loads(compared.out), Report.model_json_schema(by_alias=True))


def test_the_same_commit_again_trains_nothing(tmp_path: Path) -> None:
    """A second run of a commit returns the recorded report; the training command does not run again."""
    bench = make_project(tmp_path / "again", "regression", estimator="Ridge()")
    calls = tmp_path / "calls"
    bench.write("train.py", training_script("Ridge()") + f"open({str(calls)!r}, 'a').write('x')\n")
    bench.commit("count calls")
    first = bench.greenroom("run", "--json")
    second = bench.greenroom("run", "--json")

    assert calls.read_text() == "x"
    assert second.out == first.out
    assert "nothing changed since run" in second.err


def test_a_commit_that_training_does_not_read_uses_the_model(tmp_path: Path) -> None:
    """A new commit with the same fingerprint gets a report of its own, without training."""
    bench = make_project(tmp_path / "notes", "regression", estimator="Ridge()")
    first = from_json(bench.greenroom("run", "--json").out)
    bench.write("notes.md", "hello")
    sha = bench.commit("notes")
    again = bench.greenroom("run", "--json")
    second = from_json(again.out)

    assert "same fingerprint as commit" in again.err
    assert second.candidate == first.candidate
    assert (first.lineage.sha, second.lineage.sha) != (sha, first.lineage.sha)
    assert second.lineage.sha == sha


def test_a_run_keeps_its_evidence_in_mlflow(tmp_path: Path) -> None:
    """Tags, parameters, metrics, report and predictions are in MLflow, under the run."""
    bench = make_project(tmp_path / "evidence", "regression", estimator="Ridge()")
    report = from_json(bench.greenroom("run", "--json").out)
    record = bench.store.records(state="finished")[0]

    assert record.tags["sha"] == bench.git("rev-parse", "HEAD")
    assert record.tags["verdict"] == report.verdict
    assert record.parameters["estimator"] == "Ridge()"
    assert bench.store.get(record.id, "report.json") is not None
    assert bench.store.get(record.id, "train.log") is not None
    predictions = list((bench.places.artifacts / "evidence" / record.id).rglob("predictions/*.parquet"))
    assert len(predictions) == 1


def test_a_gate_that_fails_is_exit_status_1(tmp_path: Path) -> None:
    """A candidate below an absolute bound fails the gate: exit status 1, and nothing on stderr."""
    bench = make_project(tmp_path / "poor", "regression", estimator="Ridge()")
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("max_loss = 1", "max = 1"))
    bench.commit("an ambitious bound")
    done = bench.greenroom("run")
    refused = bench.greenroom("promote")

    assert (done.status, done.err) == (1, "")
    assert "FAIL" in done.out
    assert refused.status == 2
    assert "did not pass" in refused.last_line


def test_an_inconclusive_gate_follows_the_settings(tmp_path: Path) -> None:
    """With `on_inconclusive = "fail"` an inconclusive verdict is exit status 1, and with `warn` it is 0."""
    bench = make_project(tmp_path / "doubt", "regression", estimator="Ridge(alpha=1.0)")
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("max_loss = 1", "max_loss = 0"))
    bench.commit("tolerate nothing")
    bench.greenroom("run")
    bench.greenroom("promote")
    propose(bench, "Ridge(alpha=1.5)")
    warned = bench.greenroom("run", "--json")
    strict = (bench.root / "greenroom.toml").read_text() + '[gate]\non_inconclusive = "fail"\n'
    bench.write("greenroom.toml", strict)
    bench.commit("be strict")
    failed = bench.greenroom("run", "--json")

    assert from_json(warned.out).verdict == from_json(failed.out).verdict == "inconclusive"
    assert (warned.status, failed.status) == (0, 1)


def test_a_model_file_is_logged_for_the_project(tmp_path: Path) -> None:
    """A project that knows no MLflow leaves a file, which is logged, served and compared like any model."""
    bench = make_project(tmp_path / "plain", "regression", estimator="Ridge()")
    bench.write(
        "train.py",
        """
        import joblib, pandas as pd
        from sklearn.linear_model import Ridge

        frame = pd.read_csv("train.csv")
        joblib.dump(Ridge().fit(frame.drop(columns="target"), frame["target"]), "model.joblib")
        """,
    )
    pins = training_script("Ridge()").split("pip_requirements=")[1].split("\n")[0]
    bench.write("requirements.txt", "\n".join(json.loads(pins.replace("'", '"'))) + "\n")
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("inputs =", 'model = "model.joblib"\ninputs ='))
    bench.write(".gitignore", "model.joblib\n.greenroom/\n")
    bench.commit("a plain file")
    done = bench.greenroom("run", "--json")

    assert done.status == 0, done.err
    assert from_json(done.out).verdict == "pass"


def test_an_mlflow_server_is_honoured(tmp_path: Path) -> None:
    """With MLFLOW_TRACKING_URI set, everything is kept there and nothing in the home folder's store."""
    bench = make_project(tmp_path / "central", "regression", estimator="Ridge()")
    address = f"sqlite:///{tmp_path / 'central.db'}"
    done = bench.greenroom("run", MLFLOW_TRACKING_URI=address)

    assert done.status == 0, done.err
    assert (tmp_path / "central.db").exists()
    assert not (bench.places.home / "mlflow.db").exists()


def test_nothing_is_left_in_the_repository(tmp_path: Path) -> None:
    """A run leaves the working tree clean: its home ignores itself."""
    bench = make_project(tmp_path / "clean", "regression", estimator="Ridge()")
    bench.greenroom("run")

    assert bench.git("status", "--porcelain") == ""
