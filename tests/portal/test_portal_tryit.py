from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from greenroom_pipeline.desk import PreviewStatus
from greenroom_portal.answers import name_answer
from greenroom_portal.readiness import Readiness, tell_wait
from greenroom_portal.selection import decode_row, encode_row
from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.desk_in_memory import candidate_probability, champion_probability, make_report
from tests.portal.test_portal_queries import ask, open_pane, widget
from tests.portal.test_portal_reviews import shown
from tests.portal.tryit_desks import ROW, WORDS

START = "start-flight-delays-7"


def field_names(app: AppTest) -> list[str]:
    return [each.label.replace("\\", "").split(" ")[0] for each in app.number_input]


def upload(app: AppTest, text: str) -> AppTest:
    app = open_pane(app, "batch")
    return app.file_uploader[0].set_value(("flights.csv", text.encode(), "text/csv")).run()


def test_the_page_says_which_review_it_is_of(open_try_it: OpenPage) -> None:
    """Title, commit and the way back are there; an address without a review says so."""
    app = open_try_it("passing")

    assert not app.exception
    assert "Add wind and visibility" in shown(app)
    assert "This address names no review." in shown(open_try_it("passing", pull="x"))
    assert "There is no pull request" in shown(open_try_it("passing", pull="99")).replace("\\", "")


@pytest.mark.parametrize(
    ("desk", "sentence"),
    [
        pytest.param("passing", "The preview answers.", id="awake"),
        pytest.param("tryit_desks:waking", "The preview sleeps; it wakes when you ask", id="asleep"),
        pytest.param("tryit_desks:deploying", "There is nothing", id="deploying"),
        pytest.param(
            "tryit_desks:older_commit", "It is of commit 999999999, and the branch is at", id="older"
        ),
        pytest.param(
            "tryit_desks:production_failed", "Production's preview is failed, so only", id="production"
        ),
        pytest.param("preview_absent", "Run `greenroom run` on the branch to make one.", id="absent"),
        pytest.param("dead_host", "The form and what is shared below work without it.", id="host down"),
    ],
)
def test_previews_are_shown_for_what_they_are(open_try_it: OpenPage, desk: str, sentence: str) -> None:
    """Each state of either preview is a sentence that says what it means and what to do."""
    app = open_try_it(desk)

    assert not app.exception
    said = shown(app)
    if desk.endswith("deploying"):
        assert (
            "The preview is being deployed: the run of this commit has not finished, at the step preview"
            in said
        )
        assert "The run of this commit has no report yet" in said
    else:
        assert sentence in said


def test_a_failed_production_shows_its_log(open_try_it: OpenPage) -> None:
    """Production's log is there for who wants it, and the candidate is asked alone."""
    app = open_try_it("tryit_desks:production_failed")

    assert "MemoryError" in [each.value for each in app.code]
    assert [each.label for each in app.button if each.key == "try-it"] == ["Ask the candidate"]


def test_a_preview_that_starts_is_watched_until_it_answers(open_try_it: OpenPage) -> None:
    """While it starts nobody is asked; looked at again, it answers, and the button is there."""
    app = open_try_it("tryit_desks:starting_soon")
    assert "The preview is starting." in shown(app)
    assert not [each for each in app.button if each.key == "try-it"]

    app = app.run()

    assert not app.exception
    assert "The preview answers." in shown(app)
    assert [each.label for each in app.button if each.key == "try-it"] == ["Ask both models"]


def test_an_answer_that_woke_says_so(open_try_it: OpenPage) -> None:
    """The time that waking took is not taken for the model's own."""
    app = ask(open_try_it("tryit_desks:waking"))

    assert "in 3,200 ms, waking included" in shown(app)
    assert "That is slow for one row" in shown(app)
    assert tell_wait(
        Readiness(PreviewStatus("7", "asleep"), PreviewStatus("production", "absent"))
    ).startswith("Waking")


