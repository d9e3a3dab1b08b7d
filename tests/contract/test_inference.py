"""The candidate's service and scoring answer exactly as the MLflow model does, and refuse what is wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from openapi_spec_validator import validate

from greenroom_services.bento import PackagedBento, digest_folder, package
from greenroom_services.environments import Environment
from greenroom_services.errors import BundlingError, ModelError
from greenroom_services.sandbox import scrubbed_environ
from greenroom_services.scoring import score_model
from tests.bento_server import bentoml_serving
from tests.contract.example_models import Example, save_code

NAMES = ["flights", "irises", "diabetes", "average"]


def score(example: Example, folder: Path, environment: Environment, *, timeout: float = 60) -> pd.DataFrame:
    rows, output = folder / "rows.parquet", folder / "predictions.parquet"
    example.rows.to_parquet(rows)
    score_model(
        example.path,
        rows=rows,
        output=output,
        environment=environment,
        task=example.task,
        classes=example.classes,
        log=folder / "score.log",
        timeout=timeout,
    )
    return pd.read_parquet(output)


@pytest.mark.parametrize("name", NAMES)
def test_scoring_agrees_with_the_model(
    name: str, examples: dict[str, Example], environment: Environment, tmp_path: Path
) -> None:
    """Scoring hands back the model's own answers, row by row."""
    example = examples[name]

    table = score(example, tmp_path, environment)

    if example.task == "regression":
        assert list(table.columns) == ["prediction"]
        # Sums come out in another order where the mathematics uses more threads.
        np.testing.assert_allclose(table["prediction"], example.expected, rtol=1e-12)
        return
    assert table["prediction"].tolist() == [str(label) for label in example.expected]
    columns = [f"probability:{label}" for label in example.classes]
    assert list(table.columns) == ["prediction", *columns]
    np.testing.assert_allclose(table[columns].to_numpy(), example.probabilities, rtol=1e-12)


def broken(source: str, folder: Path) -> Example:
    path = save_code(source, folder)
    rows = pd.DataFrame({"low": [0.0, 1.0], "high": [1.0, 1.0]})
    return Example("broken", path, "regression", rows, [])


MODEL = """
import os, sys, time
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def load_context(self, context):
        if os.environ.get("HOME") and "{load}":
            exec({load!r})
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        exec({predict!r})
        return [0.0] * len(model_input)

set_model(Model())
"""


@pytest.mark.parametrize(
    ("load", "predict", "message"),
    [
        pytest.param(
            "import features",
            "",
            r"does not load in its own environment: ModuleNotFoundError: No module named 'features'; add",
            id="missing module",
        ),
        pytest.param("", "1 / 0", r"fails on the holdout: ZeroDivisionError: division by zero", id="raises"),
        pytest.param("", "os._exit(0)", r"ended without an answer \(exit status 0\)", id="ends early"),
        pytest.param("", "os.kill(os.getpid(), 11)", r"ended without an answer \(signal 11\)", id="crashes"),
    ],
)
def test_a_model_that_fails_says_how(
    load: str, predict: str, message: str, environment: Environment, tmp_path: Path
) -> None:
    """A model that does not load, raises or crashes ends scoring with one line that says so."""
    # Saving loads the model as well: here nothing may happen yet.
    load = f"if 'BENTOML_DO_NOT_TRACK' in os.environ: {load or 'pass'}"
    example = broken(MODEL.format(load=load, predict=predict), tmp_path / "broken")

    with pytest.raises(ModelError, match=message) as caught:
        score(example, tmp_path, environment)

    assert "\n" not in str(caught.value)
    if "Error" in message:
        assert "Traceback" in caught.value.log


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param("os.mkfifo(folder + '/outcome.json')", id="pipe as outcome"),
        pytest.param("os.mkfifo(folder + '/log')", id="pipe beside it"),
        pytest.param("os.symlink('/etc/passwd', {output!r})", id="link as output"),
        pytest.param("os.mkfifo({output!r})", id="pipe as output"),
    ],
)
def test_what_a_model_leaves_keeps_nobody_waiting(
    leave: str, environment: Environment, tmp_path: Path
) -> None:
    """A pipe or a link in the place of what scoring hands back is no answer, and is not opened."""
    leave = leave.format(output=str(tmp_path / "predictions.parquet"))
    act = f"folder = os.path.dirname(sys.argv[1]); {leave}; os._exit(0)"

    with pytest.raises(ModelError, match=r"ended without an answer \(exit status 0\)"):
        score(broken(MODEL.format(load="", predict=act), tmp_path / "broken"), tmp_path, environment)


