"""The candidate's service: serves the MLflow model beside it, of any flavour; each Bento's service.py."""

from __future__ import annotations

import difflib
import itertools
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

# Before either library is imported: nothing that serves a candidate calls home.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import bentoml
import pydantic
from starlette.responses import JSONResponse

MAX_ROWS = 10_000
MAX_PROBLEMS = 20
MAX_NAMES = 20
SHOWN_CHARACTERS = 80
Task = Literal["binary", "multiclass", "regression"]


# --- What the model wants ---


@dataclass(frozen=True)
class Column:
    """One input of the model: MLflow's type of it (`double`, `string`…), and what the holdout showed."""

    name: str
    type: str
    nullable: bool = True
    required: bool = True
    expected: str = "a value"


DTYPES = {
    "double": "float64",
    "float": "float32",
    "long": "int64",
    "integer": "int32",
    "boolean": "bool",
    "datetime": "datetime64[ns]",
}
# From here on the nearest number of 32 bits is infinite.
FLOAT_END = (2 - 2.0**-24) * 2.0**127
WHOLE_RANGES = {"integer": 2**31, "long": 2**63}
NOUNS = {"float": "a number of 32 bits"}
KIND_TYPES = {
    "number": "double",
    "category": "string",
    "boolean": "boolean",
    "text": "string",
    "datetime": "datetime",
}


def read_columns(signature: Sequence[Mapping[str, Any]], profile: Mapping[str, Any]) -> list[Column]:
    """Return the model's inputs in order: from its signature, or from the profile where it has none."""
    features = {feature["name"]: feature for feature in profile.get("features", [])}
    if signature:
        return [_signature_column(entry, features.get(entry["name"], {})) for entry in signature]
    return [_profile_column(feature) for feature in features.values()]


def _signature_column(entry: Mapping[str, Any], feature: Mapping[str, Any]) -> Column:
    required = entry.get("required", True)
    # A whole number or a truth value has no way to be missing.
    nullable = feature.get("nullable", True) and entry["type"] not in ("long", "integer", "boolean")
    expected = _expectation(entry["type"], feature)
    return Column(entry["name"], entry["type"], nullable or not required, required, expected)


def _profile_column(feature: Mapping[str, Any]) -> Column:
    whole = feature["kind"] == "number" and feature.get("integer") and not feature["nullable"]
    kind = "long" if whole else KIND_TYPES[feature["kind"]]
    return Column(feature["name"], kind, feature["nullable"], True, _expectation(kind, feature))


def _expectation(kind: str, feature: Mapping[str, Any]) -> str:
    if kind in ("double", "float", "long", "integer"):
        noun = "a whole number" if kind in WHOLE_RANGES else NOUNS.get(kind, "a number")
        low, high = feature.get("minimum"), feature.get("maximum")
        known = isinstance(low, int | float) and isinstance(high, int | float)
        return f"{noun} between {low:,} and {high:,}" if known else noun
    if kind == "string":
        shown = [f"'{category['value']}'" for category in feature.get("categories", [])[:3]]
        return f"a text such as {', '.join(shown)}" if shown else "a text"
    return {"boolean": "true or false", "datetime": "a time such as '2026-01-31T08:30:00'"}.get(
        kind, "a value"
    )


# --- What came ---


@dataclass(frozen=True)
class Problem:
    """Why a row was refused; rows count from 0."""

    row: int
    column: str | None
    got: Any
    expected: str
    message: str


def check_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[Problem]:
    """Return what is wrong with *rows*: the first problems, at most `MAX_PROBLEMS`."""
    return list(itertools.islice(_find_problems(rows, columns), MAX_PROBLEMS))


