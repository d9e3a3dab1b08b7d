"""A report as sections of Markdown, the most important first."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.changes import tell_answers, tell_calibration
from greenroom_pipeline.markdown import (
    VERDICTS,
    escape,
    fence,
    fold,
    stress,
    write_checks,
    write_link,
    write_list,
    write_table,
)
from greenroom_pipeline.outline import Line, advise, list_overall, list_slices, tell_slices, title_slices
from greenroom_pipeline.publishing.bars import draw_bars
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.sections import Section
from greenroom_pipeline.report import CheckResult, ModelReference, Report
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import WORN, count, tell_wear, write_time

CELL_CHARACTERS = 200
MOST_WORSE = 10


def write_headline(report: Report) -> str:
    """Return verdict and reason, in one line."""
    return f"### {VERDICTS[report.verdict]}: {escape(report.summary)}"


def write_links(links: Links) -> str:
    """Return the addresses that there are, in one line."""
    found = (
        # People ask both models on the review page, where that has no page of its own.
        write_link("Review page" if links.query else "Review page and live query", links.review),
        write_link("Ask both models", links.query),
        write_link("MLflow run", links.run),
        write_link("Job", links.job),
    )
    return " · ".join(link for link in found if link)


def write_subject(report: Report) -> str:
    """Say what was compared with what, on which rows."""
    sha = report.lineage.sha if report.lineage else report.candidate.sha or ""
    rows = f"{count(report.holdout.rows, 'held-out row')}"
    words = f"**{escape(report.project)}** at commit {escape(sha[:7])}, {_name_champion(report.champion)}, on {rows}."
    if report.candidate.sha is not None and report.candidate.sha != sha:
        words += f" Nothing that training reads has changed since commit {escape(report.candidate.sha[:7])}."
    looks = report.holdout.looks or 0
    return f"{words} {tell_wear(looks)}" if looks >= WORN else words


def _name_champion(champion: ModelReference | None) -> str:
    if champion is None:
        return "with no champion to compare with yet"
    version = f"version {escape(champion.version)}" if champion.version else "the model"
    commit = f" (commit {escape(champion.sha[:7])})" if champion.sha else ""
    return f"compared with {version} in production{commit}"


def write_findings(report: Report, gate: GateTable) -> list[Section]:
    """Return what people decide by: who gains and loses, the metrics, slices that got worse, checks, what to do."""
    slices = list_slices(report, gate.check, min_rows=gate.min_rows, most=None)
    told = [
        *tell_slices(report, gate.check, min_rows=gate.min_rows),
        *tell_answers(report.observations, report.words),
    ]
    advice = [] if report.verdict == "pass" else advise(report, gate.check, min_rows=gate.min_rows)
    open_ones = [check for check in report.checks if _is_open(check)]
    sections = [
        Section("what changes for whom", write_list("What changes for whom", told)),
        _write_metrics(report),
        _write_worse([line for line in slices if line.word == "worse"]),
        _write_checks(open_ones),
        Section("what to do next", write_list("Next", advice)),
        _write_preview(report),
    ]
    return [section for section in sections if section.text]


def write_details(report: Report, gate: GateTable) -> list[Section]:
    """Return what is folded away: the other checks, times, all slices, calibration and parameters."""
    sections = [
        _fold_checks(report.checks),
        _fold_timings(report),
        _fold_slices(report, gate),
        _fold_calibration(report),
        _fold_parameters(report),
    ]
    return [section for section in sections if section.text]


def _is_open(check: CheckResult) -> bool:
    return check.outcome in ("failed", "inconclusive", "not_tested")


def _write_metrics(report: Report) -> Section:
    lines = list_overall(report)
    if not lines:
        return Section("metrics", "")
    if report.champion is None:
        table = write_table(
            ["metric", "best is", "candidate"],
            ["---", "---", "---:"],
            [[escape(line.name), line.best, line.candidate] for line in lines],
        )
    else:
        # Each in its own unit, so each to its own scale.
        bars = [bar for line in lines for bar in draw_bars([line.ends])]
        table = _tabulate("metric", lines, bars, [line.best for line in lines], second="best is")
    confidence = f"{100 * report.metrics[0].confidence:.4g}\u00a0%"
    return Section("metrics", f"#### Metrics\n\n{_join(table[:2])}", table[2:], _explain(report, confidence))


def _explain(report: Report, confidence: str) -> str:
    if report.champion is None:
        return ""
    return f"\n\n<sub>Difference is candidate − champion, with its {confidence} interval; right of ┼ is better.</sub>"


def _write_worse(lines: Sequence[Line]) -> Section:
    if not lines:
        return Section("slices that got worse", "")
    table = _tabulate_slices(lines[:MOST_WORSE])
    more = (
        f"\n\n…and {len(lines) - MOST_WORSE:,} more, among all slices below."
        if len(lines) > MOST_WORSE
        else ""
    )
    return Section(
        "slices that got worse", f"#### Slices that got worse\n\n{_join(table[:2])}", table[2:], more
    )


def _tabulate_slices(lines: Sequence[Line]) -> list[str]:
    """Return the lines of a table of slices, all drawn to one scale."""
    bars = draw_bars([line.ends for line in lines])
    return _tabulate("slice", lines, bars, [f"{line.rows:,}" for line in lines], second="rows")


def _tabulate(
    first: str, lines: Sequence[Line], bars: Sequence[str], seconds: Sequence[str], *, second: str
) -> list[str]:
    titles = [first, second, "champion", "candidate", "difference", "low … high", "worse ◂ ▸ better", ""]
    sides = ["---", *(["---:"] * 5), "---", "---"]
    rows = [
        [
            escape(line.name, most=CELL_CHARACTERS),
            extra,
            line.champion,
            line.candidate,
            line.difference,
            line.span,
            f"`{bar}`" if bar else "",
            stress(line.word),
        ]
        for line, bar, extra in zip(lines, bars, seconds, strict=True)
    ]
    return write_table(titles, sides, rows)


def _write_checks(checks: Sequence[CheckResult]) -> Section:
    if not checks:
        return Section("checks", "")
    table = write_checks(checks)
    return Section("checks", f"#### Checks that did not pass\n\n{_join(table[:2])}", table[2:])


def _fold_checks(checks: Sequence[CheckResult]) -> Section:
    others = [check for check in checks if not _is_open(check)]
    if not others:
        return Section("checks", "")
    passed = sum(check.outcome == "passed" for check in others)
    apart = f", {len(others) - passed} not applicable" if passed < len(others) else ""
    return _fold("other checks", f"{count(passed, 'check')} passed{apart}", write_checks(others))


def _fold_slices(report: Report, gate: GateTable) -> Section:
    lines = list_slices(report, gate.check, min_rows=gate.min_rows, most=None)
    if not lines:
        return Section("slices", "")
    title = escape(title_slices(report, gate.check, shown=len(lines)))
    return _fold(
        "all slices", f"All {count(len(lines), 'slice')}", _tabulate_slices(lines), above=f"{title}.\n\n"
    )


def _fold_calibration(report: Report) -> Section:
    told = tell_calibration(report.observations)
    lines = "\n".join(f"- {escape(each)}" for each in told)
    return Section("calibration", fold("Calibration of the probabilities", lines) if told else "")


def _fold_timings(report: Report) -> Section:
    if not report.timings:
        return Section("times", "")
    spent = sum(timing.seconds for timing in report.timings)
    rows = [
        [
            escape(timing.step, most=CELL_CHARACTERS),
            write_time(timing.seconds),
            "found ready" if timing.cached else "",
        ]
        for timing in report.timings
    ]
    table = write_table(["step", "time", ""], ["---", "---:", "---"], rows)
    return _fold("times", f"{write_time(spent)} of compute time", table)


def _fold_parameters(report: Report) -> Section:
    parameters = report.lineage.parameters if report.lineage else {}
    if not parameters:
        return Section("parameters", "")
    rows = [
        [escape(each, most=CELL_CHARACTERS) for each in (name, value)]
        for name, value in sorted(parameters.items())
    ]
    table = write_table(["parameter", "value"], ["---", "---"], rows)
    return _fold("parameters", count(len(parameters), "parameter"), table)


def _fold(name: str, title: str, table: Sequence[str], *, above: str = "") -> Section:
    head = f"<details>\n<summary>{title}</summary>\n\n{above}{_join(table[:2])}"
    return Section(name, head, tuple(table[2:]), "\n\n</details>")


def _write_preview(report: Report) -> Section:
    """Say why there is no preview, where there is none."""
    preview = report.preview
    if preview is None or preview.state == "awake":
        return Section("preview", "")
    if preview.state == "stopped":
        return Section("preview", f"No preview runs: {escape(preview.log)}")
    log = fold("What the preview wrote", fence(preview.log)) if preview.log.strip() else ""
    return Section("preview", f"The preview did not come up.\n\n{log}".strip())


def _join(lines: Sequence[str]) -> str:
    return "\n".join(lines)
