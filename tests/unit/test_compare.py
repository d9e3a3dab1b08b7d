"""`greenroom compare`, the command: two columns of a table in, a verdict or one line of complaint out."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.evaluation import evaluate
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Report
from greenroom_pipeline.table import read_table
from tests.projects import Command, Finished
from tests.tables import SMALL, make_churn

GOLDEN = Path(__file__).parents[1] / "golden"
CHURN = make_churn()
PAIR = ("--target", "left", "--candidate", "new", "--champion", "old")
LIMITS = ("--slice", "region", "--max-loss", "0.01", "--max-loss-slices", "0.05")


@pytest.fixture
def greenroom(command: Command) -> Command:
    return partial(command, "compare")


def write(folder: Path, frame: pd.DataFrame, name: str = "table.csv") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def report_of(done: Finished) -> dict[str, Any]:
    assert done.status in (0, 1), done.err
    document: dict[str, Any] = json.loads(done.out)
    return document


def change(**columns: Any) -> pd.DataFrame:
    return CHURN.assign(**columns)


def put(column: str, row: int, value: Any) -> pd.DataFrame:
    frame = CHURN.astype({column: object})
    frame.loc[row, column] = value
    return frame


def make_colours(rows: int = 400, *, seed: int = 5) -> pd.DataFrame:
    """Return three classes with a column of probabilities for each, of two models."""
    random = np.random.default_rng(seed)
    names = np.array(["blue", "green", "red"])
    codes = random.integers(3, size=rows)
    frame = pd.DataFrame({"colour": names[codes]})
    for model, sharpness in (("new", 2.0), ("old", 1.0)):
        scores = random.normal(size=(rows, 3))
        scores[np.arange(rows), codes] += sharpness
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        for place, name in enumerate(names):
            frame[f"{model}:{name}"] = shares[:, place]
        frame[f"{model} label"] = names[shares.argmax(axis=1)]
    return frame


def make_prices(rows: int = 300, *, seed: int = 6) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    price = random.gamma(4, 25, size=rows)
    return pd.DataFrame(
        {
            "price": price,
            "new": price + 8 * random.normal(size=rows),
            "old": price + 12 * random.normal(size=rows),
        }
    )


@pytest.mark.parametrize("form", ["txt", "md"])
def test_what_a_person_reads_is_as_agreed(form: str, greenroom: Command) -> None:
    """Text and Markdown equal their golden files; `GREENROOM_UPDATE_GOLDEN=1 pytest` writes them anew."""
    done = greenroom(SMALL, *PAIR, *LIMITS, *(["--markdown"] if form == "md" else []))
    shown = "\n".join(line.rstrip() for line in done.out.splitlines()) + "\n"
    file = GOLDEN / f"compare.{form}"
    if os.environ.get("GREENROOM_UPDATE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert (done.status, done.err) == (1, "")
    assert shown == file.read_text(encoding="utf-8")


def test_the_small_table_is_the_generated_one() -> None:
    """The committed example holds what its generator makes; `python -m tests.tables` writes it anew."""
    pd.testing.assert_frame_equal(read_table(SMALL), CHURN, check_dtype=False)


def test_json_is_the_report_of_the_loop(greenroom: Command) -> None:
    """The document obeys the published schema, has no run or commit, and stands alone on stdout."""
    done = greenroom(SMALL, *PAIR, *LIMITS, "--json")
    report = report_of(done)

    jsonschema.validate(report, Report.model_json_schema(by_alias=True))
    assert (report["verdict"], done.status) == ("fail", 1)
    assert report["lineage"] is None
    assert {report[side]["run_id"] for side in ("candidate", "champion")} == {None}
    assert report["candidate"]["name"] == "new"
    assert (
        len({report["candidate"]["digest"], report["champion"]["digest"], report["holdout"]["digest"]}) == 3
    )
    assert "The task is binary" in done.err
    assert [each["thresholds"][50] for each in report["thresholds"]] == [0.5, 0.5]
    assert {curve["kind"] for curve in report["curves"]} == {"roc", "precision_recall", "calibration"}
    assert np.sum(report["confusions"][0]["counts"]) == len(CHURN)


def test_the_figures_are_the_engine_s(greenroom: Command) -> None:
    """Every figure equals what the engine says of the same answers, by hand."""
    report = report_of(greenroom(SMALL, *PAIR, "--slice", "region", "--json"))

    def predict(column: str) -> Predictions:
        share = CHURN[column].to_numpy()
        return Predictions(
            np.where(share > 0.5, "yes", "no"), np.column_stack([1 - share, share]), ("no", "yes")
        )

    expected = evaluate(
        task="binary",
        target=CHURN["left"],
        candidate=predict("new"),
        champion=predict("old"),
        metrics=["roc_auc", "log_loss", "brier", "accuracy", "f1"],
    )
    overall = [metric for metric in report["metrics"] if metric["slice"] is None]
    for found, result in zip(overall, expected.metrics, strict=True):
        assert found["metric"] == result.metric
        assert found["difference"] == pytest.approx(result.difference, rel=1e-12)
        assert found["interval"] == pytest.approx(result.interval, rel=1e-12)
    assert {metric["slice"]["value"] for metric in report["metrics"] if metric["slice"]} == {
        "north",
        "south",
        "west",
    }


def test_csv_and_parquet_say_the_same(tmp_path: Path, greenroom: Command) -> None:
    """The same values give the same report, digests included, whatever the file keeps them as."""
    as_csv = write(tmp_path, CHURN, "table.csv")
    as_parquet = write(
        tmp_path, CHURN.astype({"region": "category", "left": "category", "age": "int8"}), "table.parquet"
    )
    first, second = (
        greenroom(path, *PAIR, "--slice", "region", "--slice", "age:3", "--json")
        for path in (as_csv, as_parquet)
    )

    assert first.out == second.out


@pytest.mark.parametrize(
    ("options", "verdict", "status"),
    [
        pytest.param(["--metric", "accuracy", "--max-loss", "0.1"], "pass", 0, id="a loss is ruled out"),
        pytest.param(["--max-loss", "0.01"], "inconclusive", 0, id="too few rows"),
        pytest.param(["--max-loss", "0.01", "--on-inconclusive", "fail"], "inconclusive", 1, id="and strict"),
        pytest.param(["--metric", "log_loss", "--max-loss", "0.01"], "fail", 1, id="a loss is shown"),
        pytest.param(["--min", "0.9"], "fail", 1, id="an absolute bound"),
        pytest.param(["--metric", "log_loss", "--max", "2"], "pass", 0, id="an upper bound"),
        pytest.param([], "pass", 0, id="nothing is judged"),
    ],
)
def test_the_exit_status_is_the_verdict(
    options: list[str], verdict: str, status: int, greenroom: Command
) -> None:
    """0 passed, or inconclusive under `warn`; 1 failed, or inconclusive under `fail`."""
    done = greenroom(SMALL, *PAIR, *options, "--json")

    assert (report_of(done)["verdict"], done.status) == (verdict, status)


def test_without_a_limit_it_says_what_to_pass(greenroom: Command) -> None:
    """Nothing is judged, and nobody takes that for a pass: the text says so, and what would be a verdict."""
    done = greenroom(SMALL, *PAIR, "--slice", "region")

    assert done.out.startswith("COMPARED  No clear change overall")
    assert "No limit was set, so there is no verdict." in done.out
    assert "PASS" not in done.out
    assert "Look at region south" in done.out
    assert "--max-loss X" in done.out


def test_a_candidate_alone_is_held_to_bounds(greenroom: Command) -> None:
    """Without a champion there are values and absolute bounds, and the champion's side stays empty."""
    done = greenroom(SMALL, "--target", "left", "--candidate", "new", "--min", "0.7")

    assert (done.status, done.err) == (0, "")
    assert "PASS" in done.out
    assert "--champion" in done.out.partition("Next")[2]


