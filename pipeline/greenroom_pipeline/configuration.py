"""Reading `greenroom.toml`, with errors that say how to mend it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.settings import Settings

FILE = "greenroom.toml"


def load_settings(repository: Path) -> Settings:
    """Read the repository's settings; `SettingsError` names the key, the value and the mend."""
    path = repository / FILE
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise SettingsError(f"no {FILE} in {repository}; {_advise(repository)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    return parse_settings(text)


def _advise(folder: Path) -> str:
    above = next((each for each in folder.resolve().parents if (each / FILE).is_file()), None)
    if above is not None:
        return f"there is one in {above}: run it there, or with -C {above}"
    return "`greenroom init` writes one there; or change into your project"


def parse_settings(text: str) -> Settings:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}") from None
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [_say(problem) for problem in error.errors()]
        raise SettingsError(f"{FILE}: " + "; ".join(problems)) from None


def _say(problem: ErrorDetails) -> str:
    path = problem["loc"]
    key = _dotted(path)
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key {key}{_nearest(str(path[-1]), _known_keys(path[:-1]))}"
        case "missing":
            return f"{key} is missing; add it"
        case "value_error":
            return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{key} is {problem['input']!r}: {_lower(problem['msg'])}"


def _dotted(path: Iterable[int | str]) -> str:
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _nearest(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _known_keys(path: Iterable[int | str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel]:
    if get_origin(annotation) in (list, UnionType):
        return _model_in(get_args(annotation)[0])
    assert isinstance(annotation, type)
    assert issubclass(annotation, BaseModel)
    return annotation
