"""GR303: the bytes of the candidate's files."""

from __future__ import annotations

from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.observations import Size
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable, SizeRule
from greenroom_pipeline.wording import choose_decimals, write_figure, write_limit

MEGABYTE = 1_000_000


class ModelSize:
    """Passes when the candidate's files are no larger than `[gate.size]` tolerates."""

    code = "GR303"
    title = "Model size"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        rule, size = gate.size, case.observed.size
        if rule is None:
            return []
        if size is None:
            return [conclude(self, "failed", "The model's size cannot be judged: it was not measured.")]
        return [*self._judge_bytes(rule, size), *self._judge_ratio(rule, size)]

    def _judge_bytes(self, rule: SizeRule, size: Size) -> list[CheckResult]:
        if rule.max_megabytes is None:
            return []
        megabytes = size.candidate / MEGABYTE
        kept = megabytes <= rule.max_megabytes
        figure, limit = _write_beside(megabytes, rule.max_megabytes), write_limit(rule.max_megabytes)
        reason = f"The model has {figure} MB{_HELD[kept]} at most {limit} MB."
        return [conclude(self, "passed" if kept else "failed", reason)]

    def _judge_ratio(self, rule: SizeRule, size: Size) -> list[CheckResult]:
        if rule.max_ratio is None:
            return []
        if not size.champion:
            return [conclude(self, "not_applicable", "There is no champion yet to be larger than.")]
        ratio = size.candidate / size.champion
        kept = ratio <= rule.max_ratio
        figure, limit = _write_beside(ratio, rule.max_ratio), write_limit(rule.max_ratio)
        reason = f"The model has {figure} times the champion's bytes{_HELD[kept]} at most {limit} times."
        return [conclude(self, "passed" if kept else "failed", reason)]


_HELD = {True: "; it may have", False: ", but may have"}


def _write_beside(figure: float, limit: float) -> str:
    """Return *figure* with the decimals that tell it from *limit*."""
    return write_figure(figure, decimals=min(choose_decimals(figure, limit, figure - limit), 6))
