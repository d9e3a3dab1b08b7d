"""All metrics by name, in the order in which reports list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.accuracy import ACCURACY, ERROR
from greenroom_pipeline.metrics.average_precision import AVERAGE_PRECISION, AVERAGE_PRECISION_MACRO
from greenroom_pipeline.metrics.balanced_accuracy import BALANCED_ACCURACY
from greenroom_pipeline.metrics.brier import BRIER
from greenroom_pipeline.metrics.cohen_kappa import COHEN_KAPPA
from greenroom_pipeline.metrics.f1 import F1, F1_MACRO, F1_WEIGHTED
from greenroom_pipeline.metrics.log_loss import LOG_LOSS
from greenroom_pipeline.metrics.mae import MAE
from greenroom_pipeline.metrics.mape import MAPE
from greenroom_pipeline.metrics.mcc import MCC
from greenroom_pipeline.metrics.median_absolute_error import MEDIAN_ABSOLUTE_ERROR
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.mse import MSE
from greenroom_pipeline.metrics.pinball import pinball_of
from greenroom_pipeline.metrics.precision import PRECISION, PRECISION_MACRO, PRECISION_WEIGHTED
from greenroom_pipeline.metrics.r2 import R2
from greenroom_pipeline.metrics.recall import RECALL, RECALL_MACRO, RECALL_WEIGHTED, recall_of
from greenroom_pipeline.metrics.rmse import RMSE
from greenroom_pipeline.metrics.roc_auc import ROC_AUC, ROC_AUC_OVR, ROC_AUC_OVR_WEIGHTED
from greenroom_pipeline.report import Task
from greenroom_pipeline.wording import suggest_name

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *(ROC_AUC, ROC_AUC_OVR, ROC_AUC_OVR_WEIGHTED, AVERAGE_PRECISION, AVERAGE_PRECISION_MACRO),
        *(LOG_LOSS, BRIER, ACCURACY, ERROR, BALANCED_ACCURACY),
        *(F1, F1_MACRO, F1_WEIGHTED, PRECISION, PRECISION_MACRO, PRECISION_WEIGHTED),
        *(RECALL, RECALL_MACRO, RECALL_WEIGHTED, MCC, COHEN_KAPPA),
        *(RMSE, MAE, R2, MSE, MAPE, MEDIAN_ABSOLUTE_ERROR),
    )
}
STANDARD: Mapping[Task, tuple[Metric, ...]] = {
    "binary": (ROC_AUC, LOG_LOSS, BRIER, ACCURACY, F1),
    "multiclass": (ROC_AUC_OVR, LOG_LOSS, BRIER, ACCURACY, F1_MACRO),
    "regression": (RMSE, MAE, R2),
}
"""Evaluated for every candidate; others only when a rule or a person names them."""
FAMILIES: Mapping[str, Callable[[str], Metric]] = {"recall": recall_of, "pinball": pinball_of}
"""Metrics that take a word behind a colon, such as `recall:late`."""


def find_metric(name: str, *, task: Task, own: Mapping[str, Metric] | None = None) -> Metric:
    """Return the metric; *own* are the project's. `SettingsError` when there is none, or it does not fit."""
    known = METRICS | dict(own or {})
    metric = known.get(name) or _find_in_family(name)
    if metric is not None and task in metric.tasks:
        return metric
    what = "is not known" if metric is None else f"does not fit a {task} task"
    fitting = [each.name for each in known.values() if task in each.tasks]
    raise SettingsError(f"the metric {name!r} {what}; {suggest_name(name, fitting)}")


def _find_in_family(name: str) -> Metric | None:
    family, colon, word = name.partition(":")
    if not colon or not word or family not in FAMILIES:
        return None
    try:
        return FAMILIES[family](word)
    except ValueError as error:
        raise SettingsError(f"the metric {name!r}: {error}") from None
