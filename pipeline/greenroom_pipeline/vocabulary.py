"""The vocabulary: the settings' words, held against the columns and classes of the holdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.predictions import as_label
from greenroom_pipeline.wording import suggest_name
from greenroom_pipeline.words import Words


def read_words(words: Words, holdout: Holdout) -> Words:
    """Return the words with classes in their one written form; `SettingsError` for one that names nothing."""
    columns = [str(column) for column in holdout.frame.columns]
    _require_known("columns", words.columns, columns, what="the holdout has no column")
    _require_known("units", words.units, columns, what="the holdout has no column")
    classes = _read_classes(words.classes)
    if classes and not holdout.classes:
        raise SettingsError("[words.classes] names classes, but a regression has none; remove the table")
    _require_known("classes", classes, holdout.classes, what="the target has no class")
    return words.model_copy(update={"classes": classes})


def _read_classes(words: Mapping[str, str]) -> dict[str, str]:
    classes: dict[str, str] = {}
    for name, word in words.items():
        if as_label(name) in classes:
            raise SettingsError(f"[words.classes] names the class {as_label(name)!r} twice; name it once")
        classes[as_label(name)] = word
    return classes


def _require_known(table: str, names: Iterable[str], known: Iterable[str], *, what: str) -> None:
    listed = list(known)
    wrong = next((name for name in names if name not in listed), None)
    if wrong is not None:
        raise SettingsError(f"[words.{table}]: {what} {wrong!r}; {suggest_name(wrong, listed)}")