def test_an_inconclusive_verdict_says_how_many_labels(greenroom: Command) -> None:
    """The last line is what to do: so many more rows."""
    done = greenroom(SMALL, *PAIR, "--max-loss", "0.01")

    assert done.out.startswith("INCONCLUSIVE")
    assert "Label about 530 more rows" in done.out.partition("Next")[2]


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        pytest.param(CHURN, PAIR, "Predictions are probabilities, since 'new'", id="probabilities"),
        pytest.param(
            change(
                new=np.where(CHURN["new"] > 0.4, "yes", "no"), old=np.where(CHURN["old"] > 0.5, "yes", "no")
            ),
            PAIR,
            "Predictions are labels, since 'new' holds no numbers",
            id="labels as text",
        ),
        pytest.param(
            change(left=CHURN["left"] == "yes", new=CHURN["new"] > 0.4, old=(CHURN["old"] > 0.5).astype(int)),
            PAIR,
            "Predictions are labels",
            id="booleans and 0 and 1",
        ),
        pytest.param(
            make_colours(),
            ("--target", "colour", "--candidate", "new:*", "--champion", "old:*"),
            "there is a column for each class",
            id="a column for each class",
        ),
        pytest.param(
            make_colours(),
            ("--target", "colour", "--candidate", "new label", "--champion", "old label"),
            "The task is multiclass, since 'colour' has 3 classes",
            id="labels of three classes",
        ),
        pytest.param(
            make_prices(),
            ("--target", "price", "--candidate", "new", "--champion", "old"),
            "The task is regression, since 'price' holds numbers with decimals",
            id="numbers",
        ),
        pytest.param(
            make_prices().astype({"price": int}),
            ("--target", "price", "--candidate", "new", "--champion", "old"),
            "The task is regression, since the predictions are numbers with decimals",
            id="whole amounts",
        ),
    ],
)
@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_guesses_are_said_aloud(
    frame: pd.DataFrame, options: tuple[str, ...], said: str, name: str, tmp_path: Path, greenroom: Command
) -> None:
    """Task and kind of prediction are guessed from the values, rightly, and the text says so."""
    done = greenroom(write(tmp_path, frame, name), *options)

    assert (done.status, done.err) == (0, "")
    assert said in " ".join(done.out.split())
    assert "undefined" not in done.out


