"""What if one feature were another: the rows to ask, both models' curves, and what they say in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from greenroom_pipeline.desk import Replies
from greenroom_pipeline.report import Report
from greenroom_portal.answers import name_answer
from greenroom_portal.fields import Field, to_datetime
from greenroom_portal.pasting import list_names
from greenroom_portal.wording import clean, number, signed

POINTS = 40
MOST_CATEGORIES = 50
# Beyond this a few rows would squeeze all others together.
_STRETCH = 4
MODELS = ("candidate", "champion")


@dataclass(frozen=True)
class Question:
    """One feature's values, in order, while everything else is as in *row*."""

    field: Field
    row: dict[str, Any]
    values: tuple[Any, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{**self.row, self.field.name: value} for value in self.values]

    @property
    def ordered(self) -> bool:
        """Whether the values have a distance from each other, or only stand side by side."""
        return self.field.kind in ("number", "datetime")


def vary(field: Field, row: Mapping[str, Any]) -> Question:
    """Return the question about *field*; it has fewer than two values where there is nothing to vary."""
    current = row.get(field.name)
    spreads = {"number": _spread_number, "datetime": _spread_time, "boolean": lambda *_: [False, True]}
    if field.kind in spreads:
        values = spreads[field.kind](field, current)
    else:
        values = list(field.options[:MOST_CATEGORIES])
        if current is not None and current not in values:
            values = [*values[: MOST_CATEGORIES - 1], current]
    return Question(field, dict(row), tuple(values))


def _spread_number(field: Field, current: Any) -> list[Any]:
    if field.low is None or field.high is None or not field.low < field.high:
        return []
    low, high = float(field.low), float(field.high)
    if field.middle is not None:
        start, end = field.middle
        width = end - start
        if 0 < width * _STRETCH < high - low:
            low, high = max(low, start - width / 2), min(high, end + width / 2)
    steps = np.linspace(low, high, POINTS)
    values: set[Any] = {round(step) for step in steps} if field.integer else {_short(step) for step in steps}
    if isinstance(current, int | float):
        values.add(current)
    return sorted(values)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _spread_time(field: Field, current: Any) -> list[Any]:
    low, high = to_datetime(field.low), to_datetime(field.high)
    if low is None or high is None or not low < high:
        return []
    step = (high - low) / (POINTS - 1)
    moments = {low + timedelta(seconds=round((step * place).total_seconds())) for place in range(POINTS)}
    own = to_datetime(current)
    if own is not None and (own.tzinfo is None) == (low.tzinfo is None):
        moments.add(own)
    return [moment.isoformat() for moment in sorted(moments)]


def what_if_frame(
    question: Question, report: Report, replies: Mapping[str, Replies], *, label: str | None
) -> pd.DataFrame:
    """One row for each model and value: what it answers, and the height of its curve there.

    The height is the probability of *label*, or without one the number that is predicted.
    """
    current = question.row.get(question.field.name)
    columns = ["model", "value", "shown", "answer", "y", "current", "order"]
    rows = [
        {
            "model": model,
            "value": value,
            "shown": show_value(question.field, value),
            "answer": name_answer(report, prediction),
            "y": _height(given, place, label=label),
            "current": value == current,
            "order": place,
        }
        for model, given in replies.items()
        if given.error is None
        for place, (value, prediction) in enumerate(zip(question.values, given.predictions, strict=True))
    ]
    return pd.DataFrame(rows, columns=columns)


def _height(replies: Replies, place: int, *, label: str | None) -> float | None:
    if label is not None:
        return replies.probabilities[place].get(label) if replies.probabilities else None
    prediction = replies.predictions[place]
    return float(prediction) if isinstance(prediction, int | float) else None


