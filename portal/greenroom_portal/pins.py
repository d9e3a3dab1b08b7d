"""What a person may expect of a row, from what was answered to it."""

from __future__ import annotations

import math

from greenroom_pipeline.case_judging import Given, judge, tell_expectation
from greenroom_pipeline.cases import Expectation, Kind
from greenroom_pipeline.desk import Reply
from greenroom_pipeline.report import Report
from greenroom_portal.answers import known_probabilities
from greenroom_portal.wording import clean

TITLES: dict[Kind, str] = {
    "class": "this class",
    "probability": "at least this probability",
    "range": "a number in this range",
    "no_worse": "no worse than production",
}


def list_kinds(report: Report, candidate: Reply) -> list[Kind]:
    """Return the kinds that fit what was answered, the plainest first."""
    if report.task == "regression":
        return ["range", "no_worse"]
    sure: list[Kind] = ["probability"] if known_probabilities(candidate) else []
    return ["class", *sure, "no_worse"]


def list_labels(candidate: Reply, champion: Reply | None) -> list[str]:
    """Return the classes that either model knows, the candidate's answer first."""
    answered = [read_reply(each).name() for each in (candidate, champion) if each is not None]
    known = [*known_probabilities(candidate), *known_probabilities(champion)]
    return list(dict.fromkeys(label for label in [*answered, *known] if label))


def suggest_percent(candidate: Reply, label: str) -> int:
    """Return a least probability in per cent that the candidate meets now."""
    return math.floor(100 * known_probabilities(candidate).get(label, 0.5) + 1e-9)


def suggest_range(candidate: Reply) -> tuple[float, float]:
    """Return a range around the candidate's number, a tenth to either side."""
    number = read_reply(candidate).number() or 0.0
    room = abs(number) / 10 or 1.0
    return _round(number - room), _round(number + room)


def suggest_value(candidate: Reply, champion: Reply | None) -> float:
    number = read_reply(champion or candidate).number()
    return _round(number if number is not None else 0.0)


def read_reply(reply: Reply) -> Given:
    return Given(reply.prediction, reply.probabilities, reply.error or "")


def tell_now(report: Report, expect: Expectation, candidate: Reply, champion: Reply | None) -> str:
    """Say what is expected and who meets it now; the text is not yet escaped."""
    theirs = None if champion is None else read_reply(champion)
    ours = judge(expect, read_reply(candidate), theirs)
    said = {"met": "meets it", "broken": "breaks it", "not_tested": "cannot be judged by it yet"}
    told = f"Expected: {clean(tell_expectation(expect, report.words))}. The candidate {said[ours]} now"
    if theirs is None or expect.kind == "no_worse":
        return f"{told}."
    return f"{told}, production {said[judge(expect, theirs, None)]}."


def _round(number: float) -> float:
    return float(f"{number:.4g}")
