"""The check run: how a verdict becomes a conclusion, and where failed rules are shown."""

from __future__ import annotations

import pytest

from greenroom_pipeline.publishing.gate_output import (
    MOST,
    MOST_ANNOTATIONS,
    annotate,
    describe_failure,
    describe_report,
    describe_start,
    describe_untouched,
)
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import read_gate
from greenroom_pipeline.publishing.rule_lines import find_line
from greenroom_pipeline.report import CheckResult, Outcome, Override
from greenroom_pipeline.settings import GateTable
from tests.reports import CHECKS, HOSTILE, LARGE, SETTINGS, make_report

STRICT = GateTable(on_inconclusive="fail")
LINKS = Links(job="https://github.com/ada/flights/actions/runs/1")


def check(code: str, outcome: Outcome = "failed", metric: str | None = None) -> CheckResult:
    return CheckResult(code=code, title=f"Title of {code}", outcome=outcome, reason="Why.", metric=metric)


@pytest.mark.parametrize(
    ("outcome", "gate", "held", "state"),
    [
        ("passed", STRICT, False, "success"),
        ("passed", STRICT, True, "action_required"),
        ("inconclusive", GateTable(), False, "success"),
        ("inconclusive", GateTable(), True, "action_required"),
        ("inconclusive", STRICT, False, "failure"),
        ("inconclusive", STRICT, True, "failure"),
        ("failed", GateTable(), False, "failure"),
        ("failed", GateTable(), True, "failure"),
    ],
)
def test_the_verdict_decides(outcome: Outcome, gate: GateTable, held: bool, state: str) -> None:
    """Nothing that is open counts as passed under `fail`, nor does what waits for a maintainer."""
    said = describe_report(make_report(checks=[check("GR102", outcome)]), links=LINKS, gate=gate, held=held)

    assert said.state == state
    assert [button.identifier for button in said.buttons] == (["preview:555555555555"] if held else [])
    assert all(len(b.label) <= 20 and len(b.description) <= 40 for b in said.buttons)


@pytest.mark.parametrize(
    ("gate", "held", "overridden", "state"),
    [
        (GateTable(), False, False, "action_required"),
        (GateTable(), True, False, "action_required"),
        (STRICT, False, False, "failure"),
        (GateTable(), False, True, "success"),
        (STRICT, False, True, "success"),
    ],
)
def test_what_only_a_fork_has_said_does_not_pass(
    gate: GateTable, held: bool, overridden: bool, state: str
) -> None:
    """An open GR304 waits whatever `on_inconclusive` says, until someone has put their name to it."""
    word = (
        Override(reason="Run here by hand", by="bob", at="2026-01-01T00:00:00+00:00") if overridden else None
    )
    foreign = check("GR304", "inconclusive").model_copy(update={"override": word})
    report = make_report(checks=[check("GR102", "passed"), foreign])
    said = describe_report(report, links=LINKS, gate=gate, held=held)

    assert said.state == state
    assert ("waits for a maintainer" in said.title) == (not overridden)


def test_it_says_what_the_comment_says() -> None:
    """The title is the sentence, the summary what people decide by, and the text has the details."""
    report = make_report()
    said = describe_report(report, links=LINKS, gate=read_gate(SETTINGS))

    assert said.title == f"Fail: {report.summary}"
    assert "#### Slices that got worse" in said.summary
    assert "compute time" in said.text


def test_it_fits() -> None:
    """Summary and text keep the limit, and the title is one plain line, whatever is in the report."""
    said = describe_report(LARGE.model_copy(update={"summary": HOSTILE * 9}), links=LINKS, gate=GateTable())

    assert max(len(said.summary), len(said.text)) <= MOST
    assert len(said.title) <= 200
    assert "\n" not in said.title
    assert "Cut to fit" in said.text


RULES = """\
[gate]  # all of them
confidence = 0.9

[[gate.check]]
metric = "rmse"  # in minutes
max_loss = 1

[[ gate . check ]]
"metric" = 'roc_auc'
min = 0.7
max_loss = 0.01

[[gate.check]]
max_loss_slices = 0.05
metric = "roc_auc"
[gate.flips]
max_broken = 0.02
"""


@pytest.mark.parametrize(
    ("code", "metric", "line"),
    [
        ("GR101", "roc_auc", 10),
        ("GR102", "roc_auc", 11),
        ("GR103", "roc_auc", 14),
        ("GR102", "rmse", 6),
        ("GR103", "rmse", 4),
        ("GR105", None, 16),
        ("GR102", "f1", None),
        ("GR106", None, None),
        ("GR201", None, None),
    ],
)
def test_a_rule_is_found_where_it_stands(code: str, metric: str | None, line: int | None) -> None:
    """The limit's own line in the table of the check's metric, else the table's, else none."""
    assert find_line(RULES, check(code, metric=metric)) == line


def test_failed_rules_are_shown_beside_their_lines() -> None:
    """What failed and counts is annotated in the project's greenroom.toml; what someone overrode is not."""
    overridden = CHECKS[2].model_copy(
        update={"override": Override(reason="known", by="ada", at="2026-01-01T00:00:00Z")}
    )
    said = describe_report(
        make_report(), links=LINKS, gate=GateTable(), settings=SETTINGS, path="models/greenroom.toml"
    )

    (found,) = said.annotations
    assert (found.path, found.line, found.level) == ("models/greenroom.toml", 18, "failure")
    assert SETTINGS.split("\n")[17] == "max_loss_slices = 0.02"
    assert found.title == "GR103 Loss on slices: ROC AUC"
    assert annotate(make_report(checks=[overridden]), SETTINGS, path="greenroom.toml") == []


def test_annotations_are_not_too_many() -> None:
    """A forge takes so many at once, of so many characters."""
    many = make_report(checks=[CHECKS[2].model_copy(update={"reason": "x" * 9_000})] * 80)
    found = annotate(many, SETTINGS, path="greenroom.toml")

    assert len(found) == MOST_ANNOTATIONS
    assert len(found[0].message) <= 2_000


def test_other_ends_have_a_state() -> None:
    """A start runs, a failure fails with its log as code, and a change without any bearing passes."""
    failed = describe_failure(links=LINKS, step="train", reason="it broke", log="```\nx")

    assert describe_start(LINKS).state == "running"
    assert (failed.state, failed.title) == ("failure", "No verdict: train failed")
    assert failed.text.startswith("````text")
    assert describe_untouched().state == "success"