def test_answers_speak_the_project_s_words(open_try_it: OpenPage) -> None:
    """Columns, units and classes are called what the project calls them."""
    app = open_try_it("tryit_desks:worded")
    widget(app, "number_input", "Distance").set_value(4000)
    app = ask(app)

    assert widget(app, "number_input", "Distance").label == r"Distance \(miles\) \*"
    assert "They disagree: candidate late, champion on time." in shown(app)
    assert [each.label for each in app.metric] == ["Probability of late"] * 2
    report = make_report(7).model_copy(update={"words": WORDS})
    assert [name_answer(report, each) for each in ("1", 1.0, 0.5, None)] == ["late", "late", "0.5000", "—"]


def test_what_no_row_of_the_holdout_is_like_is_warned_of(open_try_it: OpenPage) -> None:
    """A value outside the range is a warning, and both models are asked all the same."""
    app = open_try_it("passing")
    widget(app, "number_input", "distance").set_value(9000)
    app = ask(app)

    assert "distance is 9,000; the holdout has 80 to 4,983" in shown(app)
    assert len(app.metric) == 2


def test_a_link_brings_its_row_and_asks_at_once(open_try_it: OpenPage) -> None:
    """An address with a row opens the form filled with it, and where both previews are awake, both answers."""
    app = open_try_it("tryit_desks:worded", row=encode_row(ROW))

    assert not app.exception
    assert str(app.selectbox(key=START).value).startswith("address-")
    assert widget(app, "number_input", "Distance").value == 2475
    assert desk_in_use().asked == [ROW, ROW]
    assert [each.value.replace("\\", "") for each in app.metric] == [
        f"{judge(ROW) * 100:.1f} %" for judge in (candidate_probability, champion_probability)
    ]
    app.run()
    assert len(desk_in_use().asked) == 2


def test_a_link_wakes_nobody(open_try_it: OpenPage) -> None:
    """Where a preview sleeps, an address fills the form and leaves asking to the visitor."""
    app = open_try_it("preview_asleep", row=encode_row(ROW))

    assert widget(app, "number_input", "distance").value == 2475
    assert desk_in_use().asked == []


@pytest.mark.parametrize("row", ["{", '{"distance": [1]}', "[" * 9_000])
def test_a_broken_link_begins_with_the_typical_row(open_try_it: OpenPage, row: str) -> None:
    """An address whose row cannot be read says so, and the form is there."""
    app = open_try_it("passing", row=row)

    assert not app.exception
    assert "This address holds no row that can be read" in shown(app)
    assert widget(app, "number_input", "distance").value == 870
    assert desk_in_use().asked == []


def test_what_was_asked_is_in_the_address(open_try_it: OpenPage) -> None:
    """After asking, the page's own address holds the row, and opens the same form again."""
    app = open_try_it("passing")
    widget(app, "number_input", "distance").set_value(1234)
    app = ask(app)

    given = app.query_params["row"]
    row = decode_row(given if isinstance(given, str) else given[0])
    assert row is not None
    assert row == desk_in_use().asked[0]
    assert row["distance"] == 1234
    assert app.selectbox(key=START).value == "typical"


def test_a_disagreement_is_a_start(open_try_it: OpenPage) -> None:
    """The report's disagreements are offered with both answers, and bring the columns that the models take."""
    app = open_try_it("tryit_desks:worded")
    labels = app.selectbox(key=START).options

    assert "Disagreement 2: holdout row 313, candidate late, champion on time" in labels
    app = ask(app.selectbox(key=START).select_index(len(labels) - 1).run())
    assert desk_in_use().asked == [{**ROW, "distance": 2476}] * 2


def test_a_random_row_is_one_of_the_holdout(open_try_it: OpenPage) -> None:
    """A drawn row fills the form, and stays among the starts."""
    app = open_try_it("tryit_desks:wide")
    app.button(key="start-random").click().run()

    assert not app.exception
    assert app.selectbox(key=START).value == "kept-1"
    assert widget(app, "number_input", "Distance").value == 4983


def test_a_random_row_comes_from_the_whole_holdout(open_try_it: OpenPage) -> None:
    """Where the holdout's rows are at hand a row is drawn from all of them, not from the few of the profile."""
    app = open_try_it("rows_desks:flights")
    app.button(key="start-random").click().run()
    app.button(key="start-random").click().run()

    assert not app.exception
    assert app.selectbox(key=START).value == "kept-2"
    drawn = app.session_state[f"kept-{START.removeprefix('start-')}"]
    assert [set(start.row) for start in drawn] == [set(desk_in_use().terms[7].features)] * 2