def test_class_columns_say_what_one_column_says(tmp_path: Path, greenroom: Command) -> None:
    """The probabilities of both classes, as scoring writes them, give the figures of the positive one's."""
    pairs = {
        f"probability:{label}": share for label, share in (("no", 1 - CHURN["new"]), ("yes", CHURN["new"]))
    }
    wide = write(tmp_path, CHURN.assign(**pairs), "wide.parquet")
    alone, both = (
        report_of(
            greenroom(wide, "--target", "left", "--candidate", candidate, "--champion", "old", "--json")
        )
        for candidate in ("new", "probability:*")
    )

    for one, other in zip(alone["metrics"], both["metrics"], strict=True):
        assert one["difference"] == pytest.approx(other["difference"], abs=1e-12)


def test_another_positive_class_turns_the_probabilities(tmp_path: Path, greenroom: Command) -> None:
    """Probabilities are of the class that --positive names, and the metrics are about it."""
    turned = write(tmp_path, change(new=1 - CHURN["new"], old=1 - CHURN["old"]))
    plain = report_of(greenroom(SMALL, *PAIR, "--metric", "roc_auc", "--json"))
    other = report_of(greenroom(turned, *PAIR, "--metric", "roc_auc", "--positive", "no", "--json"))

    assert other["metrics"][0]["candidate"] == pytest.approx(plain["metrics"][0]["candidate"])


