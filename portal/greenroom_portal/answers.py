"""Two models' answers to one row, put side by side and into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from greenroom_pipeline.desk import Reply
from greenroom_pipeline.report import Report
from greenroom_portal.tables.curves import curve_labels
from greenroom_portal.wording import MISSING, clean, milliseconds, number, percent, points, signed


@dataclass(frozen=True)
class Figure:
    """The one number of an answer that is shown large."""

    label: str
    value: str


def known_probabilities(reply: Reply | None) -> dict[str, float]:
    """Return the probabilities that the answer has; a candidate may leave some of them empty."""
    given: Mapping[str, float | None] = (reply.probabilities if reply else None) or {}
    return {label: value for label, value in given.items() if value is not None}


def positive_class(report: Report, probabilities: Mapping[str, float | None] | None) -> str | None:
    """Return the class whose probability counts; None for numbers and for more than two classes."""
    if not probabilities or report.task != "binary":
        return None
    labels = [label for label in curve_labels(report) if label in probabilities]
    return labels[0] if len(labels) == 1 else list(probabilities)[-1]


def name_class(report: Report, label: str) -> str:
    """Return what people call the class, from `[words]`."""
    return clean(report.words.classes.get(label, label))


def name_answer(report: Report, prediction: str | float | None) -> str:
    """Return a prediction as text: numbers formatted, classes by what people call them."""
    if prediction is None:
        return MISSING
    if isinstance(prediction, float):
        whole = str(int(prediction)) if prediction.is_integer() else ""
        return report.words.classes.get(whole) or number(prediction)
    return name_class(report, str(prediction))


def pick_figure(report: Report, reply: Reply, *, target: str) -> Figure:
    """Return the probability that counts, of the answered class with more than two, or the number itself."""
    known, words = known_probabilities(reply), report.words
    if not known:
        unit = words.units.get(target)
        value = name_answer(report, reply.prediction)
        name = clean(words.columns.get(target, target))
        return Figure(f"Predicted {name}", f"{value} {clean(unit, longest=40)}" if unit else value)
    watched = positive_class(report, reply.probabilities) or str(reply.prediction)
    return Figure(name_probability(report, watched, target=target), percent(known.get(watched)))


def name_probability(report: Report, label: str, *, target: str) -> str:
    if label in report.words.classes:
        return f"Probability of {name_class(report, label)}"
    return f"Probability of {clean(report.words.columns.get(target, target))} = {clean(label)}"


def tell_difference(report: Report, candidate: Reply, champion: Reply) -> str:
    """Say in one or two sentences how the answers differ; the text is not yet escaped."""
    if candidate.error or champion.error:
        return "There is no difference to show: one of the two did not answer."
    own_known, other_known = known_probabilities(candidate), known_probabilities(champion)
    if not own_known or not other_known:
        return _tell_values(report, candidate.prediction, champion.prediction)
    same = str(candidate.prediction) == str(champion.prediction)
    own, other = name_answer(report, candidate.prediction), name_answer(report, champion.prediction)
    verdict = f"Both answer {own}." if same else f"They disagree: candidate {own}, champion {other}."
    watched = positive_class(report, candidate.probabilities) or str(candidate.prediction)
    name = name_class(report, watched)
    if watched not in own_known or watched not in other_known:
        return f"{verdict} One of the two gives no probability of {name}."
    change = own_known[watched] - other_known[watched]
    if abs(change) < 0.0005:
        return f"{verdict} The probability of {name} is the same from both."
    direction = "higher" if change > 0 else "lower"
    amount = points(abs(change)).lstrip("+")
    return f"{verdict} The candidate's probability of {name} is {amount} {direction}."


def _tell_values(report: Report, candidate: str | float | None, champion: str | float | None) -> str:
    own, other = name_answer(report, candidate), name_answer(report, champion)
    if candidate == champion:
        return f"Both answer {own}."
    if isinstance(candidate, int | float) and isinstance(champion, int | float):
        share = f" ({signed((candidate - champion) / abs(champion) * 100)} %)" if champion else ""
        return f"The candidate's answer differs by {signed(candidate - champion)}{share}."
    return f"They disagree: candidate {own}, champion {other}."


def tell_time(reply: Reply) -> str:
    """Say how long the answer took, and whether the preview had to wake for it."""
    return f"in {milliseconds(reply.seconds)}{', waking included' if reply.woke else ''}"


def answer_frame(report: Report, candidate: Reply, champion: Reply | None) -> pd.DataFrame:
    """One row for each class: its probability from both models and the difference, as text."""
    own, other = known_probabilities(candidate), known_probabilities(champion)
    classes = list(dict.fromkeys([*own, *other]))
    return pd.DataFrame(
        {
            "Class": [name_class(report, label) for label in classes],
            "Candidate": [_probability(own.get(label)) for label in classes],
            "Champion": [_probability(other.get(label)) for label in classes],
            "Difference": [
                points(own[label] - other[label]) if label in own and label in other else MISSING
                for label in classes
            ],
        }
    )


def _probability(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4f}"
