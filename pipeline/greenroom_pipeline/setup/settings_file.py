"""The `greenroom.toml` that `greenroom init` writes: what was found, explained, and what is left to fill in."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from greenroom_pipeline.configuration import parse_settings
from greenroom_pipeline.setup.detection import Detected
from greenroom_pipeline.setup.holdout_search import Guess

_TEMPLATE = """\
# What Greenroom is told of this project; docs/settings.md explains every key, and `greenroom doctor` looks at it.

[project]
# Names the model, its preview and its links.
{name}
# binary, multiclass or regression
{task}

[train]
# The project's own command, run in its own environment. It logs a model to MLflow, which is set up for it, or
# leaves the file that `model` names.
{command}
{model}
# What training reads. Without this line every tracked file counts. With it, a pull request that touches none of
# these passes at once, and nothing is trained twice; what is left out is taken for irrelevant to the model.
# inputs = {inputs}

[data]
# Frozen labelled rows, Parquet or CSV, on which candidate and production are both scored.
{holdout}
# Rows that training reads: none of them may be among the frozen ones.
{train}
# The column that the model predicts.
{target}
# Columns whose values are compared one by one, such as {{ column = "age", bins = 4 }}.
{slices}
# Rows of one customer, day or session are not independent: name the column that tells them apart.
# group = "customer"

[gate]
# "fail" holds a pull request back until there is enough evidence; "warn" says so and lets it pass.
on_inconclusive = "warn"

# A pull request fails when it is surely worse than production by more than max_loss, in the metric's own units.
{rule}
"""
_RULES: dict[str | None, tuple[str, float]] = {
    "binary": ("roc_auc", 0.01),
    "multiclass": ("accuracy", 0.01),
    "regression": ("r2", 0.02),
}


def write_settings(found: Detected) -> str:
    """Return the file's text; `SettingsError` when what was found or said cannot be a setting."""
    asked = _asked(found)
    text = _TEMPLATE.format(
        **{key: _line(key, guess) for key, (guess, _) in asked.items()},
        model=_optional("model", found.training.model, "model.skops"),
        inputs=_list(_suggest_inputs(found)),
        train=_optional("train", [found.train] if found.train else None, ["data/train.parquet"]),
        slices=_optional("slices", list(found.slices) or None, ["country"]),
        rule=_rule(found.task.value),
    )
    _require_valid(text, asked)
    return text


def _asked(found: Detected) -> dict[str, tuple[Guess, str]]:
    """Return what cannot be left out, each with something that could stand there."""
    return {
        "name": (found.name, "project"),
        "task": (found.task, "binary"),
        "command": (found.training.command, "python train.py"),
        "holdout": (found.holdout, "holdout.parquet"),
        "target": (found.target, "target"),
    }


def _require_valid(text: str, asked: dict[str, tuple[Guess, str]]) -> None:
    """Raise `SettingsError` for what is wrong, which is not what is missing."""
    for key, (guess, stand_in) in asked.items():
        if guess.value is None:
            text = text.replace(_line(key, guess), f"{key} = {_value(stand_in)}")
    parse_settings(text)


def _line(key: str, guess: Guess) -> str:
    if guess.value is None:
        return f"# {key} = …  # FILL IN: {' '.join(guess.why.split())}"
    return f"{key} = {_value(guess.value)}"


def _optional(key: str, value: str | list[str] | None, example: str | list[str]) -> str:
    shown = example if value is None else value
    line = f"{key} = {_list(shown) if isinstance(shown, list) else _value(shown)}"
    return f"# {line}" if value is None else line


def _rule(task: str | None) -> str:
    if task not in _RULES:
        return '# [[gate.check]]\n# metric = "accuracy"\n# max_loss = 0.01'
    metric, max_loss = _RULES[task]
    return f'[[gate.check]]\nmetric = "{metric}"\nmax_loss = {max_loss}'


def _suggest_inputs(found: Detected) -> list[str]:
    place = PurePosixPath(found.train).parent.as_posix() if found.train else "."
    data = [] if found.train is None else [f"{place}/" if place != "." else found.train]
    locks = [PurePosixPath(lock).name for lock in found.toolchain.locks]
    return list(dict.fromkeys([*(found.training.sources or ["train.py"]), *data, *locks]))


def _list(values: list[str]) -> str:
    return f"[{', '.join(map(_value, values))}]"


def _value(text: str) -> str:
    # JSON's strings are TOML's, but for one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