def test_groups_and_weights_count(tmp_path: Path, greenroom: Command) -> None:
    """Rows of one group widen the interval, a weight of 0 takes a row out, and the method says both."""
    doubled = pd.concat([CHURN, CHURN]).assign(counts=[1.0] * 600 + [0.0] * 600)
    path = write(tmp_path, doubled)
    plain, grouped, weighted = (
        report_of(greenroom(path, *PAIR, "--metric", "roc_auc", *options, "--json"))["metrics"][0]
        for options in ((), ("--group", "customer"), ("--weight", "counts"))
    )
    half = {
        name: found["interval"][1] - found["difference"]
        for name, found in (("plain", plain), ("grouped", grouped))
    }

    assert half["grouped"] == pytest.approx(half["plain"] * np.sqrt(2), rel=0.02)
    assert "group" in grouped["method"]
    assert "weighted" in weighted["method"]
    assert weighted["candidate"] == pytest.approx(plain["candidate"])


@pytest.mark.parametrize("scale", [1e-320, 1e308])
def test_weights_may_be_of_any_size(scale: float, tmp_path: Path, greenroom: Command) -> None:
    """Only the proportions of weights count, up to the ends of what 64 bits hold."""
    frame = CHURN.assign(counts=np.where(CHURN["region"] == "south", scale, scale / 2))
    options = (*PAIR, "--metric", "brier", "--weight", "counts", "--json")
    huge, plain = (
        report_of(greenroom(write(tmp_path, table, "table.parquet"), *options))["metrics"][0]
        for table in (frame, frame.assign(counts=frame["counts"] / scale))
    )

    assert huge["difference"] == pytest.approx(plain["difference"], rel=1e-3)


def test_equal_columns_differ_by_nothing(tmp_path: Path, greenroom: Command) -> None:
    """Two columns with the same values are compared, the difference is 0, and the text says why."""
    done = greenroom(write(tmp_path, change(old=CHURN["new"])), *PAIR, "--max-loss", "0", "--slice", "region")

    assert (done.status, done.err) == (0, "")
    assert "'new' and 'old' are equal" in " ".join(done.out.split())
    assert done.out.startswith("PASS  No change overall")


@pytest.mark.parametrize("column", ["new", "old"])
def test_a_constant_prediction_is_a_prediction(column: str, tmp_path: Path, greenroom: Command) -> None:
    """A model that always says the same is compared like any other, without a warning."""
    done = greenroom(write(tmp_path, change(**{column: 0.3})), *PAIR, "--slice", "region")

    assert (done.status, done.err) == (0, "")
    assert "nan" not in done.out.lower()


def test_a_metric_without_a_value_says_why(tmp_path: Path, greenroom: Command) -> None:
    """R² of a constant target has no value: the text says undefined and why, and a rule on it fails."""
    path = write(tmp_path, make_prices().assign(price=7.5))
    options = ("--target", "price", "--candidate", "new", "--champion", "old", "--task", "regression")
    shown, judged = greenroom(path, *options), greenroom(path, *options, "--metric", "r2", "--max-loss", "1")

    assert "R²: it is undefined for the candidate" in " ".join(shown.out.split())
    assert judged.status == 1


