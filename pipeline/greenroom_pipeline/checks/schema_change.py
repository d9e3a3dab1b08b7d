"""GR302: the columns that the candidate takes, against the champion's."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.observations import InputChange
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable, InputKind
from greenroom_pipeline.wording import join_names

MOST_NAMED = 5


class SchemaChange:
    """Passes when every change of the model's columns is of a kind that `[gate.inputs]` allows."""

    code = "GR302"
    title = "Schema change"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        change = case.observed.inputs
        if not case.evaluation.has_champion:
            reason = "There is no champion yet whose columns the candidate's could differ from."
            return [conclude(self, "not_applicable", reason)]
        if change is None:
            reason = (
                "The columns cannot be compared: a model was logged without a signature that names them; "
                "give log_model a signature."
            )
            return [conclude(self, "not_applicable", reason)]
        told = _tell(change)
        refused = [kind for kind in told if kind not in gate.inputs.allow]
        if refused:
            return [conclude(self, "failed", _explain_failure(told, refused))]
        reason = f"{' '.join(told.values())} That is allowed." if told else _NO_CHANGE
        return [conclude(self, "passed", reason)]


_NO_CHANGE = "The candidate takes the same columns as the champion, each of the same type."
_MENDS: Mapping[InputKind, str] = {
    "added": "drop them in training",
    "removed": "keep them in training",
    "retyped": "cast them in training or give them other names",
}


def _tell(change: InputChange) -> dict[InputKind, str]:
    """Return a sentence for each kind of change that there is."""
    types = [f"{one.column} ({one.before} before, {one.after} now)" for one in change.retyped]
    told: dict[InputKind, str] = {
        "added": f"New columns: {join_names(change.added, most=MOST_NAMED)}." if change.added else "",
        "removed": f"Columns gone: {join_names(change.removed, most=MOST_NAMED)}." if change.removed else "",
        "retyped": f"Columns of another type: {join_names(types, most=MOST_NAMED)}." if types else "",
    }
    return {kind: sentence for kind, sentence in told.items() if sentence}


def _explain_failure(told: Mapping[InputKind, str], refused: list[InputKind]) -> str:
    sentences = " ".join(told[kind] for kind in refused)
    mends = ", ".join(_MENDS[kind] for kind in refused)
    kinds = join_names([f'"{kind}"' for kind in refused])
    return (
        f"{sentences} Whoever asks the model must then ask in another way: "
        f"{mends}, or add {kinds} to allow under [gate.inputs]."
    )