def _find_problems(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> Iterator[Problem]:
    known = {column.name: column for column in columns}
    taken = ", ".join([_cut(name) for name in known][:MAX_NAMES] + ["…"] * (len(known) > MAX_NAMES))
    # Looking for a near name is slow, and one answer needs no more than one.
    searched = False
    for index, row in enumerate(rows):
        for name in row if known else ():
            if name not in known:
                near = None if searched else _find_near(name, list(known))
                searched = True
                yield _unknown(index, name, near=near, taken=taken)
        for column in columns:
            problem = _check_value(index, row, column)
            if problem is not None:
                yield problem


def _find_near(name: str, names: Sequence[str]) -> str | None:
    found = difflib.get_close_matches(name, names, n=1) if len(name) <= SHOWN_CHARACTERS else []
    return found[0] if found else None


def _unknown(index: int, name: str, *, near: str | None, taken: str) -> Problem:
    advice = f"did you mean {_show(near)}?" if near else f"the model takes {taken}"
    message = f"row {index}: unknown column {_show(name)}; {advice}"
    return Problem(index, _cut(name), _cut(name), near or f"one of {taken}", message)


def _check_value(index: int, row: Mapping[str, Any], column: Column) -> Problem | None:
    if column.name not in row:
        if not column.required:
            return None
        message = f"row {index}: column {_show(column.name)} is missing, expected {column.expected}"
        return Problem(index, column.name, None, column.expected, message)
    value = row[column.name]
    if _accepts(value, column):
        return None
    message = f"row {index}: column {_show(column.name)} is {_show(value)}, expected {column.expected}"
    return Problem(index, column.name, _jsonable(value), column.expected, message)


def _accepts(value: Any, column: Column) -> bool:
    if value is None:
        return column.nullable
    test = TESTS.get(column.type)
    return test is None or test(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_whole(bound: int) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and value == int(value) and -bound <= value < bound


def _is_time(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        # Beyond these years pandas counts no nanoseconds.
        return 1678 <= datetime.fromisoformat(value).year <= 2261
    except ValueError:
        return False


TESTS: dict[str, Callable[[Any], bool]] = {
    "double": _is_number,
    "float": lambda value: _is_number(value) and abs(value) < FLOAT_END,
    "long": _is_whole(WHOLE_RANGES["long"]),
    "integer": _is_whole(WHOLE_RANGES["integer"]),
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "datetime": _is_time,
}


def _show(value: Any) -> str:
    if value is None:
        return "null"
    return f"'{_cut(value)}'" if isinstance(value, str) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


def _jsonable(value: Any) -> Any:
    plain = value is None or isinstance(value, str | bool | int) or _is_number(value)
    return value if plain and len(str(value)) <= SHOWN_CHARACTERS else _show(value)


# --- What the model answers ---


def label_text(value: Any) -> str | None:
    """Return the one text of a class label: truth values are 1 and 0, whole numbers have no decimals."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or (isinstance(plain, float) and math.isnan(plain)):
        return None
    text = {"True": "1", "true": "1", "False": "0", "false": "0"}.get(str(plain), str(plain))
    whole = re.fullmatch(r"(-?\d+)\.0*", text)
    return whole[1] if whole else text


@dataclass(frozen=True)
class Output:
    """What the model says of each row: its own labels or numbers, and the probability of each class.

    *probabilities* has a row each and a column for each of *classes*; None where the model gives none.
    """

    predictions: list[Any]
    classes: list[str]
    probabilities: Any | None = None


class Predictor:
    """An MLflow model of any flavour, asked in one way: previews and scoring both go through here."""

    def __init__(
        self,
        model_dir: Path,
        *,
        task: Task,
        classes: Sequence[str] = (),
        positive: str | None = None,
        profile: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the model, which runs its code. *positive* is the class that a single probability is of."""
        import mlflow.pyfunc

        self.task = task
        self.classes = list(classes)
        self.positive = positive if positive is not None else (self.classes[-1] if self.classes else None)
        self.model = mlflow.pyfunc.load_model(str(model_dir), suppress_warnings=True)
        self.signature = _signature(self.model)
        self.columns = read_columns(self.signature.get("inputs", []), profile or {})
        self._classifier: Any = None if task == "regression" else _find_classifier(self.model)
        self._fractions = False

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return checked *rows* as the frame that `predict` takes."""
        import pandas

        if not self.columns:
            return pandas.DataFrame.from_records(list(rows))
        return pandas.DataFrame({column.name: _gather(rows, column) for column in self.columns})

    def predict(self, frame: Any) -> Output:
        """Answer every row of the pandas *frame*, which may hold its columns in any order."""
        data = _cast(frame, self.columns)
        answer = self.model.predict(data)
        if self.task == "regression":
            return Output(_numbers(answer), [])
        if self._classifier is not None:
            return self._ask_classifier(data, answer)
        return self._read_answer(answer)

    def _ask_classifier(self, data: Any, answer: Any) -> Output:
        known = list(self._classifier.classes_)
        classes = [str(label_text(label)) for label in known]
        probabilities = _array(self._classifier.predict_proba(data))
        # Logged with pyfunc_predict_fn="predict_proba", the model's own answer holds no labels.
        if getattr(answer, "ndim", 1) == 2 and answer.shape[1] == len(known) > 1:
            return Output([known[best] for best in probabilities.argmax(axis=1)], classes, probabilities)
        return Output(_values(answer), classes, probabilities)

    def _read_answer(self, answer: Any) -> Output:
        """Find labels and probabilities in what a model without `predict_proba` returns."""
        table = _probability_table(answer, self.classes)
        if table is not None:
            named = answer["prediction"] if "prediction" in getattr(answer, "columns", ()) else None
            labels = _values(named) if named is not None else [self.classes[i] for i in table.argmax(axis=1)]
            return Output(labels, self.classes, table)
        single = _single_probability(answer) if self.task == "binary" and len(self.classes) == 2 else None
        if single is None or not (self._fractions or ((single != 0) & (single != 1)).any()):
            return Output(_values(answer), self.classes)
        # From now on, since a later answer of exactly 0 or 1 is a probability as well.
        self._fractions = True
        return self._spread(single)

    def _spread(self, single: Any) -> Output:
        import numpy

        assert self.positive is not None
        other = next(label for label in self.classes if label != self.positive)
        columns = [single if label == self.positive else 1 - single for label in self.classes]
        labels = [self.positive if value >= 0.5 else other for value in single.tolist()]
        return Output(labels, self.classes, numpy.column_stack(columns))


def _signature(model: Any) -> dict[str, Any]:
    """Return the signature as MLflow writes it; without inputs where these have no names (tensors)."""
    signature = model.metadata.signature
    if signature is None:
        return {}
    sides = {"inputs": signature.inputs, "outputs": signature.outputs}
    columns = {side: schema.to_dict() for side, schema in sides.items() if schema is not None}
    named = all("name" in entry for entry in columns.get("inputs", []))
    return columns if named else {**columns, "inputs": []}


def _gather(rows: Sequence[Mapping[str, Any]], column: Column) -> list[Any]:
    values = [row.get(column.name) for row in rows]
    if column.type != "datetime":
        return values
    return [None if value is None else datetime.fromisoformat(value) for value in values]


def _find_classifier(model: Any) -> Any | None:
    """Return the model under MLflow's wrapper when it speaks scikit-learn: sklearn, XGBoost, LightGBM…"""
    for reach in ("get_raw_model", "unwrap_python_model"):
        try:
            raw = getattr(model, reach)()
        except Exception:  # each flavour refuses in its own way, and the next one is asked
            continue
        if hasattr(raw, "predict_proba") and hasattr(raw, "classes_"):
            return raw
    return None


def _cast(frame: Any, columns: Sequence[Column]) -> Any:
    """Put the columns in the signature's order and types; what cannot be, MLflow refuses when it is asked."""
    import pandas

    data = {
        column.name: _cast_column(frame[column.name], column.type)
        for column in columns
        if column.name in frame
    }
    return pandas.DataFrame(data, index=frame.index) if columns else frame


def _cast_column(values: Any, kind: str) -> Any:
    import pandas

    if kind == "string":
        # One form of text and of missing text in every version of pandas: NaN, as its third has it.
        modern = int(pandas.__version__.partition(".")[0]) >= 3
        return values.astype("str") if modern else values.astype(object).where(values.notna(), math.nan)
    if kind == "datetime":
        return pandas.to_datetime(values, utc=True).dt.tz_localize(None).astype(DTYPES[kind])
    if kind not in DTYPES or (kind not in ("double", "float") and values.isna().any()):
        return values
    if kind in WHOLE_RANGES and values.dtype.kind == "f" and (values % 1 != 0).any():
        return values
    try:
        return values.astype(DTYPES[kind])
    except (TypeError, ValueError) as error:
        raise ValueError(f"column '{values.name}' cannot be read as {kind}: {error}") from error


def _array(answer: Any) -> Any:
    import numpy

    return numpy.asarray(answer, dtype=float)


def _values(answer: Any) -> list[Any]:
    """Return one plain Python value a row, whatever held them."""
    import numpy
    import pandas

    if isinstance(answer, pandas.DataFrame):
        answer = answer["prediction"] if "prediction" in answer else answer.iloc[:, 0]
    values = numpy.asarray(answer)
    return list((values[:, 0] if values.ndim == 2 else values.reshape(-1)).tolist())


def _numbers(answer: Any) -> list[float]:
    return [math.nan if value is None else float(value) for value in _values(answer)]


def _probability_table(answer: Any, classes: Sequence[str]) -> Any | None:
    """Return the answer as rows × classes when it is that: columns named like the classes, or as many."""
    import numpy
    import pandas

    if isinstance(answer, pandas.DataFrame):
        names = {str(label_text(name)): name for name in answer.columns}
        found = bool(classes) and all(label in names for label in classes)
        return _array(answer[[names[label] for label in classes]]) if found else None
    values = numpy.asarray(answer)
    table = values.ndim == 2 and values.shape[1] == len(classes) > 1 and values.dtype.kind == "f"
    return _array(values) if table else None


def _single_probability(answer: Any) -> Any | None:
    import numpy
    import pandas

    if isinstance(answer, pandas.DataFrame) and answer.shape[1] != 1:
        return None
    values = numpy.asarray(answer).reshape(-1)
    return values if values.dtype.kind == "f" and ((values >= 0) & (values <= 1)).all() else None


def check_output(output: Output, *, rows: int) -> str | None:
    """Return in a sentence why *output* is no answer to so many rows; None when it is one."""
    if len(output.predictions) != rows:
        return f"the model answered {_count(len(output.predictions), 'prediction')} for {_count(rows, 'row')}"
    wrong = next((index for index, value in enumerate(output.predictions) if not _is_answer(value)), None)
    if wrong is not None:
        return f"the model answered {_show(output.predictions[wrong])} for row {wrong}"
    if output.probabilities is None:
        return None
    if output.probabilities.shape != (rows, len(output.classes)):
        shape = " × ".join(map(str, output.probabilities.shape))
        return f"the model answered {shape} probabilities for {_count(rows, 'row')} and {len(output.classes)} classes"
    row, column = next(zip(*(~_finite(output.probabilities)).nonzero(), strict=True), (None, None))
    if row is None or column is None:
        return None
    value = _show(float(output.probabilities[row, column]))
    return f"the model answered {value} as the probability of {_show(output.classes[column])} for row {row}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _is_answer(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _finite(table: Any) -> Any:
    import numpy

    return numpy.isfinite(table)


# --- The service ---


class Question(pydantic.BaseModel):
    """Rows to predict, each an object of column names and values; times are ISO 8601 texts."""

    rows: list[dict[str, Any]]

    @classmethod
    def model_validate_json(cls, json_data: Any, **options: Any) -> Any:
        """Let a broken request through with its sentence, so that it is answered in the one error shape."""
        try:
            return super().model_validate_json(json_data, **options)
        except pydantic.ValidationError as error:
            broken: dict[str, Any] = {"rows": _sentence(error)}
            return cls.model_construct(**broken)


# As written by hand, since BentoML would leave the null out.
PROBABILITIES = {
    "type": ["array", "null"],
    "items": {"type": "object", "additionalProperties": {"type": "number"}},
}


class Answer(pydantic.BaseModel):
    predictions: list[Any]
    probabilities: Annotated[list[dict[str, float]] | None, pydantic.WithJsonSchema(PROBABILITIES)]
    model: dict[str, Any]


class Description(pydantic.BaseModel):
    signature: dict[str, Any]
    profile: dict[str, Any]
    task: str
    model: dict[str, Any]


def _sentence(error: pydantic.ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the request"
    return f'{where}: {first["msg"]}; send {{"rows": [{{"column": value, …}}]}}'


def _refuse(message: str, problems: Sequence[Problem] = (), *, status: int = 400) -> JSONResponse:
    detail = [
        {"row": problem.row, "column": problem.column, "got": problem.got, "expected": problem.expected}
        for problem in problems
    ]
    return JSONResponse({"error": message, "detail": detail}, status_code=status)


def _check_size(rows: Any) -> str | None:
    if isinstance(rows, str):
        return rows
    if not rows:
        return 'rows is empty; send at least one row: {"rows": [{"column": value, …}]}'
    if len(rows) > MAX_ROWS:
        return f"rows has {len(rows):,} rows; send at most {MAX_ROWS:,} a request"
    return None


@bentoml.service(traffic={"timeout": 60})
class Candidate:
    """Predicts with the MLflow model in the folder `model` beside this file."""

    def __init__(self) -> None:
        here = Path(__file__).parent
        identity = json.loads((here / "identity.json").read_text(encoding="utf-8"))
        self.profile = json.loads((here / "profile.json").read_text(encoding="utf-8"))
        self.task: Task = identity["task"]
        self.identity = {key: identity.get(key) for key in ("name", "version", "digest")}
        self.predictor = Predictor(
            here / "model",
            task=self.task,
            classes=identity.get("classes", []),
            positive=identity.get("positive"),
            profile=self.profile,
        )
        # The first answer of a library is its slowest, and no reader should wait for it.
        if self.profile.get("examples"):
            self.predictor.predict(self.predictor.frame(self.profile["examples"]))

    @bentoml.api(input_spec=Question, output_spec=Answer)  # type: ignore[untyped-decorator]
    def predict(self, rows: Any) -> Any:
        """Predict every row, with the probability of each class where the model gives them."""
        broken = _check_size(rows)
        if broken is not None:
            return _refuse(broken)
        problems = check_rows(rows, self.predictor.columns)
        if problems:
            return _refuse(problems[0].message, problems)
        output = self.predictor.predict(self.predictor.frame(rows))
        broken = check_output(output, rows=len(rows))
        if broken is not None:
            return _refuse(broken, status=500)
        return Answer(
            predictions=output.predictions, probabilities=_name_probabilities(output), model=self.identity
        )

    @bentoml.api(output_spec=Description)  # type: ignore[untyped-decorator]
    def describe(self) -> Any:
        """Say what the model takes, what the holdout held, and which model this is."""
        return Description(
            signature=self.predictor.signature, profile=self.profile, task=self.task, model=self.identity
        )


def _name_probabilities(output: Output) -> list[dict[str, float]] | None:
    if output.probabilities is None:
        return None
    return [dict(zip(output.classes, row, strict=True)) for row in output.probabilities.tolist()]


class Documentation:
    """Answers /docs.json with what BentoML gets wrong about itself put right.

    It says OpenAPI 3.0, where no type may be null, and describes its own task API with types that may; and that an
    error's detail is a text, which is a list.
    """

    def __init__(self, app: Any, document: Callable[[], dict[str, Any]]) -> None:
        self.app = app
        self.document = document

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"].endswith("/docs.json"):
            app = JSONResponse(_correct(self.document()))
        await app(scope, receive, send)


def _correct(document: dict[str, Any]) -> dict[str, Any]:
    document = {**document, "openapi": "3.1.0"}
    for schema in document["components"]["schemas"].values():
        properties = schema.get("properties", {})
        if {"error", "detail"} == set(properties):
            properties["detail"] = {"type": "array", "items": {"type": "object"}}
    return document


class JSONOnly:
    """Refuses a body that is not JSON, which BentoML would read as forms, pickles or whatever it calls itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        app = self.app
        if scope["type"] == "http" and scope["method"] == "POST":
            given = dict(scope["headers"]).get(b"content-type", b"application/json").decode("latin-1")
            if given.partition(";")[0].strip().lower() != "application/json":
                message = f"content type {_show(given)} is not taken; send JSON, as application/json"
                app = _refuse(message, status=415)
        await app(scope, receive, send)


# What the decorator has made of the class.
_service: Any = Candidate
_service.add_asgi_middleware(Documentation, document=lambda: _service.openapi_spec.asdict())
_service.add_asgi_middleware(JSONOnly)