BAD: dict[str, tuple[pd.DataFrame | bytes, tuple[str, ...], str]] = {
    "no such target": (CHURN, ("--target", "leftt", *PAIR[2:]), "no column 'leftt'; did you mean 'left'?"),
    "no such candidate": (CHURN, (*PAIR, "--candidate", "neww"), "no column 'neww'; did you mean 'new'?"),
    "no such slice": (CHURN, (*PAIR, "--slice", "regoin"), "no column 'regoin'; did you mean 'region'?"),
    "no such group": (CHURN, (*PAIR, "--group", "costumer"), "did you mean 'customer'?"),
    "no such metric": (CHURN, (*PAIR, "--metric", "roc_au"), "did you mean 'roc_auc'?"),
    "no such class": (CHURN, (*PAIR, "--positive", "yess"), "no class 'yess'; did you mean 'yes'?"),
    "another task's metric": (CHURN, (*PAIR, "--metric", "rmse"), "does not fit a binary task"),
    "a metric of probabilities": (
        change(new="yes", old="no"),
        (*PAIR, "--metric", "log_loss"),
        "'log_loss' needs probabilities, but the predictions are labels",
    ),
    "one column twice": (CHURN, (*PAIR, "--champion", "new"), "compares a model with itself"),
    "the target as candidate": (CHURN, (*PAIR, "--candidate", "left"), "which is the target"),
    "above 1": (put("new", 17, 1.5), PAIR, "holds 1.5, which is neither a probability (0 to 1) nor a class"),
    "above 1, kind given": (
        put("new", 17, 1.5),
        (*PAIR, "--prediction-kind", "probability"),
        "1 row, the first is row 17 (counted from 0)",
    ),
    "a missing prediction": (
        put("new", 17, None),
        PAIR,
        "column 'new' has no value in 1 row, the first is row 17",
    ),
    "an infinite prediction": (
        put("old", 3, "inf"),
        PAIR,
        "'old' has an infinite number in 1 row, the first is row 3",
    ),
    "a missing label": (put("left", 5, None), PAIR, "the target, has no value in row 5"),
    "text among numbers": (put("new", 9, "n.a."), PAIR, "such as 'n.a.' in row 9"),
    "a negative weight": (put("age", 4, -1), (*PAIR, "--weight", "age"), "the weight of row 4 is -1"),
    "a missing weight": (put("age", 4, None), (*PAIR, "--weight", "age"), "the weight of row 4 is nan"),
    "one class": (change(left="yes"), PAIR, "all rows of the holdout are of the class 'yes'"),
    "no rows": (CHURN.iloc[:0], PAIR, "has no rows"),
    "two kinds": (
        change(old=(CHURN["old"] > 0.5).map({True: "yes", False: "no"})),
        PAIR,
        "pass --prediction-kind",
    ),
    "0 and 1 for text": (
        change(new=CHURN["new"].round(), old=CHURN["old"].round()),
        PAIR,
        "--prediction-kind probab",
    ),
    "classes or amounts": (
        change(left=CHURN["age"] % 7, new=CHURN["age"] % 5, old=CHURN["age"] % 6),
        PAIR,
        "pass --task multiclass or --task regression",
    ),
    "one number for three classes": (
        make_colours().assign(new=0.5),
        ("--target", "colour", "--candidate", "new"),
        "--candidate 'new:*'",
    ),
    "a class without a column": (
        make_colours().drop(columns=["new:red", "old:red"]),
        ("--target", "colour", "--candidate", "new:*", "--champion", "old:*"),
        "none for the target's class 'red'",
    ),
    "unequal classes": (
        make_colours().drop(columns="old:red"),
        ("--target", "colour", "--candidate", "new:*", "--champion", "old:*"),
        "give both the same classes",
    ),
    "no sum of 1": (
        make_colours().assign(**{"new:red": 0.9}),
        ("--target", "colour", "--candidate", "new:*"),
        "do not add up to 1",
    ),
    "an unknown label": (
        make_colours().assign(**{"new label": "pink"}),
        ("--target", "colour", "--candidate", "new label"),
        "knows the class 'pink'",
    ),
    "a name with a line break": (
        change(left=np.where(CHURN["left"] == "yes", "left\nus", "stayed"), new=CHURN["new"].round()),
        PAIR,
        "left us and stayed",
    ),
    "numbers for classes": (
        make_prices(),
        ("--target", "price", "--candidate", "new", "--prediction-kind", "label"),
        "knows the class",
    ),
    "text for amounts": (
        make_prices().assign(new="dear"),
        ("--target", "price", "--candidate", "new"),
        "holds text where numbers are needed, such as 'dear' in row 0",
    ),
    "two columns of one name": (
        b"left,new,old,new\nyes,1,0,1\nno,0,1,0\n",
        PAIR,
        "two columns 'new'; give each its own name",
    ),
    "semicolons": (b"left;new;old\nyes;1;0\n", PAIR, "separated by ';', but must be by commas"),
    "an uneven row": (b"left,new,old\nyes,1,0\nno,0,1,2\n", PAIR, "cannot be read as CSV"),
    "longer rows": (b"left,new,old\nyes,1,0,5\nno,0,1,2\n", PAIR, "cannot be read as CSV"),
    "an empty file": (b"", PAIR, "is empty"),
    "not text": (b"\xff\xfe\x00left,new,old\n\x00\x00", PAIR, "cannot be read as CSV"),
    "a limit that is no number": (CHURN, (*PAIR, "--max-loss", "nan"), "--max-loss is nan"),
    "a negative limit": (CHURN, (*PAIR, "--max-loss", "-1"), "--max-loss is -1"),
    "a confidence of 95": (CHURN, (*PAIR, "--confidence", "95"), "--confidence is 95"),
    "a loss without a champion": (CHURN, (*PAIR[:4], "--max-loss", "0.1"), "--champion"),
    "slices that are not named": (CHURN, (*PAIR, "--max-loss-slices", "0.1"), "--slice"),
    "too many slices": (CHURN, (*PAIR, "--slice", "customer"), "--slice customer:4"),
    "bins of text": (CHURN, (*PAIR, "--slice", "region:4"), "'region' holds none"),
    "two forms": (CHURN, (*PAIR, "--json", "--markdown"), "pass one of them"),
    "a kind of another task": (
        CHURN,
        (*PAIR, "--task", "binary", "--prediction-kind", "number"),
        "does not fit",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(name: str, tmp_path: Path, greenroom: Command) -> None:
    """One line on stderr that says what, which value and what to do; exit status 2, and nothing else."""
    table, options, said = BAD[name]
    path = tmp_path / "table.csv"
    path.write_bytes(table) if isinstance(table, bytes) else write(tmp_path, table)
    done = greenroom(path, *options)

    assert (done.status, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1, done.err
    assert done.err.startswith("greenroom: ")
    assert said in done.err


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda folder: folder / "none.csv", "does not exist", id="no file"),
        pytest.param(lambda folder: folder, "is a folder", id="a folder"),
        pytest.param(
            lambda folder: write(folder, CHURN).rename(folder / "table.xlsx"),
            "must be CSV or Parquet",
            id="suffix",
        ),
        pytest.param(
            lambda folder: write(folder, CHURN).rename(folder / "t.parquet"),
            "cannot be read as Parquet",
            id="no Parquet",
        ),
    ],
)
def test_a_file_that_is_none_is_one_line(
    make: Callable[[Path], Path], said: str, tmp_path: Path, greenroom: Command
) -> None:
    """Whatever the path leads to, the answer is one line and exit status 2."""
    done = greenroom(make(tmp_path), *PAIR)

    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_parquet_is_one_line(share: float, tmp_path: Path, greenroom: Command) -> None:
    """A file that was cut off while it was copied is refused, wherever the cut is."""
    path = write(tmp_path, CHURN, "table.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    done = greenroom(path, *PAIR)

    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)


