"""What every face of a report shows in words: a line for each metric and slice, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom_pipeline.checks.absolute_bound import AbsoluteBound
from greenroom_pipeline.checks.check import describe_move, name_rows, name_slice, one_sided_harm, turn
from greenroom_pipeline.checks.overall_loss import OverallLoss, count_missing_rows
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.metrics.comparison import adjust_holm
from greenroom_pipeline.report import CheckResult, MetricResult, Report
from greenroom_pipeline.settings import GateRule
from greenroom_pipeline.wording import (
    choose_decimals,
    count,
    join_names,
    round_up,
    write_change,
    write_figure,
)
from greenroom_pipeline.words import count_rows

Word = Literal["better", "worse", "no clear change", "no change", "undefined", "too few rows", ""]
MOST_SLICES = 8


@dataclass(frozen=True)
class Line:
    """One metric, on all rows or on a slice, in figures that are written out; empty where there is none."""

    name: str
    best: Literal["high", "low"]
    rows: int
    candidate: str
    champion: str
    change: str
    """Candidate − champion ± half the width of the interval."""
    difference: str
    span: str
    """The interval's ends, low … high."""
    ends: tuple[float, float, float] | None
    """Low end, difference and high end as numbers, turned so that more is better."""
    word: Word


def is_judged(checks: Sequence[CheckResult]) -> bool:
    """Whether any rule had a say; without one, a verdict of `pass` means nothing."""
    return any(check.outcome != "not_applicable" for check in checks)


def tell_unjudged(metrics: Sequence[MetricResult]) -> str:
    """Return the summary of a comparison to which no limit was set."""
    overall = next((each for each in metrics if each.slice is None), None)
    if overall is None or overall.candidate is None:
        return "Nothing could be measured, and no limit was set."
    if overall.interval is None:
        return (
            f"{overall.title} is {write_figure(overall.candidate)}. No limit was set, so there is no verdict."
        )
    word = _judge(overall)
    return f"{word[:1].upper()}{word[1:]} overall: {describe_move(overall)}. No limit was set, so there is no verdict."


def list_overall(report: Report) -> list[Line]:
    return [
        _write_line(result, name=result.title, word=_judge(result))
        for result in report.metrics
        if result.slice is None
    ]


def list_slices(
    report: Report, rules: Sequence[GateRule] = (), *, min_rows: int, most: int | None = MOST_SLICES
) -> list[Line]:
    """Return the least favourable slices, by the metrics that *rules* hold slices to, or by the first.

    A slice is called better or worse only when that holds after correction for how many there are. None for
    *most* returns them all.
    """
    judged = judge_slices(report, rules, min_rows=min_rows)
    several = len({result.metric for result, _ in judged}) > 1
    ordered = sorted(judged, key=lambda each: (each[1] != "worse", _harm(each[0])))
    return [
        _write_line(result, name=_name(result, report, several=several), word=word)
        for result, word in ordered[:most]
    ]


def judge_slices(
    report: Report, rules: Sequence[GateRule] = (), *, min_rows: int
) -> list[tuple[MetricResult, Word]]:
    """Return the slices by the metrics that *rules* hold them to, or by the first, each with its word.

    One is called better or worse only when that holds after correction for how many there are.
    """
    found = _choose_slices(report, rules, min_rows=min_rows)
    return list(zip(found, _judge_many(found), strict=True))


def _name(result: MetricResult, report: Report, *, several: bool) -> str:
    name = name_slice(result, report.words)
    return f"{name}, {result.title}" if several else name


def tell_slices(report: Report, rules: Sequence[GateRule] = (), *, min_rows: int) -> list[str]:
    """Say which slices lose and which gain, in a sentence each, or why none is told; nothing where there are none."""
    lines = list_slices(report, rules, min_rows=min_rows, most=None)
    by = join_names([_title(report, metric) for metric in _choose_slice_metrics(report, rules)])
    # The least favourable come first.
    found = {
        "worse": [line for line in lines if line.word == "worse"],
        "better": [line for line in reversed(lines) if line.word == "better"],
    }
    told = [f"Gets {word} by {by}: {_name_moves(moved)}." for word, moved in found.items() if moved]
    if told or lines:
        return told or [f"No slice is shown to get better or worse by {by}, of {len(lines):,}."]
    return _tell_untested(report, rules, by=by, min_rows=min_rows) if report.champion else []


