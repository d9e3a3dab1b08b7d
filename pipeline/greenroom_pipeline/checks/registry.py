"""All checks: in the order in which the gate runs them, and by code."""

from __future__ import annotations

from greenroom_pipeline.checks.absolute_bound import AbsoluteBound
from greenroom_pipeline.checks.calibrated import Calibrated
from greenroom_pipeline.checks.check import Check
from greenroom_pipeline.checks.foreign_evidence import ForeignEvidence
from greenroom_pipeline.checks.leakage import Leakage
from greenroom_pipeline.checks.model_size import ModelSize
from greenroom_pipeline.checks.overall_loss import OverallLoss
from greenroom_pipeline.checks.pinned_cases import PinnedCases
from greenroom_pipeline.checks.prediction_shift import PredictionShift
from greenroom_pipeline.checks.preview_answers import PreviewAnswers
from greenroom_pipeline.checks.retraining_noise import RetrainingNoise
from greenroom_pipeline.checks.row_flips import RowFlips
from greenroom_pipeline.checks.schema_change import SchemaChange
from greenroom_pipeline.checks.serving_latency import ServingLatency
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.checks.suspicious_gain import SuspiciousGain

PREDICTION_CHECKS: tuple[Check, ...] = (
    AbsoluteBound(),
    OverallLoss(),
    SliceLoss(),
    SuspiciousGain(),
    RowFlips(),
    PredictionShift(),
    Calibrated(),
)
"""Look at both models' answers to the same rows; `greenroom compare` runs these alone."""

PROJECT_CHECKS: tuple[Check, ...] = (
    RetrainingNoise(),
    Leakage(),
    SchemaChange(),
    ModelSize(),
    ForeignEvidence(),
)
"""Look at the candidate's model and data."""

SERVING_CHECKS: tuple[Check, ...] = (PreviewAnswers(), ServingLatency(), PinnedCases())
"""Look at the candidate as it serves."""

ALL_CHECKS: tuple[Check, ...] = tuple(
    sorted((*PREDICTION_CHECKS, *PROJECT_CHECKS, *SERVING_CHECKS), key=lambda check: check.code)
)
