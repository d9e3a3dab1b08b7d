"""The comment: what it says, that nothing in it takes effect, and what goes where there is no room."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.cases import Pins
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.foreign_evidence import ForeignEvidence
from greenroom_pipeline.commands.command import Addressee
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.publishing.answered import MOST, ROOM, Answer, insert_answer, write_footer
from greenroom_pipeline.publishing.comment import (
    Stamp,
    read_stamp,
    tell_fork,
    write_comment,
    write_failure,
    write_held,
    write_untouched,
)
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import read_gate
from greenroom_pipeline.report import CheckResult, Lineage, Override, Preview, Report, Timing
from greenroom_pipeline.settings import GateTable
from tests.pinned import result as make_result
from tests.rendering import Page, find_late, read_page
from tests.reports import CHECKS, HOSTILE, LARGE, METRICS, SETTINGS, SHA, make_report, measure

GOLDEN = Path(__file__).parents[1] / "golden"
STAMP = Stamp(SHA, 12)
LINKS = Links(
    review="https://greenroom.example.com/review?project=flight-delays&pull=7",
    run="https://mlflow.example.com/#/experiments/1/runs/55555555555555555555555555555555",
    job="https://github.com/ada/flights/actions/runs/1234",
)
GATE = read_gate(SETTINGS)
FLIGHTS = Addressee("flight-delays", commands=("rerun", "keep-awake", "explain", "override"))
FOOTER = write_footer(FLIGHTS)
LOG = """Traceback (most recent call last):
  File "train.py", line 12, in <module>
    frame = pd.read_parquet("data/train.parquet")
FileNotFoundError: [Errno 2] No such file or directory: 'data/train.parquet'
"""


def write(report: Report, *, links: Links = LINKS, notes: tuple[str, ...] = (), most: int = MOST) -> str:
    return write_comment(report, STAMP, links=links, gate=GATE, notes=notes, footer=FOOTER, most=most)


def make_hostile(value: str) -> Report:
    """Return a report in which a stranger has named whatever a stranger may name."""
    report = make_report(
        project=value,
        metrics=[
            measure(value, value, 0.7, -0.1, 0.05),
            measure(value, value, 0.7, -0.1, 0.05, slice=value, p_value=1e-9),
            measure(value, value, 0.7, 0.1, 0.05, slice=value, p_value=1e-9),
        ],
        checks=[
            CheckResult(code=value, title=value, outcome="failed", reason=value, metric=value),
            CheckResult(code="GR103", title=value, outcome="inconclusive", reason=value, metric=value),
            CheckResult(
                code="GR105",
                title=value,
                outcome="failed",
                reason=value,
                override=Override(reason=value, by=value, at="2026-01-01T00:00:00Z"),
            ),
            CheckResult(code=value, title=value, outcome="passed", reason=value),
        ],
        preview=Preview(slot=value, bento=value, state="stopped", log=value),
    )
    assert report.champion is not None
    return report.model_copy(
        update={
            "summary": value,
            "champion": report.champion.model_copy(update={"version": value, "sha": value}),
            "candidate": report.candidate.model_copy(update={"sha": value}),
            "timings": [Timing(step=value, seconds=1)],
            "cases": [
                make_result(value, expected=value, answered=value, champion=value, reason=value, by=value)
            ],
            "pins": Pins(taken=[value], changed=[value]),
            "lineage": Lineage(
                sha=SHA,
                branch=value,
                pull=7,
                fingerprint=value,
                parameters={value: value, f"{value}2": value},
            ),
        }
    )


def compose_first() -> str:
    """Return the comment of a first model, which nothing is compared with."""
    report = make_report(
        metrics=[
            each.model_copy(update={"champion": None, "difference": None, "interval": None, "p_value": None})
            for each in METRICS
            if each.slice is None
        ],
        checks=[CHECKS[0]],
    )
    observed = report.observations.model_copy(update={"flips": None, "shifts": [], "calibration": []})
    summary = "No champion yet: ROC AUC is 0.731, and every check that applies passed."
    return write(
        report.model_copy(update={"champion": None, "observations": observed, "summary": summary}),
        links=Links(job=LINKS.job),
    )


def compose_stopped() -> str:
    preview = Preview(slot="7", bento="b:1", state="failed", log=LOG)
    failed = CheckResult(
        code="GR201", title="The preview answers", outcome="failed", reason="It did not come up within 120 s."
    )
    return write(make_report(checks=[*CHECKS[:2], failed], preview=preview))


def compose_passed() -> str:
    """Return the comment of a fork's report that passed, whose preview waits, after two commands."""
    report = make_report(
        metrics=[each for each in METRICS if each.slice is None or each.slice.value != "F9"],
        checks=[check for check in CHECKS if check.outcome == "passed"],
    )
    text = write(report, links=Links(job=LINKS.job), notes=(write_held(report, SHA, FLIGHTS),))
    text = insert_answer(
        text, Answer("ada", "keep-awake", "The preview has not been started yet."), footer=FOOTER
    )
    return insert_answer(
        text, Answer("eve", "rerun", "@eve may not write to this repository."), footer=FOOTER
    )