def test_a_pasted_row_fills_the_form(open_try_it: OpenPage) -> None:
    """What is pasted fills its columns, the others are as in the typical row, and both facts are told."""
    app = open_try_it("passing")
    app.text_area(key="pasted-flight-delays-7").set_value("distance\tgate\n1500\tB12")
    app.button(key="paste-row").click().run()

    said = shown(app).replace("\\", "")
    assert widget(app, "number_input", "distance").value == 1500
    assert widget(app, "number_input", "wind").value == 9.2
    assert "Not taken: gate." in said
    assert "As in the typical row: wind, carrier" in said


def test_a_row_that_cannot_be_read_leaves_the_form(open_try_it: OpenPage) -> None:
    """A sentence names the column, and the form stays as it was."""
    app = open_try_it("passing")
    app.text_area(key="pasted-flight-delays-7").set_value('{"distance": "far"}')
    app.button(key="paste-row").click().run()

    assert "distance is 'far'; expected a whole number." in shown(app).replace("\\", "")
    assert app.selectbox(key=START).value == "typical"


def test_many_columns_come_in_groups(open_try_it: OpenPage) -> None:
    """Of seventy columns one group is shown, a search finds others, and what is filtered away keeps its value."""
    app = open_try_it("tryit_desks:wide")
    assert len(app.number_input) < 15
    widget(app, "number_input", "Distance").set_value(4000).run()

    app.text_input(key="sought-flight-delays-7").set_value("SENSOR_4").run()
    assert field_names(app) == [f"sensor_4{digit}" for digit in range(10)]
    widget(app, "number_input", "sensor_41").set_value(0.9).run()
    app.text_input(key="sought-flight-delays-7").set_value("").run()
    app.toggle(key="differs-flight-delays-7").set_value(True).run()
    assert field_names(app) == ["Distance", "sensor_41"]
    assert widget(app, "number_input", "Distance").value == 4000

    ask(app)
    assert not app.exception
    asked = desk_in_use().asked[0]
    assert (asked["distance"], asked["sensor_41"], asked["sensor_40"]) == (4000, 0.9, 0.5)
    assert len(asked) == 70


def test_a_changed_form_says_that_its_answers_are_older(open_try_it: OpenPage) -> None:
    """Answers stay until the next question, and the page says that the form has gone on."""
    app = ask(open_try_it("passing"))
    assert "The form has changed since" not in shown(app)

    widget(app, "number_input", "distance").set_value(1000).run()

    assert "The form has changed since" in shown(app)


def test_what_if_asks_each_model_once(open_try_it: OpenPage) -> None:
    """Both curves are drawn from one question to each model, and drawn again without another."""
    app = open_pane(open_try_it("tryit_desks:worded"), "what-if")

    assert not app.exception
    asked = desk_in_use().asked
    assert len(asked) == 2 * 41
    assert {row["carrier"] for row in asked} == {"UA"}
    assert "on the candidate says late, the champion from about" in shown(app)
    assert len(app.get("vega_lite_chart")) == 1
    app.run()
    assert len(asked) == 82

    app.selectbox(key="what-if-feature-flight-delays-7").set_value("carrier").run()
    assert len(asked) == 86
    assert "The two agree on the answer whatever Airline is." in shown(app)


def test_what_if_costs_nothing_before_it_is_opened(open_try_it: OpenPage) -> None:
    """Panes that ask models ask nobody while they are closed."""
    open_try_it("passing")

    assert desk_in_use().asked == []


def test_what_if_of_a_refused_row_is_a_sentence(open_try_it: OpenPage) -> None:
    """Where a model refuses, its own sentence stands in the curve's place."""
    app = open_try_it("tryit_desks:refusing", row=encode_row({**ROW, "carrier": "ZZ"}))

    app = open_pane(app, "what-if")

    assert not app.exception
    assert "the model raised ValueError: unknown category" in shown(app).replace("\\", "")


def test_numbers_have_their_curve(open_try_it: OpenPage) -> None:
    """A regression's curve is over its own numbers."""
    app = open_pane(open_try_it("regression"), "what-if")

    assert not app.exception
    assert "the candidate's answer changes by" in shown(app)