def show_value(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return clean(value).replace("T", " ") if field.kind == "datetime" else clean(value, longest=60)


def tell_what_if(question: Question, report: Report, frame: pd.DataFrame) -> str:
    """Say in a sentence or two where each model changes its answer; the text is not yet escaped."""
    models = [model for model in MODELS if (frame["model"] == model).any()]
    if not models:
        return ""
    curves = {model: frame[frame["model"] == model].sort_values("order") for model in models}
    if report.task == "regression":
        return " ".join(_tell_numbers(question, model, curve) for model, curve in curves.items())
    if not question.ordered:
        return _tell_sides(question, curves)
    turns = {model: _find_changes(curve) for model, curve in curves.items()}
    if len(turns) == 2 and all(len(places) == 1 for places in turns.values()):
        told = _tell_turns(question, curves, turns)
        if told:
            return told
    return " ".join(_tell_changes(question, model, curve) for model, curve in curves.items())


def _find_changes(curve: pd.DataFrame) -> list[int]:
    """Return the places from which the answer is another one than before."""
    answers = curve["answer"].tolist()
    return [place for place in range(1, len(answers)) if answers[place] != answers[place - 1]]


def _tell_turns(
    question: Question, curves: Mapping[str, pd.DataFrame], turns: Mapping[str, list[int]]
) -> str | None:
    """Say in one sentence where both models turn the same way; None where they do not."""
    (own, other), (mine, theirs) = curves.values(), (places[0] for places in turns.values())
    ways = {(curve["answer"].iloc[0], curve["answer"].iloc[-1]) for curve in (own, other)}
    if len(ways) > 1:
        return None
    ((_, after),) = ways
    first, second = (
        _with_unit(question, each["shown"].iloc[at]) for each, at in ((own, mine), (other, theirs))
    )
    if first == second:
        return f"From about {first} on both models say {after}."
    return f"From about {first} on the candidate says {after}, the champion from about {second} on."


def _tell_numbers(question: Question, model: str, curve: pd.DataFrame) -> str:
    known = curve.dropna(subset=["y"])
    if known.empty:
        return f"The {model} gives no numbers."
    if not question.ordered:
        low, high = known.iloc[int(known["y"].argmin())], known.iloc[int(known["y"].argmax())]
        return (
            f"The {model} answers least for {low['shown']}, {number(low['y'])}, "
            f"and most for {high['shown']}, {number(high['y'])}."
        )
    first, last = known.iloc[0], known.iloc[-1]
    return (
        f"From {first['shown']} to {_with_unit(question, last['shown'])} the {model}'s answer changes by "
        f"{signed(last['y'] - first['y'])}, from {number(first['y'])} to {number(last['y'])}."
    )


def _tell_changes(question: Question, model: str, curve: pd.DataFrame) -> str:
    answers, shown, changes = curve["answer"].tolist(), curve["shown"].tolist(), _find_changes(curve)
    if not changes:
        return f"The {model} says {answers[0]} throughout."
    if len(changes) > 3:
        return f"The {model} changes its answer {len(changes)} times."
    turns = ", ".join(
        f"from about {_with_unit(question, shown[place])} on it says {answers[place]}" for place in changes
    )
    return f"The {model} says {answers[0]} at first; {turns}."


def _tell_sides(question: Question, curves: Mapping[str, pd.DataFrame]) -> str:
    if len(curves) < 2:
        ((model, curve),) = curves.items()
        answers = list(dict.fromkeys(curve["answer"]))
        parts = [
            f"{answer} for {list_names(curve.loc[curve['answer'] == answer, 'shown'].tolist())}"
            for answer in answers
        ]
        return f"The {model} says {'; '.join(parts)}."
    # By place: two values may look alike once they are shown.
    own, other = (curves[model].set_index("order")["answer"] for model in MODELS)
    shown = curves[MODELS[0]].set_index("order")["shown"]
    differ = [shown[place] for place in own.index if own[place] != other[place]]
    if not differ:
        return f"The two agree on the answer whatever {question.field.title} is."
    return f"The two disagree for {list_names(differ)}, of {len(own)} values of {question.field.title}."


def _with_unit(question: Question, shown: str) -> str:
    return f"{shown} {clean(question.field.unit, longest=40)}" if question.field.unit else shown


def select_asked(replies: Mapping[str, Replies | None]) -> dict[str, Replies]:
    """Return the models that answered."""
    return {model: given for model, given in replies.items() if given is not None and given.error is None}


def list_classes(replies: Sequence[Replies]) -> list[str]:
    """Return the classes that have probabilities, in the models' order."""
    return list(
        dict.fromkeys(label for given in replies for row in given.probabilities or [] for label in row)
    )