def test_it_starts_without_the_rest_of_the_house(tmp_path: Path) -> None:
    """The command runs as a process where warnings are errors, and loads no MLflow, BentoML or Streamlit."""
    script = """
import sys
from greenroom_pipeline.cli import main
sys.argv = ["greenroom", "compare", *sys.argv[1:]]
try:
    main()
finally:
    heavy = {name.partition(".")[0] for name in sys.modules}
    print(sorted(heavy & {"mlflow", "bentoml", "streamlit", "sklearn", "altair"}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(SMALL), *PAIR, *LIMITS],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (done.returncode, done.stderr.strip()) == (1, "[]")
    assert done.stdout.startswith("FAIL  Worse for region south")
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_page_s_commands_work(greenroom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison that docs/compare.md shows of the example ends with a verdict and not with an error."""
    monkeypatch.chdir(SMALL.parents[2])
    page = Path("docs/compare.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for line in page.splitlines() if line.startswith("greenroom compare examples/")]

    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command.partition(" | ")[0])
        assert greenroom(*words[2:]).err.count("greenroom:") == 0


def test_answers_have_limits_of_their_own(greenroom: Command, tmp_path: Path) -> None:
    """Rows that break, a shift and calibration gate a table as they gate a pull request, without a metric's rule."""
    limits = ("--max-broken", 0.5, "--max-shift", 0.2, "--max-calibration-error", 0.001)
    done = greenroom(write(tmp_path, CHURN), *PAIR, *limits, "--json")
    outcomes = {check["code"]: check["outcome"] for check in report_of(done)["checks"]}

    assert (done.status, outcomes) == (1, {"GR105": "passed", "GR106": "passed", "GR107": "failed"})