def test_sharing_gives_address_curl_and_python(open_try_it: OpenPage) -> None:
    """The row in the form is there as an address, as curl and as Python, also where the host is down."""
    app = open_pane(open_try_it("passing"), "sharing")
    shown_codes = [each.value for each in app.code]
    address, curl, script = (
        next(code for code in shown_codes if part in code) for part in ("/try?", "curl ", "import ")
    )

    assert "/try?project=flight-delays&pull=7&row=%7B%22distance%22%3A870" in address
    assert curl.startswith("curl http://127.0.0.1:8502/p/flight-delays/7/predict")
    assert "'distance': 870," in script
    down = open_pane(open_try_it("dead_host"), "sharing")
    assert not down.exception
    assert "/try?project=flight-delays" in down.code[0].value


FILE = "id,distance,wind,carrier,weekend,scheduled\n" + "".join(
    f"{place:04},{80 + place * 4},9.2,{'ZZ' if place % 400 == 7 else 'HA'},no,2013-11-05T14:30:00\n"
    for place in range(1_200)
)


def test_a_file_is_answered_by_both_models(open_try_it: OpenPage) -> None:
    """Flips are counted as the models answer, rows that a model refuses are told, and the file comes back."""
    app = upload(open_try_it("tryit_desks:refusing"), FILE)
    said = shown(app).replace("\\", "")
    assert "**1,200 rows**, of which 1,200 can be asked." in said
    assert "Kept in the file, and not asked: id." in said
    assert "Not in the file, so asked as empty: note." in said

    app = app.button(key="batch-start").click().run()

    assert not app.exception
    answered: list[dict[str, Any]] = [
        {"distance": 80 + place * 4, "carrier": "HA"} for place in range(1_200) if place % 400 != 7
    ]
    changed = sum(
        (candidate_probability(row) >= 0.5) != (champion_probability(row) >= 0.5) for row in answered
    )
    assert changed > 0
    said = shown(app).replace("\\", "")
    assert f"{changed:,} of 1,197 flights change their answer" in said
    assert "3 rows have no full answer." in said
    (problems,) = [each.value for each in app.dataframe if "Why" in each.value]
    assert sorted(set(problems["Row"])) == [9, 409, 809]
    assert not [each for each in app.button if each.key in ("batch-start", "batch-stop")]


def test_a_file_that_is_left_half_way_can_go_on(open_try_it: OpenPage) -> None:
    """When the host goes away, what was answered stays, the reason is said, and the rest can be asked for."""
    app = upload(open_try_it("tryit_desks:leaving"), FILE.replace("ZZ", "HA"))
    app = app.button(key="batch-start").click().run()

    said = shown(app).replace("\\", "")
    assert not app.exception
    assert "has stopped answering: the preview host has gone" in said
    assert "of 500 flights change their answer" in said
    assert app.button(key="batch-start").label == "Ask both models about the other 700 rows"

    desk_in_use().asked.clear()
    app = app.button(key="batch-start").click().run()
    assert "of 1,000 flights change their answer" in shown(app).replace("\\", "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a,b\n1,2\n", "The file lacks Distance, Airline", id="columns"),
        pytest.param("", "The file has no rows below its first line", id="empty"),
    ],
)
def test_a_file_that_cannot_be_asked_asks_nobody(open_try_it: OpenPage, text: str, sentence: str) -> None:
    """The sentence stands where the button would."""
    app = upload(open_try_it("tryit_desks:worded"), text)

    assert not app.exception
    assert sentence in shown(app).replace("\\", "")
    assert not [each for each in app.button if each.key == "batch-start"]


def test_hostile_texts_break_nothing(open_try_it: OpenPage) -> None:
    """Words, columns, categories, rows of the address and of a file may be anything."""
    app = open_try_it("tryit_desks:hostile_words", row=encode_row({**ROW, "carrier": "<b>", "x": "[a](b)"}))
    for pane in ("what-if", "sharing"):
        app = open_pane(app, pane)
        assert not app.exception
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        [["=x", "distance", "carrier", "weekend", "scheduled"], ["=1", "1", "**b**", "no", "2013-11-05"]]
    )
    app = upload(app, buffer.getvalue())
    app = app.button(key="batch-start").click().run()

    assert not app.exception
