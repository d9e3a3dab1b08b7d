"""Wrong input: one line that says what, where and how to mend it, exit status 2, and nothing half-registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import Finished, Workbench, make_project, training_script

NAN_MODEL = training_script("Ridge()").replace(
    "with mlflow.start_run():", "model[-1].coef_[:] = float('nan')\nwith mlflow.start_run():"
)
SHORT_MODEL = """
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Short(PythonModel):
    def predict(self, context, model_input, params=None):
        return [1.0] * (len(model_input) - 1)


set_model(Short())
"""
LOG_SHORT_MODEL = (
    training_script("Ridge()")
    .replace("mlflow.sklearn.log_model(\n        model,", "mlflow.pyfunc.log_model(\n        ")
    .replace('name="model",', 'name="model", python_model="short.py",')
)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_project(tmp_path / "project", "regression", estimator="Ridge()")


def check_refused(done: Finished, bench: Workbench, said: str) -> None:
    """One line that says *said*, exit status 2, no version and no finished run."""
    assert done.status == 2, done.out + done.err
    assert said in done.last_line
    assert done.last_line.startswith("greenroom: ")
    assert len(done.err.splitlines()) == 1, done.err
    if bench.places.home.exists():
        assert bench.store.versions() == []
        assert bench.store.records(state="finished") == []
        assert bench.store.records(state="running") == []


def check_mended(bench: Workbench) -> None:
    done = bench.greenroom("run")

    assert done.status == 0, done.out + done.err
    assert len(bench.store.versions()) == 1


def test_no_settings(bench: Workbench) -> None:
    """Without a greenroom.toml the folder is named, and nothing is made."""
    (bench.root / "greenroom.toml").unlink()
    done = bench.greenroom("run")

    check_refused(done, bench, f"no greenroom.toml in {bench.root}")
    assert not bench.places.home.exists()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param("target =", "taget =", "unknown key data.taget; did you mean target?", id="unknown key"),
        pytest.param(
            '"target"', '"delay"', "data.target is 'delay', which holdout.csv has no column", id="target"
        ),
        pytest.param("holdout.csv", "absent.csv", "absent.csv does not exist", id="no holdout"),
        pytest.param('"rmse"', '"rmsee"', "did you mean 'rmse'", id="unknown metric"),
        pytest.param('"rmse"', '"roc_auc"', "roc_auc", id="metric of another task"),
        pytest.param(
            'target = "target"', 'target = "target"\nslices = ["bmj"]', "did you mean 'bmi'", id="slice"
        ),
        pytest.param(
            'target = "target"',
            'target = "target"\ntrain = ["gone.csv"]',
            "names 'gone.csv'",
            id="training rows",
        ),
    ],
)
def test_wrong_settings(bench: Workbench, before: str, after: str, said: str) -> None:
    """A wrong setting is told before anything is trained, in one line."""
    text = (bench.root / "greenroom.toml").read_text()
    bench.write("greenroom.toml", text.replace(before, after))
    bench.commit("a slip")
    done = bench.greenroom("run")

    check_refused(done, bench, said)
    assert "trained" not in done.out


def test_not_a_repository(tmp_path: Path, bench: Workbench) -> None:
    """Outside git there is no commit to report on."""
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "greenroom.toml").write_text((bench.root / "greenroom.toml").read_text())
    done = bench.greenroom("run", "--directory", str(folder))

    assert done.status == 2
    assert "is not in a git repository" in done.last_line


def test_training_that_fails_hangs_or_logs_nothing(bench: Workbench) -> None:
    """Each way in which training goes wrong is told apart; after the mend the same command just works."""
    good = (bench.root / "train.py").read_text()
    bench.write("train.py", "raise SystemExit('no such column: delay')")
    bench.commit("fails")
    check_refused(bench.greenroom("run"), bench, "it said: no such column: delay")
    assert "No verdict: train failed" in bench.git("log", "-1", "--notes=greenroom/*"), "where people review"

    bench.write("train.py", "print('nothing to log')")
    bench.commit("logs nothing")
    check_refused(bench.greenroom("run"), bench, "logged no model to run")

    settings = (bench.root / "greenroom.toml").read_text()
    bench.write("train.py", "import signal\nsignal.pause()")
    bench.write("greenroom.toml", settings.replace("inputs =", "timeout = 0.5\ninputs ="))
    bench.commit("hangs")
    check_refused(bench.greenroom("run"), bench, "did not end within 0.5 s")

    bench.write("train.py", good)
    bench.write("greenroom.toml", settings)
    bench.commit("mended")
    check_mended(bench)


def test_answers_that_cannot_be_compared(bench: Workbench) -> None:
    """A model that returns NaN, or too few rows, is refused with the numbers; a mended one goes through."""
    good = (bench.root / "train.py").read_text()
    bench.write("train.py", NAN_MODEL)
    bench.commit("NaN")
    check_refused(
        bench.greenroom("run"), bench, "the candidate predicts NaN or an infinite number in 221 rows"
    )

    bench.write("short.py", SHORT_MODEL)
    bench.write("train.py", LOG_SHORT_MODEL)
    bench.commit("short")
    check_refused(bench.greenroom("run"), bench, "the candidate gave 220 predictions for 221 rows")

    bench.write("train.py", good)
    bench.commit("mended")
    check_mended(bench)


def test_a_signature_that_the_holdout_does_not_fit(bench: Workbench) -> None:
    """Columns whose values the signature cannot hold, and columns that are not there, are each named."""
    good = (bench.root / "train.py").read_text()
    bench.write(
        "train.py", good.replace("infer_signature(rows,", "infer_signature(rows.astype({'age': int}),")
    )
    bench.commit("whole ages")
    check_refused(
        bench.greenroom("run"),
        bench,
        "the candidate fails on the holdout: column 'age' is long in its signature, but holds ",
    )
    bench.write("train.py", good.replace('columns="target")', 'columns="target").assign(extra=1.0)'))
    bench.commit("a new column")
    check_refused(bench.greenroom("run"), bench, "the model takes column 'extra', which the holdout lacks")


def test_work_that_is_not_committed(bench: Workbench) -> None:
    """A report belongs to a commit: changes that are not committed are named."""
    for name in ("train.py", "greenroom.toml", "holdout.csv"):
        text = (bench.root / name).read_text()
        (bench.root / name).write_text(text + "\n")
        check_refused(bench.greenroom("run"), bench, f"{name} changed since the commit; commit or stash")
        (bench.root / name).write_text(text)


def test_promoting_what_was_not_reviewed(bench: Workbench) -> None:
    """A commit without a finished run cannot be promoted, nor one that is not on the default branch."""
    unknown = bench.greenroom("promote")
    bench.git("switch", "--quiet", "--create", "change")
    bench.commit("a change")
    elsewhere = bench.greenroom("promote")

    assert (unknown.status, elsewhere.status) == (2, 2)
    assert "no finished run for commit" in unknown.last_line
    assert "is not on main; merge it first" in elsewhere.last_line


def test_a_traceback_on_request(bench: Workbench) -> None:
    """--traceback shows where an expected error came from, wherever it stands."""
    (bench.root / "greenroom.toml").unlink()
    done = bench.greenroom("run", "--traceback")

    assert done.status == 2
    assert "Traceback (most recent call last)" in done.err
