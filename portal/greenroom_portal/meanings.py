"""What metrics mean, for who has not met them."""

from __future__ import annotations

from greenroom_pipeline.report import MetricResult, Report

_MEANINGS = {
    "accuracy": "the share of answers that are right",
    "error": "the share of answers that are wrong",
    "balanced_accuracy": "the share of answers that are right, each class counted alike",
    "brier": "how far the probabilities are from what really happened",
    "log_loss": "how far the probabilities are from what really happened; being sure and wrong costs most",
    "roc_auc": "how often the model ranks a pair of rows, one of each class, the right way round; 0.5 is guessing",
    "roc_auc_ovr": "how well the model ranks rows of each class before the others; 0.5 is guessing",
    "average_precision": "how clean the top of the model's ranking is",
    "f1": "how well what is found and what is raised wrongly are balanced",
    "f1_macro": "how well what is found and what is raised wrongly are balanced, each class counted alike",
    "precision": "the share of what the model raises that is right",
    "recall": "the share of what there is to find that the model finds",
    "mae": "how far predictions are off, on average",
    "rmse": "how far predictions are off, where large misses weigh more",
    "mse": "how far predictions are off, squared, so that large misses weigh most",
    "mape": "how far predictions are off, as a share of the truth",
    "median_absolute_error": "how far the middle prediction is off",
    "r2": "the share of the differences between rows that the model explains",
}


def tell_meanings(report: Report, *, sentence: str) -> list[str]:
    """Say what each metric means that *sentence* names, and which direction is better."""
    titles = {result.title: result for result in report.metrics if result.title in sentence}
    # "F1" stands in "F1 (macro)", too.
    whole = [
        result
        for title, result in titles.items()
        if not any(title != other and title in other for other in titles)
    ]
    return [told for told in map(_tell_meaning, whole) if told]


def _tell_meaning(result: MetricResult) -> str:
    meaning = _MEANINGS.get(result.metric)
    if meaning is None:
        return ""
    return f"{result.title}: {meaning}; {'higher' if result.higher_is_better else 'lower'} is better."


def tell_spread(report: Report, *, sentence: str) -> str:
    """Say what "±" is, where *sentence* has it."""
    if "±" not in sentence or not report.metrics:
        return ""
    sure = f"{report.metrics[0].confidence:.0%}"
    return f"Behind ± stands how far it may be off: {sure} of such ranges hold the true difference."
