"""GR301: rows of the holdout that training has seen."""

from __future__ import annotations

from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.observations import Overlap
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import count, join_names, write_limit

MOST_NAMED = 6


class Leakage:
    """Passes when hardly any row of the holdout is in training too, and no id is."""

    code = "GR301"
    title = "Train/holdout leakage"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        overlap = case.observed.overlap
        if overlap is None:
            reason = (
                "Not looked at: name the files of the training rows as train under [data], "
                "and rows of the holdout that reappear in them are found."
            )
            return [conclude(self, "not_applicable", reason)]
        share = gate.leakage.max_share
        leaked = overlap.identical > share * overlap.rows or bool(overlap.ids)
        if leaked:
            return [conclude(self, "failed", _explain_leak(overlap, max_share=share))]
        return [conclude(self, "passed", _explain_pass(overlap, max_share=share))]


def _explain_leak(overlap: Overlap, *, max_share: float) -> str:
    found = []
    if overlap.identical > max_share * overlap.rows:
        tolerated = f", where {_write_share(max_share)} are tolerated" if max_share else ""
        found.append(
            f"{overlap.identical:,} of the holdout's {count(overlap.rows, 'row')} "
            f"({_write_share(overlap.identical / overlap.rows)}) {_be(overlap.identical)} in the training rows "
            f"too{tolerated}"
        )
    if overlap.ids:
        found.append(f"{count(overlap.ids, 'id')} of the holdout {_be(overlap.ids)} among the training rows'")
    return (
        f"{', and '.join(found)}. A model can have learnt their answers by heart, so its metrics look better "
        "than they are: take these rows out of the training files, and train again."
    )


def _explain_pass(overlap: Overlap, *, max_share: float) -> str:
    sentences = []
    if overlap.columns:
        columns = join_names(overlap.columns, most=MOST_NAMED)
        which = f"{overlap.identical:,}" if overlap.identical else "None"
        tolerated = f"; {_write_share(max_share)} are tolerated" if overlap.identical else ""
        sentences.append(
            f"{which} of the holdout's {count(overlap.rows, 'row')} {_be(overlap.identical)} among the "
            f"{count(overlap.train_rows, 'training row')}, compared by {columns}{tolerated}."
        )
    if overlap.ids is not None:
        sentences.append("No id of the holdout is among the training rows'.")
    return " ".join(sentences)


def _be(number: int) -> str:
    return "is" if number < 2 else "are"


def _write_share(share: float) -> str:
    return f"{write_limit(float(f'{100 * share:.2g}'))} %"
