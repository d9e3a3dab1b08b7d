"""All checks, in the order in which the gate runs them."""

from __future__ import annotations

from greenroom_pipeline.checks.absolute_bound import AbsoluteBound
from greenroom_pipeline.checks.check import Check
from greenroom_pipeline.checks.overall_loss import OverallLoss
from greenroom_pipeline.checks.slice_loss import SliceLoss

CHECKS: tuple[Check, ...] = (AbsoluteBound(), OverallLoss(), SliceLoss())
