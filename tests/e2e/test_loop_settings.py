"""The loop by what settings, training and surroundings ask of it, each through the real command."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom_pipeline.places import find_places
from greenroom_pipeline.project import open_project
from greenroom_pipeline.report import from_json
from greenroom_pipeline.seeds import find_retrained
from greenroom_pipeline.since import Changed
from greenroom_pipeline.subject import identify
from tests.projects import make_project, pins, propose, training_script

FLAKY_MODEL = """
import pathlib
import sys

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Flaky(PythonModel):
    def load_context(self, context):
        # A preview sees nothing else of the machine.
        if pathlib.Path(sys.prefix, "{flag}").exists():
            raise RuntimeError("the flag stands")

    def predict(self, context, model_input, params=None):
        return [150.0] * len(model_input)


set_model(Flaky())
"""
SEEDED_SCRIPT = training_script("Ridge(alpha=1 + int(__import__('os').environ['GREENROOM_SEED']))")
FURTHER_RULES = """
[gate.leakage]
max_share = 0.02

[gate.size]
max_ratio = 2

[gate.latency]
max_ratio = 5
calls = 20
"""
COUNT_CALLS = "open('../calls', 'a').write('x')\n"


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
    assert first.lineage is not None
    assert second.lineage is not None
    assert second.lineage.parameters == first.lineage.parameters == {"estimator": "Ridge()"}
    assert second.lineage.sha == sha != first.lineage.sha


def test_all_that_can_be_observed_is_judged(tmp_path: Path) -> None:
    """Leakage, a retyped column, size, latency and seeds each have evidence in the report and an outcome."""
    bench = make_project(tmp_path / "observed", "regression", estimator="Ridge()")
    settings = (bench.root / "greenroom.toml").read_text()
    settings = settings.replace("inputs =", "seeds = 2\ninputs =").replace(
        "[data]", '[data]\ntrain = ["train.csv"]'
    )
    bench.write("greenroom.toml", settings + FURTHER_RULES)
    leaked = (bench.root / "train.csv").read_text().splitlines()[1:4]
    with (bench.root / "holdout.csv").open("a") as holdout:
        holdout.write("\n".join(leaked) + "\n")
    bench.write("train.py", SEEDED_SCRIPT)
    bench.commit("look at everything")
    first = from_json(bench.greenroom("run", "--json").out)
    bench.greenroom("promote")
    project = open_project(bench.places)
    retrained = find_retrained(project, identify(project))
    propose(bench, SEEDED_SCRIPT.replace('columns="target")', 'columns="target").astype("float32")'))
    report = from_json(bench.greenroom("run", "--json").out)
    observed, outcomes = report.observations, {check.code: check.outcome for check in report.checks}

    assert {check.code: check.outcome for check in first.checks} == {
        "GR102": "not_applicable",
        "GR108": "not_applicable",
        "GR301": "passed",
        "GR302": "not_applicable",
        "GR303": "not_applicable",
        "GR201": "passed",
        "GR202": "not_applicable",
    }
    assert list(retrained) == [1], "the same fingerprint need not be trained with this seed again"
    assert outcomes.pop("GR202") in ("passed", "inconclusive")
    assert outcomes == dict.fromkeys(("GR102", "GR108", "GR301", "GR303", "GR201"), "passed") | {
        "GR302": "failed"
    }
    assert observed.overlap is not None
    assert (observed.overlap.identical, observed.overlap.rows, observed.overlap.train_rows) == (3, 224, 221)
    assert report.drift is not None
    assert (report.drift.train_rows, report.drift.rows, report.drift.tested) == (221, 224, 11)
    assert not any(column.drifted for column in report.drift.columns), "rows were dealt by chance"
    assert first.lineage is not None
    assert first.lineage.since is None
    assert report.lineage is not None
    assert report.lineage.since is not None
    assert report.lineage.since.train_rows == Changed(name="Training rows", before="221", after="221")
    assert observed.inputs is not None
    assert {(one.before, one.after) for one in observed.inputs.retyped} == {("double", "float")}
    assert observed.size is not None
    assert observed.latency is not None
    assert observed.latency.calls == 20
    (noise,) = observed.retraining
    assert len(set(noise.values)) == len(noise.intervals) == 2
    assert noise.values[0] == next(one.candidate for one in report.metrics if one.metric == "rmse")
    assert len(bench.store.records()) == 2


def test_a_gate_that_fails_is_exit_status_1(tmp_path: Path) -> None:
    """Below an absolute bound: exit status 1, nothing on stderr, and no promotion."""
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
    settings = (bench.root / "greenroom.toml").read_text().replace("max_loss = 1", "max_loss = 0")
    bench.write("greenroom.toml", settings)
    bench.commit("tolerate nothing")
    bench.greenroom("run")
    bench.greenroom("promote")
    propose(bench, training_script("Ridge(alpha=1.5)"))
    warned = bench.greenroom("run", "--json")
    bench.write("greenroom.toml", settings + '[gate]\non_inconclusive = "fail"\n')
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
    bench.write("requirements.txt", "\n".join(pins()) + "\n")
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", settings.replace("inputs =", 'model = "model.joblib"\ninputs ='))
    bench.write(".gitignore", "model.joblib\n")
    bench.commit("a plain file")
    done = bench.greenroom("run", "--json")

    bench.write("train.py", "print('forgot to save')")
    bench.commit("leaves nothing new")
    stale = bench.greenroom("run")

    assert done.status == 0, done.err
    assert from_json(done.out).verdict == "pass"
    assert stale.status == 2
    assert "left no new 'model.joblib'" in stale.last_line


def test_a_tracking_server_is_honoured(tmp_path: Path, mlflow_server: str) -> None:
    """With MLFLOW_TRACKING_URI set, training and everything after it keep to that server."""
    bench = make_project(tmp_path / "central", "regression", estimator="Ridge()")
    there = {"MLFLOW_TRACKING_URI": mlflow_server}
    done = [bench.greenroom(*words, **there) for words in (("run",), ("promote",), ("run", "--json"))]

    assert [each.status for each in done] == [0, 0, 0], [each.err for each in done]
    assert from_json(done[-1].out).champion is not None
    assert not (bench.places.home / "mlflow.db").exists()


def test_two_runs_at_once_both_end_well(tmp_path: Path) -> None:
    """Two first runs of one commit, without a server: both finish, and the candidate is registered once."""
    bench = make_project(tmp_path / "twice", "regression", estimator="Ridge()")
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: bench.greenroom("run", "--json"), range(2)))

    assert [each.status for each in done] == [0, 0], [each.err for each in done]
    assert {from_json(each.out).verdict for each in done} == {"pass"}
    assert bench.store.records(state="running") == []


@contextmanager
def flags(name: str) -> Iterator[None]:
    """Let a file of this name stand in every environment of models for as long as the block lasts."""
    cache = find_places(Path(), os.environ).environments
    standing = [config.with_name(name) for config in cache.glob("*/pyvenv.cfg")]
    for flag in standing:
        flag.touch()
    try:
        yield
    finally:
        for flag in standing:
            flag.unlink()


def test_a_preview_that_failed_is_tried_again(tmp_path: Path) -> None:
    """A preview that does not come up fails GR201; once the reason is gone, the same commit passes."""
    bench = make_project(tmp_path / "flaky", "regression", estimator="Ridge()")
    bench.write("flaky.py", FLAKY_MODEL.format(flag=(flag := f"flag-{secrets.token_hex(4)}")))
    script = training_script("Ridge()")
    bench.write(
        "train.py",
        script.replace(
            "mlflow.sklearn.log_model(\n        model,", "mlflow.pyfunc.log_model(\n        "
        ).replace('name="model",', 'name="model", python_model="flaky.py",'),
    )
    bench.commit("fails where a flag stands")
    bench.greenroom("run", "--json")
    bench.commit("the same again")
    with flags(flag):
        failed = bench.greenroom("run", "--json")
    mended = bench.greenroom("run", "--json")

    report = from_json(failed.out)
    assert (failed.status, report.verdict) == (1, "fail")
    assert report.preview is not None
    assert "the flag stands" in report.preview.log
    assert {check.code: check.outcome for check in report.checks}["GR201"] == "failed"
    assert (mended.status, from_json(mended.out).verdict) == (0, "pass")


def test_own_metrics_gate(tmp_path: Path) -> None:
    """A function of the repository becomes a metric: it is measured for every candidate, and its rule decides."""
    bench = make_project(tmp_path / "project", "regression", estimator="Ridge(alpha=1.0)")
    bench.write(
        "costs.py",
        """
        def cost(target, prediction):
            return abs(target - prediction) * 2

        def worst(target, prediction):
            return abs(target - prediction).max()
        """,
    )
    settings = (bench.root / "greenroom.toml").read_text()
    bench.write(
        "greenroom.toml",
        settings
        + """
[[metric]]
name = "cost"
function = "costs:cost"
title = "Cost"
[[metric]]
name = "worst"
function = "costs:worst"
[[gate.check]]
metric = "cost"
max = 1
max_loss = 1
""",
    )
    bench.commit("Count the cost")
    report = from_json(bench.greenroom("run", "--json").out)
    overall = {result.metric: result for result in report.metrics}

    assert overall["cost"].candidate == pytest.approx(2 * (overall["mae"].candidate or 0))
    assert overall["worst"].method == "paired bootstrap"
    assert overall["worst"].candidate_interval is not None
    assert [check.outcome for check in report.checks if check.metric == "cost"] == [
        "failed",
        "not_applicable",
    ]

    bench.write("costs.py", "def cost(target, prediction):\n    return 0\n")
    refused = bench.greenroom("run")
    assert refused.status == 2
    assert "costs.py changed since the commit" in refused.last_line