def compose_cases() -> str:
    """Return the comment of a candidate that breaks more pinned cases than are listed, and takes one away."""
    failed = CheckResult(
        code="GR203",
        title="Pinned cases hold",
        outcome="failed",
        reason="12 of 13 pinned cases break, the first is “HA 17 in winter”: expected answers late, answered on time.",
    )
    report = make_report(checks=[*CHECKS[:2], failed])
    broken = [make_result("HA 17 in winter"), *(make_result(f"case {place}") for place in range(11))]
    cases = [*broken, make_result("holds", "met")]
    return write(report.model_copy(update={"cases": cases, "pins": Pins(taken=["fog at SFO"])}))


GOLDENS: dict[str, Callable[[], str]] = {
    "comment": lambda: write(make_report()),
    "comment_first": compose_first,
    "comment_preview_failed": compose_stopped,
    "comment_held": compose_passed,
    "comment_cases": compose_cases,
    "comment_failure": lambda: write_failure(
        STAMP,
        project="flight-delays",
        links=Links(job=LINKS.job),
        step="train",
        reason="training by 'uv run python train.py' failed with exit status 1; it said: FileNotFoundError",
        log=LOG,
        footer=FOOTER,
    ),
    "comment_untouched": lambda: write_untouched(
        STAMP, project="flight-delays", before="what stood there", footer=FOOTER
    ),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_what_people_read_is_as_agreed(name: str) -> None:
    """The comment equals its golden file; `GREENROOM_UPDATE_GOLDEN=1 pytest` writes it anew."""
    shown, file = GOLDENS[name]() + "\n", GOLDEN / f"{name}.md"
    if os.environ.get("GREENROOM_UPDATE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")
    assert len(re.findall(r"\S", shown.splitlines()[1])) > 10


def test_the_first_line_says_verdict_and_reason() -> None:
    """Below what nobody sees, one line says how it ended and why; the addresses come next."""
    links = replace(LINKS, query="https://greenroom.example.com/ask?pull=7")
    stamp, first, _, line, *_ = write(make_report(), links=links).splitlines()

    assert read_stamp(stamp) == STAMP
    assert first == f"### ❌ Fail: {make_report().summary}"
    assert read_page(line).addresses == list(vars(links).values())


def test_every_check_is_told_once() -> None:
    """Those that did not pass are open, the others folded; none is left out and none is there twice."""
    text = write(make_report())

    assert all(text.count(f"| {check.code} ") == 1 for check in CHECKS)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "ftp://example.com",
        "//example.com",
        "https://a b",
        "https://x/<y>",
        "https://",
        "https://user:secret@example.com",
        "https://example.com/\u202e",
        "https://example.com/" + "a" * 3_000,
    ],
)
def test_only_addresses_that_lead_somewhere_become_links(address: str) -> None:
    """Other schemes, credentials and what could end the link are left out, and the rest of the line stays."""
    text = write(make_report(), links=Links(review=address, job=LINKS.job))

    assert read_page(text).addresses == [LINKS.job]


def shape(text: str) -> tuple[list[str], list[str], list[str]]:
    page = read_page(text)
    return page.elements, page.addresses, page.remarks


@pytest.mark.parametrize("part", [HOSTILE, *HOSTILE.split(" "), *re.findall(r"[\r\n]+[^\r\n]+", HOSTILE)])
def test_nothing_that_a_stranger_named_takes_effect(part: str) -> None:
    """GitHub's own reader makes the same elements of a hostile report as of a tame one, and finds no mention."""
    tame, wild = write(make_hostile("x")), write(make_hostile(part))

    assert shape(wild) == shape(tame)
    assert find_late(" ".join(read_page(wild).prose)) == []
    assert not any(mark in wild for mark in "\u202e\u2066\u061c\U000e0041\x1b\udcff")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=60))
def test_no_text_changes_the_form(value: str) -> None:
    """Whatever characters a name has, the comment has the elements that it has anyway, and can be sent."""
    wild = write(make_hostile(value))

    assert shape(wild) == shape(write(make_hostile("x")))
    wild.encode()


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("`~ \n\r\t<!->x/[]()#@\\\x1b"), max_size=200))
def test_no_log_leaves_its_block(log: str) -> None:
    """What a process wrote is shown as code, whatever it wrote, and ends nothing around it."""

    def show(text: str) -> Page:
        return read_page(write_failure(STAMP, project="p", links=Links(), step="train", reason="r", log=text))

    wild, tame = show(f"x{log}\nx"), show("x")

    assert wild.elements == tame.elements
    assert wild.remarks == tame.remarks == [str(STAMP).strip("<>!- ")]


@pytest.mark.parametrize("most", [12_000, 17_431, 29_876, MOST])
def test_it_fits_at_every_limit(most: int) -> None:
    """It is never longer than allowed; verdict, links and footer stay, tables end at a row, and what went is named."""
    text = write(LARGE, most=most)
    page = read_page(text)

    assert len(text) <= most - ROOM
    assert text.startswith(f"{STAMP}\n### ❌ Fail: Worse for carrier F9")
    assert page.addresses == [LINKS.review, LINKS.run, LINKS.job]
    assert text.endswith(FOOTER)
    assert "_Cut to fit: " in text
    assert page.elements.count("details") == page.elements.count("/details")
    assert all(line.endswith(" |") for line in text.splitlines() if line.startswith("|"))