def test_a_file_has_a_largest_size(environment: Environment, tmp_path: Path) -> None:
    """A model cannot fill the disk with one file: beyond 4 GiB there is no writing."""
    act = "open('large', 'wb').truncate(4 * 2**30); open('large', 'r+b').truncate(4 * 2**30 + 1)"

    with pytest.raises(ModelError, match=r"File too large|signal 25"):
        score(broken(MODEL.format(load="", predict=act), tmp_path / "broken"), tmp_path, environment)


def test_a_model_that_hangs_is_stopped(environment: Environment, tmp_path: Path) -> None:
    """Scoring ends with the time limit, and says so."""
    example = broken(MODEL.format(load="", predict="time.sleep(600)"), tmp_path / "broken")

    with pytest.raises(ModelError, match=r"did not answer within 0\.5 seconds"):
        score(example, tmp_path, environment, timeout=0.5)


def test_scoring_shows_the_model_no_secrets(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Greenroom's environment nothing reaches the model but what is made for it."""
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "hush")
    seen = tmp_path / "seen"
    spy = f"open({str(seen)!r}, 'w').write(chr(10).join(sorted(os.environ)) + chr(10) + os.getcwd())"

    score(broken(MODEL.format(load="", predict=spy), tmp_path / "spy"), tmp_path, environment)

    *names, folder = seen.read_text().splitlines()
    allowed = set(scrubbed_environ(environment, folder=tmp_path)) | {"LC_CTYPE"}
    # MLflow and the numeric libraries set some of their own.
    assert not [name for name in names if re.match("GITHUB|AWS|.*TOKEN|.*PASSWORD|VIRTUAL_ENV", name)]
    assert allowed - {"LC_CTYPE"} <= set(names)
    assert folder != str(Path.cwd())


