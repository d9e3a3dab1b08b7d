from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.desk_in_memory import candidate_probability, champion_probability
from tests.portal.test_portal_reviews import shown


def widget(app: AppTest, kind: str, label: str) -> Any:
    """Return the widget whose label is *label*, whatever its unit and marks."""
    return next(
        each for each in app.get(kind) if getattr(each, "label", "").replace("\\", "").split(" ")[0] == label
    )


def start_from(app: AppTest, place: int) -> AppTest:
    return app.selectbox(key="start-flight-delays-7").select_index(place).run()


def open_pane(app: AppTest, key: str) -> AppTest:
    """Open an expander whose content runs only then."""
    app.session_state[key] = True
    return app.run()


def ask(app: AppTest) -> AppTest:
    return app.button(key="try-it").click().run()


def test_one_click_asks_both_models(open_try_it: OpenPage) -> None:
    """The typical row's two answers are the models' own, side by side with the difference in words."""
    app = ask(open_try_it("passing"))

    row = {"distance": 870, "carrier": "UA"}
    own, other = candidate_probability(row), champion_probability(row)
    assert not app.exception
    percents = [f"{share * 100:.1f} %" for share in (own, other)]
    assert [metric.value.replace("\\", "") for metric in app.metric] == percents
    assert f"The candidate's probability of 1 is {abs(own - other) * 100:.1f} points" in shown(app)


def test_the_preview_has_an_address(open_try_it: OpenPage) -> None:
    """Who would rather have a program ask the candidate reads where it is."""
    app = open_pane(open_try_it("passing"), "sharing")

    assert "http://127.0.0.1:8502/p/flight-delays/7" in [block.value for block in app.code]


def test_changed_field_changes_the_answers(open_try_it: OpenPage) -> None:
    """What is typed into the form is what the models are asked."""
    app = open_try_it("passing")
    widget(app, "number_input", "distance").set_value(4000)
    app = ask(app)

    expected = candidate_probability({"distance": 4000, "carrier": "UA"})
    assert app.metric[0].value.replace("\\", "") == f"{expected * 100:.1f} %"
    assert "They disagree: candidate 1, champion 0." in shown(app)


def test_starting_from_an_example_fills_the_form(open_try_it: OpenPage) -> None:
    """Choosing one of the holdout's rows fills the form with it and forgets the old answers."""
    app = start_from(ask(open_try_it("passing")), 1)

    assert widget(app, "number_input", "distance").value == 4983
    assert widget(app, "checkbox", "weekend").value is True
    assert not app.metric


def test_refused_row_is_a_sentence(open_try_it: OpenPage) -> None:
    """An answer that is an error shows the model's own sentence in its place."""
    app = ask(start_from(open_try_it("passing"), 3))

    assert not app.exception
    assert "row 0: carrier is '??', expected one of UA, HA" in shown(app)
    assert "one of the two did not answer" in shown(app)


def test_needed_field_left_empty_is_named(open_try_it: OpenPage) -> None:
    """A field that the model needs is asked for before any model is."""
    app = ask(start_from(open_try_it("passing"), 4))

    assert "Fill in distance." in shown(app)
    assert desk_in_use().asked == []


def test_optional_field_may_be_empty(open_try_it: OpenPage) -> None:
    """A nullable feature left empty is sent as null, and both models answer."""
    app = ask(start_from(open_try_it("passing"), 2))

    row = {
        "distance": 870,
        "wind": None,
        "carrier": "UA",
        "weekend": False,
        "note": None,
        "scheduled": "2013-11-05T14:30:00",
    }
    assert desk_in_use().asked == [row, row]
    assert len(app.metric) == 2


def test_without_champion_only_the_candidate_is_asked(open_try_it: OpenPage) -> None:
    """With nothing in production the form says so and one answer is shown."""
    app = open_try_it("first_model")
    assert "No model is in production, so only the candidate is asked." in shown(app)

    assert len(ask(app).metric) == 1


def test_regression_answers_are_numbers(open_try_it: OpenPage) -> None:
    """A regression's answers are its values, and the difference is said in the target's units."""
    app = ask(open_try_it("regression"))

    assert [metric.value.replace("\\", "") for metric in app.metric] == ["14", "12.50"]
    assert "The candidate's answer differs by +1.50 (+12.0 %)." in shown(app)


def test_a_sleeping_preview_is_asked(open_try_it: OpenPage) -> None:
    """A preview that sleeps has its form, and asking both models wakes them."""
    app = open_try_it("preview_asleep")
    assert "it wakes when you ask" in shown(app)

    app = ask(app)

    assert not app.exception
    assert [button.label for button in app.button if button.key == "try-it"] == ["Ask both models"]
    assert len(app.metric) == 2


@pytest.mark.parametrize(
    ("desk", "sentence"),
    [
        pytest.param("preview_failed", "The preview did not start.", id="failed"),
        pytest.param("preview_starting", "The preview is starting.", id="starting"),
        pytest.param("preview_absent", "This pull request has no preview.", id="absent"),
        pytest.param("dead_host", "The preview host does not run; start it with `greenroom", id="host down"),
    ],
)
def test_preview_that_cannot_answer_is_shown_for_what_it_is(
    open_try_it: OpenPage, desk: str, sentence: str
) -> None:
    """Without an awake preview there is no form, and the page says what is the matter."""
    app = open_try_it(desk)

    assert not app.exception
    assert sentence in shown(app)
    assert not [button for button in app.button if button.key == "try-it"]


def test_failed_preview_shows_its_log(open_try_it: OpenPage) -> None:
    """A preview that failed shows the lines that it wrote."""
    assert open_try_it("preview_failed").code[0].value == "ImportError: libgomp.so.1"


def test_report_is_read_once(open_try_it: OpenPage) -> None:
    """Reruns of the page read the report from memory, not from the desk."""
    app = open_try_it("passing")
    ask(app).run()

    desk = desk_in_use()
    assert desk.reads == [7]