def _tell_untested(report: Report, rules: Sequence[GateRule], *, by: str, min_rows: int) -> list[str]:
    metrics = _choose_slice_metrics(report, rules)
    slices = sum(each.slice is not None and each.metric in metrics for each in report.metrics)
    if not slices:
        return []
    return [
        f"No slice can be tested by {by}, of {slices:,}: each has fewer than {count(min_rows, 'row')}, or too few that"
        " differ. Whether someone loses by it is not known."
    ]


def _name_moves(lines: Sequence[Line]) -> str:
    return join_names([f"{line.name} ({line.champion} → {line.candidate})" for line in lines], most=5)


def title_slices(report: Report, rules: Sequence[GateRule], *, shown: int) -> str:
    """Return the heading over that many lines of slices."""
    titles = join_names([_title(report, metric) for metric in _choose_slice_metrics(report, rules)])
    slices = {(each.slice.column, each.slice.value) for each in report.metrics if each.slice is not None}
    part = f", {shown} of {len(slices)}" if shown < len(slices) else ""
    return f"Slices by {titles}, least favourable first{part}"


def advise(report: Report, rules: Sequence[GateRule], *, min_rows: int) -> list[str]:
    """Return what to do next, most urgent first; at least one sentence."""
    counted = [check for check in report.checks if check.override is None]
    failed = [check for check in counted if check.outcome == "failed"]
    unsure = [check for check in counted if check.outcome == "inconclusive"]
    metrics = [check.metric for check in failed if check.code == SliceLoss.code]
    worst = _find_worst_slices(report, rules, metrics or [None], min_rows=min_rows)
    if failed:
        advice = [
            _advise_failure(check, report) for check in failed if check.code != SliceLoss.code or not worst
        ]
    elif unsure:
        advice = [_advise_doubt(check, report, rules, min_rows=min_rows) for check in unsure]
    elif any(check.outcome == "not_tested" for check in counted):
        advice = ["Label more rows of each slice, or slice more coarsely: none could be tested."]
    elif is_judged(report.checks):
        advice = [_advise_pass(worst) if report.champion else _NO_CHAMPION]
    else:
        advice = [_advise_unjudged(report)]
    return list(dict.fromkeys([*(_look_at(each, report) for each in worst), *advice]))


_NO_CHAMPION = "Name the column of the model in production with --champion to compare the two."


def _advise_pass(worst: Sequence[MetricResult]) -> str:
    if worst:
        return "No rule holds the candidate back: whether that loss matters is for people to say."
    return "Nothing here holds the candidate back: it can go on."


def _advise_failure(check: CheckResult, report: Report) -> str:
    title, overall = _title(report, check.metric), _find_overall(report, check.metric)
    if check.metric is not None and (overall is None or overall.interval is None):
        return (
            f"Mend what leaves {title} without a value or an interval; the reason of {check.code} says which."
        )
    if check.code == OverallLoss.code:
        return f"Keep the champion: improve the candidate's {title}, or tolerate a larger loss if that is acceptable."
    if check.code == AbsoluteBound.code:
        return f"Improve the candidate's {title} until it keeps its bound, or move the bound if it was wrong."
    return f"Mend what {check.code} found, or say why it does not matter: {check.title}."


def _advise_doubt(check: CheckResult, report: Report, rules: Sequence[GateRule], *, min_rows: int) -> str:
    overall = _find_overall(report, check.metric)
    if check.code == SliceLoss.code:
        return "Label more rows, above all of the slices that are named, and compare again."
    if check.code != OverallLoss.code or overall is None or overall.interval is None:
        return f"Label more rows and compare again, until {check.code} can tell: {check.title}."
    if overall.rows < min_rows:
        return f"Label at least {count(min_rows - overall.rows, 'more row')} and compare again."
    tolerance = next(
        (rule.max_loss for rule in rules if rule.metric == check.metric and rule.max_loss is not None), 0.0
    )
    rows = count_missing_rows(overall, tolerance=tolerance)
    if rows is None:
        return "More rows will hardly settle it: tolerate a larger loss, or keep the champion."
    about = f"Label about {count(rows, 'more row')} and compare again"
    return f"{about}, or tolerate a larger loss of {overall.title} if that is acceptable."


def _advise_unjudged(report: Report) -> str:
    if report.champion is None:
        return _NO_CHAMPION
    overall = next((each for each in report.metrics if each.slice is None and each.interval), None)
    if overall is None or overall.interval is None or overall.interval[0] == overall.interval[1]:
        return "For a verdict, pass the loss that you tolerate: --max-loss X."
    half = (overall.interval[1] - overall.interval[0]) / 2
    return (
        f"For a verdict, pass the loss of {overall.title} that you tolerate: --max-loss X. "
        f"{count(overall.rows, 'row')} can tell differences of about {_round(half)}."
    )