class Served:
    """A Bento under plain `bentoml serve`."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def predict(self, rows: Any) -> httpx.Response:
        return self.client.post("/predict", json={"rows": rows})


@pytest.fixture(scope="module")
def served(
    examples: dict[str, Example],
    pack: Callable[..., PackagedBento],
    environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    bento = pack(examples["flights"])
    folder = tmp_path_factory.mktemp("serve")
    with bentoml_serving(bento.path, environment=environment, folder=folder) as client:
        yield Served(client)


def test_bentoml_serves_the_bento(served: Served, examples: dict[str, Example]) -> None:
    """Plain `bentoml serve` of the Bento predicts every row as the model does."""
    example = examples["flights"]

    answer = served.predict(example.records)

    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content["predictions"] == example.expected
    table = [[row[label] for label in example.classes] for row in content["probabilities"]]
    np.testing.assert_allclose(table, example.probabilities, rtol=1e-12)
    assert content["model"] == {"name": "flights", "version": "v1", "digest": digest_folder(example.path)}


def test_the_bento_describes_itself(served: Served, examples: dict[str, Example]) -> None:
    """`/describe` gives signature, feature profile, task and model."""
    content = served.client.post("/describe", json={}).json()

    assert [column["name"] for column in content["signature"]["inputs"]] == list(examples["flights"].rows)
    assert content["profile"] == examples["flights"].profile()
    assert content["task"] == "binary"
    assert content["model"]["version"] == "v1"


def test_the_bento_has_valid_openapi(served: Served) -> None:
    """`/docs.json` is valid OpenAPI, tells of both endpoints, and what an error looks like."""
    document = served.client.get("/docs.json").json()

    validate(document)
    assert {"/predict", "/describe"} <= set(document["paths"])
    failure = document["components"]["schemas"]["InvalidArgument"]["properties"]
    assert failure["detail"] == {"type": "array", "items": {"type": "object"}}


GOOD = {"distance": 500, "wind": 7, "carrier": "UA", "weekend": False}


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        pytest.param(
            {"distance": "far"},
            "distance",
            r"row 1: column 'distance' is 'far', expected a whole number between \d+ and 4,\d{3}",
            id="text for a number",
        ),
        pytest.param({"distance": 1.5}, "distance", "is 1.5, expected a whole number", id="fraction"),
        pytest.param(
            {"distance": True}, "distance", "is True, expected a whole number", id="truth for number"
        ),
        pytest.param({"distance": 2**70}, "distance", "expected a whole number", id="too large"),
        pytest.param({"wind": "7"}, "wind", "is '7', expected a number", id="number as text"),
        pytest.param({"carrier": 3}, "carrier", "is 3, expected a text such as '", id="number for a text"),
        pytest.param({"weekend": 1}, "weekend", "is 1, expected true or false", id="number for a truth"),
        pytest.param({"weekend": None}, "weekend", "is null, expected true or false", id="null"),
        pytest.param({"distanse": 1}, "distanse", "did you mean 'distance'", id="typo"),
    ],
)
def test_a_wrong_value_is_refused(served: Served, change: dict[str, Any], column: str, message: str) -> None:
    """A wrong row gets a 400 that names row, column, what came and what is expected."""
    answer = served.predict([GOOD, GOOD | change])

    assert answer.status_code == 400
    content = answer.json()
    assert set(content) == {"error", "detail"}
    assert re.search(message, content["error"]), content["error"]
    assert content["detail"][0]["row"] == 1
    assert content["detail"][0]["column"] == column
    assert set(content["detail"][0]) == {"row", "column", "got", "expected"}


def test_a_missing_column_is_refused(served: Served) -> None:
    """A row without a required column is refused, and a nullable one may stay away."""
    without = {key: value for key, value in GOOD.items() if key != "distance"}
    sparse = {key: value for key, value in GOOD.items() if key != "wind"}

    refused = served.predict([without])

    assert refused.status_code == 400
    assert "column 'distance' is missing, expected a whole number" in refused.json()["error"]
    assert served.predict([sparse]).json() == served.predict([GOOD | {"wind": None}]).json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("{bad", "Invalid JSON", id="no JSON"),
        pytest.param("[]", "should be an object", id="a list"),
        pytest.param("{}", "rows: Field required", id="no rows"),
        pytest.param('{"rows": []}', "rows is empty", id="empty rows"),
        pytest.param('{"rows": [3]}', r"rows\.0", id="a row that is a number"),
        pytest.param('{"rows": [' + "{}," * 10_000 + "{}]}", "at most 10,000", id="too many rows"),
        pytest.param(
            '{"rows": [{"distance": 1, "weekend": true, "wind": NaN}]}', "'wind' is nan", id="not finite"
        ),
        pytest.param(
            '{"rows": [{"distance": 1, "weekend": true, "wind": 1e999}]}', "'wind' is inf", id="infinite"
        ),
    ],
)
def test_a_broken_request_is_refused(served: Served, body: str, message: str) -> None:
    """A request without proper rows gets a 400 in the same shape."""
    answer = served.client.post("/predict", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "detail"}
    assert re.search(message, answer.json()["error"]), answer.json()["error"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_only_json_is_taken(served: Served, kind: str) -> None:
    """A body that says it is something else is refused in the one error shape."""
    for path in ("/predict", "/describe"):
        answer = served.client.post(path, content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert set(answer.json()) == {"error", "detail"}


def test_a_question_without_type_is_json(served: Served) -> None:
    """Without a content type, or without a body, the service answers as for JSON."""
    assert served.client.post("/describe").status_code == 200
    assert served.client.post("/predict", content=b'{"rows": [{}]}').status_code == 400
    typed = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert served.client.post("/describe", content=b"{}", headers=typed).status_code == 200


def test_many_unknown_columns_are_refused_cheaply(served: Served) -> None:
    """Of 300,000 unknown names the first few are told, in a short answer and at once."""
    row = {f"{'x' * 20}{index}": 1 for index in range(300_000)}
    served.predict([GOOD])
    began = time.monotonic()

    answer = served.predict([row])

    assert time.monotonic() - began < 5
    assert answer.status_code == 400
    assert len(answer.json()["detail"]) == 20
    assert len(answer.content) < 10_000


def test_a_long_name_is_cut(served: Served) -> None:
    """A name without end is shown by its beginning."""
    content = served.predict([GOOD | {"y" * 1_000_000: 1}]).json()

    assert "unknown column 'yyy" in content["error"]
    assert len(content["error"]) < 300
    assert len(content["detail"][0]["column"]) <= 80


ODD_MODEL = """
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        if (model_input["high"] == 1).any():
            return [0.5]
        return (1 / model_input["low"]).tolist()

set_model(Model())
"""


@pytest.fixture(scope="module")
def odd(
    pack: Callable[..., PackagedBento],
    environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A model that answers one row where *high* is 1, and infinity where *low* is 0; both are of 32 bits."""
    folder = tmp_path_factory.mktemp("odd")
    path = save_code(ODD_MODEL, folder / "model", kind="float")
    rows = pd.DataFrame({"low": [1.0, 2.0], "high": [0.0, 0.0]})
    bento = pack(Example("odd", path, "regression", rows, []))
    with bentoml_serving(bento.path, environment=environment, folder=folder) as client:
        yield Served(client)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, 1), (2, 1)], "the model answered 1 prediction for 2 rows"),
        ([(1, 0), (0, 0)], "the model answered inf for row 1"),
    ],
)
def test_an_answer_that_is_none(odd: Served, rows: list[tuple[float, float]], message: str) -> None:
    """A wrong number of answers, or one that is no number, is the model's error, and never a null."""
    answer = odd.predict([{"low": low, "high": high} for low, high in rows])

    assert answer.status_code == 500
    assert answer.json() == {"error": message, "detail": []}


