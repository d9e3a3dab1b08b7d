"""All metrics by name, in the order in which reports list them."""

from __future__ import annotations

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.accuracy import ACCURACY
from greenroom_pipeline.metrics.brier import BRIER
from greenroom_pipeline.metrics.f1 import F1
from greenroom_pipeline.metrics.log_loss import LOG_LOSS
from greenroom_pipeline.metrics.mae import MAE
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.r2 import R2
from greenroom_pipeline.metrics.rmse import RMSE
from greenroom_pipeline.metrics.roc_auc import ROC_AUC
from greenroom_pipeline.report import Task
from greenroom_pipeline.wording import suggest_name

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (ROC_AUC, LOG_LOSS, BRIER, ACCURACY, F1, RMSE, MAE, R2)
}


def metrics_for(task: Task) -> list[Metric]:
    return [metric for metric in METRICS.values() if task in metric.tasks]


def find_metric(name: str, *, task: Task) -> Metric:
    """Return the metric; `SettingsError` when there is none, or it does not fit the task."""
    fitting = {metric.name: metric for metric in metrics_for(task)}
    if name in fitting:
        return fitting[name]
    what = f"does not fit a {task} task" if name in METRICS else "is not known"
    raise SettingsError(f"the metric {name!r} {what}; {suggest_name(name, fitting)}")
