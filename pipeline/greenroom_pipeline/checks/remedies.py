"""What to do about a check that did not pass, in a sentence or two for whoever decides."""

from __future__ import annotations

import re
from collections.abc import Mapping

from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.words import Words

OPEN: tuple[Outcome, ...] = ("failed", "inconclusive", "not_tested")
"""Outcomes after which something can be done; a rule that does not apply asks for nothing."""
_CODE = re.compile(r"GR\d{3}")
_FURTHER = re.compile(r"about ([\d,]+) more labelled rows?( of new groups)?")
_AT_LEAST = re.compile(r"label at least ([\d,]+) more")
_HOPELESS = "no number of further labelled rows"
_LATER = "It is looked at once the preview runs: start it, or run the commit again."

_REMEDIES: Mapping[str, Mapping[Outcome, str]] = {
    "GR101": {
        "failed": "Improve the candidate until it keeps the bound, or move min or max if the bound was wrong.",
    },
    "GR102": {
        "failed": "Keep the champion and improve the candidate, or allow a larger max_loss if the loss is worth it.",
        "inconclusive": "Or allow a larger max_loss if such a loss would be acceptable.",
    },
    "GR103": {
        "failed": "Find out what sets these {rows} apart before anything goes in: for them the champion is better.",
        "inconclusive": "Above all those of the slices that are named; or allow a larger max_loss_slices.",
        "not_tested": "Label more {rows} of each slice, or slice more coarsely: nobody knows yet who loses.",
    },
    "GR104": {
        "failed": "Look for the target, or for {rows} of the holdout, among what training reads; if there are none,"
        " raise max_gain.",
        "inconclusive": "Look meanwhile for the target, or for {rows} of the holdout, among what training reads.",
    },
    "GR105": {
        "failed": "Look at the {rows} that broke, among the disagreements below: people will notice them.",
        "inconclusive": "Look meanwhile at the {rows} that broke, among the disagreements below.",
    },
    "GR106": {
        "failed": "Ask whoever uses the answers whether they can bear it: a threshold may no longer fit. If so, raise"
        " max_shift.",
        "inconclusive": "Or raise max_shift if whoever uses the answers can bear such a shift.",
    },
    "GR107": {
        "failed": "Calibrate the candidate on {rows} that it was not trained on, or do not use its probabilities.",
        "inconclusive": "Or calibrate the candidate on {rows} that it was not trained on.",
    },
    "GR108": {
        "failed": "Mend what leaves the metric without a value or an interval; the reason says which.",
        "inconclusive": "Do not count on this result: another seed would have given another. Train on more data, or"
        " average several seeds.",
    },
    "GR201": {
        "failed": "Read the end of the preview's log and mend what the model needs to load; then run the commit again.",
        "not_tested": "The preview host had no room: stop previews that nobody needs, and run the commit again.",
    },
    "GR202": {
        "failed": "Make the model smaller or faster, or raise max_ratio if the time does not matter.",
        "inconclusive": "Run the commit again when the host is less busy, or time more calls.",
        "not_tested": _LATER,
    },
    "GR203": {
        "failed": "Ask both models about the case that broke; mend the candidate, or change the case where what it"
        " expects no longer holds.",
        "inconclusive": "Ask both models about the case that is open, and say what is expected more clearly.",
        "not_tested": _LATER,
    },
    "GR301": {
        "failed": "Take these {rows} out of training, or freeze others as the holdout. Where they are alike by chance,"
        " set id or max_share.",
    },
    "GR302": {
        "failed": "Whoever asks the model must ask in another way: tell them first and allow the change under"
        " [gate.inputs], or keep the columns as they were.",
    },
    "GR303": {
        "failed": "Make the model smaller, or raise the limit under [gate.size] if there is room for it.",
    },
    "GR304": {
        "inconclusive": "A maintainer takes the branch into the repository, where it can be judged against production.",
    },
}
# What more labels settle; the others have nothing to do with how many rows there are.
_BY_ROWS = frozenset({"GR102", "GR103", "GR104", "GR105", "GR106", "GR107"})


def find_remedy(check: CheckResult, words: Words, *, where: str = "") -> str:
    """Say what to do about it, empty where nothing is to be done; *where* names the rows that it is about."""
    if check.outcome not in OPEN or check.override is not None:
        return ""
    known = _REMEDIES.get(check.code, {}).get(check.outcome)
    told = _fall_back(check) if known is None else known.replace("{rows}", words.rows)
    if check.outcome == "inconclusive" and check.code in _BY_ROWS:
        return f"{_ask_for_rows(check.reason, words)} {told}"
    return f"Look at {where}. {told}" if where else told


def find_override(check: CheckResult) -> str | None:
    """Return the command that lets this one commit through the check; None where there is nothing to let through."""
    if check.outcome not in ("failed", "inconclusive") or check.override is not None:
        return None
    return f'greenroom override {check.code} "why"' if _CODE.fullmatch(check.code) else None


def _ask_for_rows(reason: str, words: Words) -> str:
    """Say how many more are to be labelled, as the reason has worked it out."""
    if _HOPELESS in reason:
        return f"More labelled {words.rows} will hardly settle it."
    about, least = _FURTHER.search(reason), _AT_LEAST.search(reason)
    if about:
        return (
            f"Label about {about[1]} more {_name(about[1], words)}{about[2] or ''} and run the commit again."
        )
    if least:
        return f"Label at least {least[1]} more {_name(least[1], words)} and run the commit again."
    return f"Label more {words.rows} and run the commit again."


def _name(number: str, words: Words) -> str:
    return words.row if number == "1" else words.rows


def _fall_back(check: CheckResult) -> str:
    if check.outcome == "failed":
        return "Mend what the reason names, or say why it does not matter."
    return "Give it what the reason asks for, and run the commit again."