def _round(figure: float) -> str:
    return f"{figure:.2g}" if figure < 100 else f"{round_up(figure):,}"


def _look_at(result: MetricResult, report: Report) -> str:
    rows = count_rows(report.words, result.rows)
    return (
        f"Look at {name_rows(result, report.words)}, {rows}, where {describe_move(result)}: "
        "find out what sets these rows apart before you go on."
    )


def _choose_slice_metrics(report: Report, rules: Sequence[GateRule]) -> list[str]:
    held = [rule.metric for rule in rules if rule.max_loss_slices is not None]
    checked = [check.metric for check in report.checks if check.code == SliceLoss.code and check.metric]
    return held or checked or [each.metric for each in report.metrics[:1]]


def _choose_slices(report: Report, rules: Sequence[GateRule], *, min_rows: int) -> list[MetricResult]:
    metrics = _choose_slice_metrics(report, rules)
    return [
        each
        for each in report.metrics
        if each.metric in metrics and each.slice is not None and each.interval and each.rows >= min_rows
    ]


def _find_worst_slices(
    report: Report, rules: Sequence[GateRule], metrics: Sequence[str | None], *, min_rows: int
) -> list[MetricResult]:
    """Return the slice that is most surely worse by each of *metrics*; None stands for any."""
    found = _choose_slices(report, rules, min_rows=min_rows)
    worse = [result for result, word in zip(found, _judge_many(found), strict=True) if word == "worse"]
    by_metric = [[each for each in worse if metric in (None, each.metric)] for metric in metrics]
    return [min(results, key=_harm) for results in by_metric if results]


def _find_overall(report: Report, metric: str | None) -> MetricResult | None:
    return next((each for each in report.metrics if each.slice is None and each.metric == metric), None)


def _title(report: Report, metric: str | None) -> str:
    overall = _find_overall(report, metric)
    return overall.title if overall is not None else "value"


def _judge(result: MetricResult) -> Word:
    if result.candidate is None:
        return "undefined"
    if result.interval is None:
        return "" if result.difference is None else "too few rows"
    _, low, high = turn(result)
    if low == high == 0:
        return "no change"
    return "better" if low > 0 else "worse" if high < 0 else "no clear change"


def _judge_many(results: Sequence[MetricResult]) -> list[Word]:
    """Judge each of several as surely as one alone: one-sided p-values by Holm's correction, as GR103 does."""
    level = [(1 - result.confidence) / 2 for result in results]
    harmed = adjust_holm([_harm(result) for result in results]) <= level
    helped = adjust_holm([1 - _harm(result) for result in results]) <= level
    words = []
    for result, worse, better in zip(results, harmed, helped, strict=True):
        word = _judge(result)
        sure = word not in ("worse", "better") or (worse if word == "worse" else better)
        words.append(word if sure else "no clear change")
    return words


def _harm(result: MetricResult) -> float:
    """Return the one-sided p-value of no harm: the lower, the less favourable."""
    return 0.5 if result.p_value is None else one_sided_harm(result)


def _write_line(result: MetricResult, *, name: str, word: Word) -> Line:
    half = 0.0 if result.interval is None else (result.interval[1] - result.interval[0]) / 2
    values = [each for each in (result.candidate, result.champion) if each is not None]
    decimals = min(choose_decimals(*values, half), 6)
    figures = [
        "" if each is None else write_figure(each, decimals=decimals)
        for each in (result.candidate, result.champion)
    ]
    difference = change = span = ""
    ends = None
    if result.difference is not None:
        sign = "+" if result.difference > 0 else ""
        difference = change = f"{sign}{write_figure(result.difference, decimals=decimals)}"
    if result.difference is not None and result.interval is not None:
        change = write_change(result.difference, result.interval, decimals=decimals)
        span = " … ".join(write_figure(end, decimals=decimals) for end in result.interval)
        middle, low, high = turn(result)
        ends = (low, middle, high)
    best: Literal["high", "low"] = "high" if result.higher_is_better else "low"
    return Line(
        name=name,
        best=best,
        rows=result.rows,
        candidate=figures[0],
        champion=figures[1],
        change=change,
        difference=difference,
        span=span,
        ends=ends,
        word=word,
    )
