from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from greenroom_pipeline.desk import Replies
from greenroom_pipeline.report import Report
from greenroom_portal.charts.what_if import draw_range, draw_sides
from greenroom_portal.fields import Field, read_fields
from greenroom_portal.what_if import (
    MOST_CATEGORIES,
    Question,
    list_classes,
    select_asked,
    tell_what_if,
    vary,
    what_if_frame,
)
from tests.portal.desk_in_memory import (
    candidate_probability,
    champion_probability,
    make_profile,
    make_report,
)
from tests.portal.tryit_desks import ROW, WORDS

FIELDS = {each.name: each for each in read_fields(make_profile(), WORDS)}
REPORT = make_report(7).model_copy(update={"words": WORDS})


def answer(question: Question, *, champion: bool = False) -> Replies:
    judge = champion_probability if champion else candidate_probability
    shares = [judge(row) for row in question.rows]
    return Replies(
        ["1" if share >= 0.5 else "0" for share in shares],
        [{"0": 1 - share, "1": share} for share in shares],
        0.01,
        {},
    )


def say(question: Question, candidate: list[Any], champion: list[Any], *, report: Report = REPORT) -> str:
    replies = {
        model: Replies(given, None, 0.0, {})
        for model, given in (("candidate", candidate), ("champion", champion))
    }
    return tell_what_if(question, report, what_if_frame(question, report, replies, label=None))


def three(field: Field, values: tuple[Any, ...] = (100, 200, 300)) -> Question:
    return Question(field, ROW, values)


def test_a_number_goes_over_its_range() -> None:
    """About forty values from the least to the greatest of the holdout, and the one in the form among them."""
    question = vary(FIELDS["distance"], ROW)

    assert question.values[0] == 80
    assert question.values[-1] == 4983
    assert ROW["distance"] in question.values
    assert list(question.values) == sorted(set(question.values))
    assert len(question.values) == 41
    assert all(isinstance(value, int) for value in question.values)


def test_everything_else_stays_as_it_is() -> None:
    """Each row that is asked is the form's, but for the one feature."""
    question = vary(FIELDS["carrier"], ROW)

    assert question.rows == [{**ROW, "carrier": "UA"}, {**ROW, "carrier": "HA"}]
    assert question.row == ROW


def test_a_few_far_rows_do_not_squeeze_the_others() -> None:
    """Where nine tenths of the rows lie close together, the curve stays near them; its value in the form is kept."""
    far = Field("x", "number", False, "", low=0, high=1_000_000, middle=(100.0, 300.0))

    values = vary(far, {"x": 900_000}).values

    assert values[0] == 0
    assert values[-2:] == (400.0, 900_000)


@pytest.mark.parametrize(
    ("field", "current", "values"),
    [
        pytest.param(FIELDS["weekend"], None, (False, True), id="boolean"),
        pytest.param(FIELDS["carrier"], "ZZ", ("UA", "HA", "ZZ"), id="a category of one's own"),
        pytest.param(FIELDS["note"], "a", ("a",), id="text"),
        pytest.param(Field("x", "number", False, "", low=3, high=3), 3, (), id="always the same"),
        pytest.param(Field("x", "number", False, ""), 3, (), id="no range"),
        pytest.param(Field("x", "datetime", False, "", low="soon", high="later"), None, (), id="no times"),
        pytest.param(
            Field("x", "number", False, "", integer=True, low=1, high=4), 2, (1, 2, 3, 4), id="few numbers"
        ),
    ],
)
def test_what_can_be_varied(field: Field, current: Any, values: tuple[Any, ...]) -> None:
    """Categories and truth values are all asked, and where there is nothing to vary there is no question."""
    assert vary(field, {field.name: current}).values == values


def test_categories_are_not_endless() -> None:
    """Of many categories the most frequent are asked, and the form's own."""
    many = Field("x", "category", False, "", options=tuple(f"c{place}" for place in range(90)))

    values = vary(many, {"x": "c89"}).values

    assert len(values) == MOST_CATEGORIES
    assert values[-1] == "c89"


def test_times_go_over_their_range() -> None:
    """Times are varied in even steps, and the form's own is among them."""
    values = vary(FIELDS["scheduled"], ROW).values

    assert (values[0], values[-1]) == ("2013-10-01T05:00:00", "2013-12-31T23:59:00")
    assert "2013-12-24T18:05:00" in values
    assert len(values) == 41


def test_the_frame_holds_what_both_models_say() -> None:
    """A row for each model and value: its own probability, its answer in people's words, the current one marked."""
    question = vary(FIELDS["distance"], ROW)
    replies = {"candidate": answer(question), "champion": answer(question, champion=True)}

    frame = what_if_frame(question, REPORT, replies, label="1")

    assert len(frame) == 82
    own = frame[frame["model"] == "candidate"]
    expected = [candidate_probability(row) for row in question.rows]
    assert own["y"].tolist() == expected
    assert own["answer"].tolist() == ["late" if share >= 0.5 else "on time" for share in expected]
    assert own.loc[own["current"], "value"].tolist() == [2475]
    assert list_classes(list(replies.values())) == ["0", "1"]