def test_the_least_important_goes_first() -> None:
    """Parameters go before slices, and slices before what people decide by."""
    text = write(LARGE)

    assert "#### Checks that did not pass" in text
    assert "more, among all slices below." in text
    assert "of compute time" in text
    assert re.search(r"_Cut to fit: \d+ rows of all slices, calibration and parameters\._", text)
    assert "<summary>300 parameters</summary>" not in text


def test_what_fits_is_not_cut() -> None:
    """A usual report says nothing of being cut, though room is left for answers."""
    assert "Cut to fit" not in write(make_report())


def test_an_answer_stands_in_the_comment() -> None:
    """Who asked, what, and the answer; the last five are kept, and a new report keeps them."""
    text = write(make_report())
    for number in range(7):
        text = insert_answer(
            f"<!-- greenroom:flights -->\n{text}",
            Answer("ada", f"explain GR10{number}", "Why."),
            footer=FOOTER,
        )
    after = write_comment(make_report(), STAMP, links=LINKS, gate=GATE, before=text, footer=FOOTER)
    asked = [line for line in after.splitlines() if line.startswith("- **ada** asked")]

    assert [re.findall(r"GR\d+", line) for line in asked] == [[f"GR10{number}"] for number in range(2, 7)]
    assert after.count("#### Asked and answered") == 1
    assert after.endswith(FOOTER)
    assert read_stamp(after) == STAMP
    assert text == after


def test_the_footer_offers_what_is_answered() -> None:
    """With the project's name where commands need it, and in the place of what was offered before; or nothing."""
    below = Addressee("fares", named=True, commands=("rerun", "explain"))
    text = insert_answer(write(make_report()), Answer("ada", "rerun", "It runs."), footer=write_footer(below))

    assert text.endswith(
        "\n\n<sub>Ask in a comment: `/greenroom rerun fares` · `/greenroom explain fares CHECK`</sub>"
    )
    assert text.count("<sub>Ask") == 1
    assert f"`/greenroom preview fares {SHA}`" in write_held(make_report(), SHA, below)
    assert write_footer(Addressee("fares")) == ""
    assert "<sub>Ask" not in insert_answer(text, Answer("ada", "rerun", "It runs."))


def test_what_was_not_done_takes_no_place() -> None:
    """The newest answer that says no stands beside those of what was done, and goes first where there is no room."""
    text = write(make_report())
    for number in range(7):
        text = insert_answer(text, Answer("ada", f"explain GR10{number}", "Why."), footer=FOOTER)
        text = insert_answer(
            text, Answer("bob", f"explain GR90{number}", "There is none.", done=False), footer=FOOTER
        )
    tight = insert_answer(text, Answer("ada", "rerun", "It runs."), footer=FOOTER, most=len(text) - 20)

    assert re.findall(r"GR\d+", text.partition("#### Asked")[2]) == [
        *(f"GR10{number}" for number in range(2, 7)),
        "GR906",
    ]
    assert re.findall(r"(rerun_|GR\d+)", tight.partition("#### Asked")[2].partition("<sub>")[0]) == [
        *(f"GR10{number}" for number in range(3, 7)),
        "rerun_",
    ]


@pytest.mark.parametrize("length", [0, MOST // 2, MOST - 2_000, 3 * MOST])
def test_an_answer_fits_whatever_stood_there(length: int) -> None:
    """Also in a comment that someone has edited into anything: it has the answer, and can be posted."""
    body = "edited\n" * (length // 7)
    for _ in range(6):
        body = insert_answer(
            body, Answer("ada", "explain " + "&" * 500, HOSTILE + "&" * 5_000), footer=FOOTER
        )

    assert len(body) <= MOST
    assert body.count("- **ada** asked") >= 1
    assert body.endswith(FOOTER)
    assert find_late(" ".join(read_page(body).prose)) == []


def test_a_comment_without_a_stamp_has_none() -> None:
    """Someone may have edited it away, or written another further down."""
    assert read_stamp("### Pass") is None
    assert read_stamp(f"a\nb\n{STAMP}") is None
    assert read_stamp(f"a\u2028{STAMP}\x0crest") is None
    assert read_stamp(f"<!-- greenroom:flights -->\n{STAMP}\nrest") == STAMP


def test_a_fork_is_told_of() -> None:
    """A fork's report says what was worked out here and what is its word alone, and how its preview starts."""
    foreign = ForeignEvidence().run(
        GateTable(), Case(Evaluation("binary", True, ()), foreign="its holdout is another")
    )
    judged, unjudged = make_report(), make_report(checks=foreign)

    assert "worked out here" in write_held(judged, SHA, FLIGHTS)
    assert "what its own run says" in write_held(unjudged, SHA, FLIGHTS)
    assert tell_fork(judged) in write_held(judged, SHA, FLIGHTS)
    assert f"/greenroom preview {SHA}" in write_held(judged, SHA, FLIGHTS)
