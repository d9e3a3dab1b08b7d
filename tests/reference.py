"""The reference pages that are made from code: `python -m tests.reference` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from greenroom_pipeline.cli import app
from greenroom_pipeline.report import Report
from greenroom_pipeline.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"

SETTINGS_INTRODUCTION = """# Settings

What `greenroom.toml` may say, at the root of a project. An unknown key is refused with the nearest known one.

```toml
[project]
name = "flight-delays"
task = "binary"

[train]
command = "uv run python train.py"
inputs = ["train.py", "features.py", "data/", "uv.lock"]

[data]
holdout = "data/holdout.parquet"
target = "delayed"
slices = ["carrier", "origin", { column = "distance", bins = 4 }]
group = "flight_date"

[[gate.check]]
metric = "roc_auc"
min = 0.70
max_loss = 0.005
max_loss_slices = 0.02
```
"""

VARIABLES = """
## Environment variables

| variable | meaning |
|---|---|
| `MLFLOW_TRACKING_URI` | MLflow server or store to use. Default: SQLite and a folder in `GREENROOM_HOME`. |
| `GREENROOM_HOME` | Folder of store, Bentos and previews. Default: `.greenroom` in the project. |
| `GREENROOM_SERVER` | [Server](server.md) that a run asks for the champion and hands its bundle to. Default: none. |
| `GREENROOM_TOKEN` | Token for that server, of scope `deploy`; [a job in GitHub Actions](server.md) needs none. |
| `GREENROOM_CACHE` | Folder of models' environments, shared by projects. Default: `~/.cache/greenroom`. |

The training command gets `MLFLOW_TRACKING_URI` and `MLFLOW_RUN_ID`, so that `mlflow.start_run()` resumes the
right run, and `GREENROOM_PROJECT`, `GREENROOM_SHA` and `GREENROOM_FINGERPRINT`. `GREENROOM_SEED` is 0 for the
candidate, and 1, 2, … for the further models that `seeds` under `[train]` asks for: let all randomness of training
start from it, such as `random_state=int(os.environ.get("GREENROOM_SEED", 0))`. With the default store the training
environment needs the full `mlflow` 3.17, whose SQLite tables Greenroom shares; with a tracking server any version
will do. Give `log_model` explicit `pip_requirements`: without them MLflow writes down the whole lock file.
"""


def write_settings() -> str:
    return SETTINGS_INTRODUCTION + "".join(_tables(Settings, "")) + VARIABLES


def _tables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    rows = [f"| `{name}` | {_default(field)} | {field.description} |" for name, field in _leaves(model)]
    if rows:
        yield "\n".join([f"\n## {prefix}\n", "| key | default | meaning |", "|---|---|---|", *rows, ""])
    for name, field in model.model_fields.items():
        inner, many = _inner(field)
        if inner is not None:
            path = f"{prefix.strip('[]`')}.{name}".strip(".")
            yield from _tables(inner, f"`[[{path}]]`" if many else f"`[{path}]`")


def _leaves(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return ((name, field) for name, field in model.model_fields.items() if field.description)


def _inner(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    annotation: Any = field.annotation
    many = get_origin(annotation) is list
    while get_origin(annotation) in (list, UnionType):
        annotation = get_args(annotation)[0]
    known = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return (annotation, many) if known else (None, many)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, []) else f"`{field.default}`"


def write_commands() -> str:
    command: Any = typer.main.get_command(app)
    parts = ["# Commands\n\nExit status: 0 passed, 1 the gate failed, 2 an expected error, 130 stopped.\n"]
    options = [
        f"| `{', '.join(each.opts)}` | {each.help} |" for each in command.params if each.name != "help"
    ]
    parts += ["\n".join(["Options before any command:\n", "| option | meaning |", "|---|---|", *options, ""])]
    parts += [_describe(name, each) for name, each in _leaf_commands(command)]
    return "\n".join(parts)


def _leaf_commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in sorted(group.commands.items()):
        if hasattr(each, "commands"):
            yield from _leaf_commands(each, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", each


def _describe(name: str, command: Any) -> str:
    rows = [
        f"| `{', '.join(parameter.opts)}` | {parameter.help} |"
        for parameter in command.params
        if parameter.name != "help"
    ]
    table = ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## `greenroom {name}`\n", f"{command.help}\n", *table])


def write_schema() -> str:
    return json.dumps(Report.model_json_schema(by_alias=True), indent=2) + "\n"


PAGES = {
    "settings.md": write_settings,
    "commands.md": write_commands,
    "report.schema.json": write_schema,
}


if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write())