@pytest.mark.parametrize(
    ("candidate", "champion", "sentence"),
    [
        pytest.param(
            "011",
            "001",
            "From about 200 miles on the candidate says late, the champion from about 300 miles on.",
        ),
        pytest.param("011", "011", "From about 200 miles on both models say late."),
        pytest.param(
            "000", "000", "The candidate says on time throughout. The champion says on time throughout."
        ),
        pytest.param(
            "011",
            "100",
            "The candidate says on time at first; from about 200 miles on it says late. "
            "The champion says late at first; from about 200 miles on it says on time.",
        ),
        pytest.param(
            "010",
            "000",
            "The candidate says on time at first; from about 200 miles on it says late, "
            "from about 300 miles on it says on time. The champion says on time throughout.",
        ),
    ],
)
def test_turns_are_said_in_a_sentence(candidate: str, champion: str, sentence: str) -> None:
    """Where the answers change is said with the unit, in one sentence where both turn the same way."""
    assert say(three(FIELDS["distance"]), list(candidate), list(champion)) == sentence


def test_many_turns_are_counted() -> None:
    """An answer that goes to and fro is not told turn by turn."""
    question = three(FIELDS["distance"], tuple(range(6)))

    assert say(question, list("010101"), list("000000")).startswith(
        "The candidate changes its answer 5 times."
    )


def test_categories_are_said_by_name() -> None:
    """Among categories the sentence names those on which the models disagree."""
    question = three(FIELDS["carrier"], ("UA", "HA", "DL"))

    assert say(question, list("010"), list("000")) == "The two disagree for HA, of 3 values of Airline."
    assert say(question, list("010"), list("010")) == "The two agree on the answer whatever Airline is."
    alone = {"candidate": Replies(list("010"), None, 0.0, {})}
    frame = what_if_frame(question, REPORT, alone, label=None)
    assert tell_what_if(question, REPORT, frame) == "The candidate says on time for UA, DL; late for HA."


def test_categories_that_look_alike_are_told_apart() -> None:
    """Two values may be shown with the same characters, and have an answer each."""
    field = Field(name="note", kind="category", nullable=True, help="", options=("a", "a ", "b"))
    question = vary(field, {"note": "b"})

    assert say(question, list("010"), list("000")) == "The two disagree for a, of 3 values of note."


def test_numbers_are_said_by_their_ends() -> None:
    """A regression's sentence says how far each model's answer goes."""
    report = make_report(7).model_copy(update={"task": "regression", "words": WORDS})

    assert say(three(FIELDS["distance"]), [3.0, 5.0, 9.0], [4.0, 4.0, 8.0], report=report) == (
        "From 100 to 300 miles the candidate's answer changes by +6.00, from 3.000 to 9.000. "
        "From 100 to 300 miles the champion's answer changes by +4.00, from 4.000 to 8.000."
    )
    assert say(three(FIELDS["carrier"], ("UA", "HA")), [3.0, 5.0], [4.0, 2.0], report=report) == (
        "The candidate answers least for UA, 3.000, and most for HA, 5.000. "
        "The champion answers least for HA, 2.000, and most for UA, 4.000."
    )


def test_who_did_not_answer_has_no_curve() -> None:
    """A model that refused leaves the other's curve alone, and nobody's answers leave no sentence."""
    question = vary(FIELDS["distance"], ROW)
    refused = Replies([], None, 0.0, {}, error="no")

    answered = select_asked({"candidate": answer(question), "champion": refused})

    assert list(answered) == ["candidate"]
    assert tell_what_if(question, REPORT, what_if_frame(question, REPORT, {}, label=None)) == ""


def frames() -> dict[str, pd.DataFrame]:
    questions = {name: vary(FIELDS[name], ROW) for name in ("distance", "carrier")}
    return {
        name: what_if_frame(
            question,
            REPORT,
            {"candidate": answer(question), "champion": answer(question, champion=True)},
            label="1",
        )
        for name, question in questions.items()
    }


@pytest.mark.parametrize("name", ["chart_what_if_range", "chart_what_if_sides"])
def test_chart_is_as_agreed(name: str, golden: Path) -> None:
    """The chart's specification equals its golden file; `GREENROOM_UPDATE_GOLDEN=1 pytest` writes it anew."""
    found, y = frames(), "Probability of late"
    if name.endswith("range"):
        chart = draw_range(found["distance"], title="Distance (miles)", y=y, share=True, time=False)
    else:
        chart = draw_sides(found["carrier"], title="Airline", y=y, share=True)
    drawn = chart.to_dict()
    drawn.pop("$schema")
    file = golden / f"{name}.json"
    if os.environ.get("GREENROOM_UPDATE_GOLDEN"):
        text = json.dumps(drawn, indent=1, sort_keys=True, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8")

    assert json.loads(file.read_text(encoding="utf-8")) == drawn
