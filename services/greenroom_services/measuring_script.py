"""Runs in the model's environment: asks the project's own functions how good both models' predictions are.

Called with the path of a JSON request. Fills a folder with one Parquet file a metric, named by its place: of
losses, a row for each row and a column for each model; or of draws, a row for each resample behind the value
itself, and a column `<part>:<model>`. `outcome.json` beside the request says what went wrong.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import pandas

MODELS = ("candidate", "champion")
GIVEN = ("target", "prediction", "probability", "weight", "rows")


class Refused(Exception):
    """A function that cannot be used, with a sentence that says why and what to do."""


def find_function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    function: Callable[..., Any] | None = getattr(importlib.import_module(module), attribute, None)
    if function is None or not callable(function):
        raise Refused(f"{module} has no function {attribute!r}; mend the metric's function in greenroom.toml")
    unknown = [each for each in inspect.signature(function).parameters if each not in GIVEN]
    if unknown:
        raise Refused(f"{name} wants {unknown[0]!r}, but a metric is given {', '.join(GIVEN)}; rename it")
    return function


def ask(function: Callable[..., Any], table: Any, model: str, request: Mapping[str, Any]) -> Any:
    """Call the function with what its parameters name, of the table's rows."""
    wanted = inspect.signature(function).parameters
    makers: dict[str, Callable[[], Any]] = {
        "target": lambda: table["target"].to_numpy(),
        "prediction": lambda: table[f"{model}:prediction"].to_numpy(),
        "probability": lambda: choose_probability(table, model, request),
        "weight": lambda: table["weight"].to_numpy() if "weight" in table else numpy.ones(len(table)),
        "rows": lambda: strip(table, "row:"),
    }
    return function(**{name: makers[name]() for name in wanted})


def strip(table: Any, prefix: str) -> Any:
    """Return the columns that begin with *prefix*, without it."""
    columns = [name for name in table.columns if name.startswith(prefix)]
    return table[columns].rename(columns=lambda name: name.removeprefix(prefix)).reset_index(drop=True)


def choose_probability(table: Any, model: str, request: Mapping[str, Any]) -> Any:
    """Return that of the positive class, or a column for each of many classes."""
    probabilities = strip(table, f"{model}:probability:")
    if not len(probabilities.columns):
        raise Refused(f"a metric wants probabilities, but the {model} gives none; measure its predictions")
    return probabilities if request["positive"] is None else probabilities[request["positive"]].to_numpy()


def read_answer(answer: Any, name: str, rows: int) -> Any:
    """Return a loss for each row, (rows,), or one number; anything else is refused."""
    values = numpy.asarray(answer, dtype=float)
    if values.shape not in ((), (rows,)):
        raise Refused(
            f"the metric {name!r} returned {values.shape} for {rows} rows; return one number, or one for each row"
        )
    wrong = numpy.flatnonzero(~numpy.isfinite(values.reshape(-1)))
    if wrong.size:
        where = f" in row {wrong[0]}" if values.shape else ""
        raise Refused(f"the metric {name!r} returned {values.reshape(-1)[wrong[0]]}{where}; mend it")
    return values


def split(table: Any) -> Iterator[tuple[str, Any]]:
    """Yield all rows, then those of each part, in the order of columns and codes; empty ones too."""
    yield "0", table
    place = 1
    for column in [name for name in table.columns if name.startswith("part:")]:
        for code in range(int(column.rpartition(":")[2])):
            yield str(place), table[table[column].to_numpy() == code]
            place += 1


def draw(random: Any, part: Any, request: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the part's own rows, then as many rows drawn anew as often as asked: whole groups, or plainly."""
    yield numpy.arange(len(part))
    if "group" not in part:
        for _ in range(request["resamples"]):
            yield random.integers(len(part), size=len(part))
        return
    _, codes = numpy.unique(part["group"].to_numpy(), return_inverse=True)
    order = numpy.argsort(codes, kind="stable")
    members = numpy.split(order, numpy.cumsum(numpy.bincount(codes))[:-1])
    for _ in range(request["resamples"]):
        yield numpy.concatenate(
            [members[group] for group in random.integers(len(members), size=len(members))]
        )


def ask_once(
    function: Callable[..., Any], name: str, part: Any, model: str, request: Mapping[str, Any]
) -> float:
    """Return one number of a part of the rows, NaN where the function has none for them."""
    try:
        values = numpy.asarray(ask(function, part, model, request), dtype=float)
    except Refused:
        raise
    except Exception:
        # On few rows much is undefined, such as a ranking of one class; on all rows it was not.
        return float("nan")
    if values.shape:
        raise Refused(f"the metric {name!r} returned one number before, and now many; mend it")
    return float(values)


def draw_values(
    function: Callable[..., Any], name: str, part: Any, models: list[str], request: Mapping[str, Any]
) -> dict[str, list[float]]:
    """Return for each model the value on the part's rows, and behind it those on rows drawn anew."""
    if "rows" not in inspect.signature(function).parameters:
        part = part[[column for column in part.columns if not column.startswith("row:")]]
    values: dict[str, list[float]] = {model: [] for model in models}
    for rows in draw(numpy.random.default_rng(request["seed"]), part, request):
        taken = part.iloc[rows]
        for model in models:
            values[model].append(ask_once(function, name, taken, model, request))
    return values


def measure(name: str, function: Callable[..., Any], table: Any, request: Mapping[str, Any]) -> Any:
    """Return the metric's table: losses by row, or values and draws by part."""
    models = [model for model in MODELS if f"{model}:prediction" in table]
    answers = {model: read_answer(ask(function, table, model, request), name, len(table)) for model in models}
    if answers["candidate"].shape:
        return pandas.DataFrame(answers)
    columns: dict[str, list[float]] = {}
    for place, part in split(table):
        if len(part):
            drawn = draw_values(function, name, part, models, request)
            columns |= {f"{place}:{model}": values for model, values in drawn.items()}
    return pandas.DataFrame(columns)


def main(path: Path) -> int:
    request = json.loads(path.read_text(encoding="utf-8"))
    sys.dont_write_bytecode = True  # the repository is left as it is
    sys.path.insert(0, request["repository"])
    step = "load"
    try:
        functions = {name: find_function(function) for name, function in request["functions"].items()}
        step = "measure"
        table = pandas.read_parquet(request["table"])
        partial = Path(request["output"] + ".partial")
        partial.mkdir()
        for place, (name, function) in enumerate(functions.items()):
            measure(name, function, table, request).to_parquet(partial / f"{place}.parquet", index=False)
        partial.rename(request["output"])
    except Exception as error:
        traceback.print_exc()
        step = "refuse" if isinstance(error, Refused) else step
        outcome = {"step": step, "type": type(error).__name__, "message": str(error)}
        path.with_name("outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
