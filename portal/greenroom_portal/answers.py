"""Two models' answers to one row, put side by side and into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from greenroom_pipeline.desk import Reply
from greenroom_pipeline.report import Report
from greenroom_portal.tables.curves import curve_labels
from greenroom_portal.wording import MISSING, clean, number, percent, points, signed


@dataclass(frozen=True)
class Figure:
    """The one number of an answer that is shown large."""

    label: str
    value: str


def known_probabilities(reply: Reply | None) -> dict[str, float]:
    """Return the probabilities that the answer has; a candidate may leave some of them empty."""
    given: Mapping[str, float | None] = (reply.probabilities if reply else None) or {}
    return {label: value for label, value in given.items() if value is not None}


def positive_class(report: Report, reply: Reply) -> str | None:
    """Return the class whose probability counts; None for numbers and for more than two classes."""
    if not reply.probabilities or report.task != "binary":
        return None
    labels = [label for label in curve_labels(report) if label in reply.probabilities]
    return labels[0] if len(labels) == 1 else list(reply.probabilities)[-1]


def show_prediction(prediction: str | float | None) -> str:
    """Return a prediction as text: whole and fractional numbers formatted, classes as they are."""
    if prediction is None:
        return MISSING
    return number(prediction) if isinstance(prediction, float) else clean(prediction)


def pick_figure(report: Report, reply: Reply, *, target: str) -> Figure:
    """Return the probability that counts, of the answered class with more than two, or the number itself."""
    known = known_probabilities(reply)
    if not known:
        return Figure(f"Predicted {clean(target)}", show_prediction(reply.prediction))
    watched = positive_class(report, reply) or str(reply.prediction)
    label = f"Probability of {clean(target)} = {clean(watched)}"
    return Figure(label, percent(known.get(watched)))


def tell_difference(report: Report, candidate: Reply, champion: Reply) -> str:
    """Say in one or two sentences how the answers differ; the text is not yet escaped."""
    if candidate.error or champion.error:
        return "There is no difference to show: one of the two did not answer."
    own_known, other_known = known_probabilities(candidate), known_probabilities(champion)
    if not own_known or not other_known:
        return _tell_values(candidate.prediction, champion.prediction)
    same = str(candidate.prediction) == str(champion.prediction)
    own, other = show_prediction(candidate.prediction), show_prediction(champion.prediction)
    verdict = f"Both answer {own}." if same else f"They disagree: candidate {own}, champion {other}."
    watched = positive_class(report, candidate) or str(candidate.prediction)
    if watched not in own_known or watched not in other_known:
        return f"{verdict} One of the two gives no probability of {clean(watched)}."
    change = own_known[watched] - other_known[watched]
    if abs(change) < 0.0005:
        return f"{verdict} The probability of {clean(watched)} is the same from both."
    direction = "higher" if change > 0 else "lower"
    amount = points(abs(change)).lstrip("+")
    return f"{verdict} The candidate's probability of {clean(watched)} is {amount} {direction}."


def _tell_values(candidate: str | float | None, champion: str | float | None) -> str:
    if isinstance(candidate, int | float) and isinstance(champion, int | float):
        if candidate == champion:
            return f"Both answer {number(candidate)}."
        share = f" ({signed((candidate - champion) / abs(champion) * 100)} %)" if champion else ""
        return f"The candidate's answer differs by {signed(candidate - champion)}{share}."
    if candidate == champion:
        return f"Both answer {show_prediction(candidate)}."
    own, other = show_prediction(candidate), show_prediction(champion)
    return f"They disagree: candidate {own}, champion {other}."


def answer_frame(candidate: Reply, champion: Reply | None) -> pd.DataFrame:
    """One row for each class: its probability from both models and the difference, as text."""
    own, other = known_probabilities(candidate), known_probabilities(champion)
    classes = list(dict.fromkeys([*own, *other]))
    return pd.DataFrame(
        {
            "Class": [clean(label) for label in classes],
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
