"""What changes between the two models beyond the metrics, in sentences for every face of a report."""

from __future__ import annotations

from greenroom_pipeline.checks.calibrated import describe_calibration
from greenroom_pipeline.checks.prediction_shift import describe_shift
from greenroom_pipeline.checks.row_flips import describe_flips
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.words import Words


def tell_changes(observed: Observations, words: Words) -> list[str]:
    """Return a sentence on each thing that was observed of the answers; none without a champion."""
    return [*tell_answers(observed, words), *tell_calibration(observed)]


def tell_answers(observed: Observations, words: Words) -> list[str]:
    """Say which answers become others, and how far they move on the whole."""
    if observed.flips is None and not observed.shifts:
        return []
    told = [] if observed.flips is None else [describe_flips(observed.flips, words)]
    shifts = [shift for shift in observed.shifts if shift.interval is not None]
    if shifts:
        told.append(f"{describe_shift(max(shifts, key=lambda shift: abs(shift.difference)), words)}.")
    return told


def tell_calibration(observed: Observations) -> list[str]:
    """Say in figures how far probabilities mean what they say, which they do not say to everybody."""
    if observed.flips is None and not observed.shifts:
        return []
    models = {each.model: each for each in observed.calibration}
    if "candidate" not in models:
        return []
    return [f"{clause}." for clause in describe_calibration(models["candidate"], models.get("champion"))]