def test_a_number_has_the_models_width(odd: Served) -> None:
    """What a number of 32 bits cannot hold is refused, and the largest that it can is not."""
    refused = odd.predict([{"low": 1e39, "high": 0}])

    assert refused.status_code == 400
    assert "column 'low' is 1e+39, expected a number of 32 bits" in refused.json()["error"]
    assert odd.predict([{"low": 3.4e38, "high": 0}]).status_code == 200


def test_the_same_tag_is_built_once(examples: dict[str, Example], pack: Callable[..., PackagedBento]) -> None:
    """A Bento that is there is not built again."""
    first = pack(examples["irises"])
    before = (first.path / "bento.yaml").stat().st_mtime_ns

    assert pack(examples["irises"]) == first
    assert (first.path / "bento.yaml").stat().st_mtime_ns == before


Build = Callable[..., PackagedBento]


@pytest.fixture
def build(examples: dict[str, Example], tmp_path: Path) -> Build:
    """Package one model under one tag, with what a test changes."""
    example = examples["diabetes"]

    def build_example(**changes: Any) -> PackagedBento:
        given: dict[str, Any] = {
            "digest": digest_folder(example.path),
            "task": example.task,
            "profile": example.profile(),
        }
        return package(
            example.path, name="model", version="v1", requirements=[], store=tmp_path / "store", labels={},
            **(given | changes),
        )  # fmt: skip

    return build_example


def test_a_digest_must_be_the_models(build: Build) -> None:
    """A digest that is not that of the model's files is refused."""
    with pytest.raises(BundlingError, match="differ from digest"):
        build(digest="0" * 64)


def test_a_tag_stands_for_one_model(build: Build) -> None:
    """A tag that is taken for another model, task, classes or profile is refused, and what is there stays."""
    first = build()
    before = (first.path / "bento.yaml").stat().st_mtime_ns

    others: list[tuple[str, dict[str, Any]]] = [
        ("model", {"digest": "0" * 64}),
        ("task", {"task": "binary"}),
        ("classes", {"classes": ["0", "1"]}),
        ("positive class", {"positive": "1"}),
        ("profile", {"profile": {"features": []}}),
    ]
    for noun, change in others:
        with pytest.raises(BundlingError, match=f"Bento model:v1 is there with another {noun};"):
            build(**change)

    assert build() == first
    assert (first.path / "bento.yaml").stat().st_mtime_ns == before


def test_an_older_service_is_replaced(build: Build) -> None:
    """A Bento that an older Greenroom built is built anew in its place, with the service as it is now."""
    first = build()
    service, model = first.path / "src" / "service.py", digest_folder(first.path / "src" / "model")
    present = service.read_text()
    service.write_text("# the service of an older Greenroom")

    again = build()

    assert again == first
    assert service.read_text() == present
    assert digest_folder(first.path / "src" / "model") == model
    assert (first.path / "bento.yaml").is_file()
    store = first.path.parents[2]
    assert [path.name for path in store.iterdir()] == ["bentos"]


def test_a_damaged_bento_is_one_line(build: Build) -> None:
    """A Bento whose files are gone or cut says which folder to remove."""
    first = build()
    (first.path / "src" / "identity.json").write_text('{"name"')

    with pytest.raises(BundlingError, match=r"is damaged .*remove .*model/v1 and try again") as caught:
        build()

    assert "\n" not in str(caught.value)


def test_a_digest_stands_for_names_and_bytes(tmp_path: Path) -> None:
    """Equal folders have equal digests; a changed byte, a moved file or a link does not pass."""
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("content")
        (tmp_path / name / "__pycache__").mkdir()
        (tmp_path / name / "__pycache__" / name).write_text(name)
    first = digest_folder(tmp_path / "one")

    assert digest_folder(tmp_path / "two") == first
    (tmp_path / "two" / "sub" / "file").write_text("Content")
    assert digest_folder(tmp_path / "two") != first
    (tmp_path / "one" / "sub" / "file").rename(tmp_path / "one" / "file")
    assert digest_folder(tmp_path / "one") != first
    (tmp_path / "one" / "link").symlink_to("file")
    with pytest.raises(BundlingError, match="link"):
        digest_folder(tmp_path / "one")