def test_strict_bounds_hold_the_end_of_the_interval(greenroom: Command, tmp_path: Path) -> None:
    """A value above its bound passes, and fails when its interval is to keep the bound too."""
    bound = (write(tmp_path, CHURN), *PAIR, "--min", 0.72)
    strict = greenroom(*bound, "--strict")

    assert greenroom(*bound).status == 0
    assert strict.status == 1
    assert "surely above" in " ".join(strict.out.split())


@pytest.mark.parametrize(
    ("changes", "options", "complaint"),
    [
        pytest.param({}, ("--group", "left"), "'left' is the target", id="group-is-the-target"),
        pytest.param({}, ("--metric", "recall:maybe"), "no class 'maybe'", id="recall-of-no-class"),
        pytest.param({}, ("--min", 0.9, "--max", 0.1), "which no value can keep", id="bounds-cross"),
        pytest.param({}, ("--slice", ""), "--slice is empty", id="empty-slice"),
        pytest.param({}, ("--max-loss", "abc"), "invalid value for '--max-loss'", id="no-number"),
        pytest.param({}, ("--bogus",), "no such option: --bogus", id="no-such-option"),
        pytest.param(
            {"left": [2, *([0, 1] * 300)[1:600]]},
            ("--max-loss", 0.05),
            "holds 3 different numbers and the predictions lie between 0 and 1",
            id="stray-target",
        ),
        pytest.param(
            {"left": [0.5] * 300 + [1.5] * 299 + [1e308], "new": [0.25] * 599 + [1e200]},
            ("--task", "regression"),
            "too large",
            id="too-large",
        ),
    ],
)
def test_what_would_mislead_is_refused_in_one_line(
    greenroom: Command,
    tmp_path: Path,
    changes: dict[str, Any],
    options: tuple[str, ...],
    complaint: str,
) -> None:
    """A verdict on something else than was meant is worse than none: one line, exit status 2."""
    done = greenroom(write(tmp_path, change(**changes)), *PAIR, *options)

    assert (done.status, done.out) == (2, "")
    assert complaint in done.err
    assert done.err.count("\n") == 1


def test_one_row_of_a_slice_decides_nothing(greenroom: Command, tmp_path: Path) -> None:
    """A slice of one row, which the candidate alone has right, is not tested and breaks nothing."""
    frame = change(region=["rare", *CHURN["region"][1:]])
    for column, value in {"left": "yes", "new": 0.9, "old": 0.1}.items():
        frame[column] = [value, *frame[column][1:]]
    done = greenroom(write(tmp_path, frame), *PAIR, *LIMITS)

    assert done.status in (0, 1)
    assert "rare" in done.out


def test_a_slice_named_twice_counts_once(greenroom: Command, tmp_path: Path) -> None:
    """Naming it again would make the correction for many tests too strict."""
    table = write(tmp_path, CHURN)
    once, twice = (greenroom(table, *PAIR, *LIMITS, *more, "--json") for more in ((), ("--slice", "region")))

    assert report_of(twice) == report_of(once)


def test_rules_that_nothing_could_be_tested_by_pass_nothing(greenroom: Command, tmp_path: Path) -> None:
    """When every slice is too small, the verdict is open, and the next step says what to label."""
    frame = change(region=np.arange(len(CHURN)) % 20)
    done = greenroom(write(tmp_path, frame), *PAIR, "--slice", "region", "--max-loss-slices", 0.05)

    assert done.out.startswith("INCONCLUSIVE")
    assert "none could be tested" in " ".join(done.out.split())
