"""Pinned cases on the review page, and the dialog that pins one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from greenroom_pipeline.desk import Reply
from greenroom_portal.pins import list_kinds, list_labels, suggest_percent, suggest_range, tell_now
from greenroom_portal.tables.cases import case_frame, shorten_row
from tests.pinned import expect, result
from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.desk_in_memory import HOSTILE, make_report
from tests.portal.test_portal_reviews import shown

OpenDialog: TypeAlias = Callable[..., AppTest]
LATE = Reply("1", {"0": 0.2875, "1": 0.7125}, 0.01, {})
ON_TIME = Reply("0", {"0": 0.6, "1": 0.4}, 0.01, {})


@pytest.fixture
def open_cases(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Open the review of a desk of `pinned_desks`."""

    def open_(desk: str) -> AppTest:
        set_variable = monkeypatch.setenv
        monkeypatch.setattr(
            monkeypatch, "setenv", lambda name, _: set_variable(name, f"tests.portal.pinned_desks:{desk}")
        )
        return open_page(desk, pull=7)

    return open_


def test_what_broke_comes_first(open_cases: OpenPage) -> None:
    """Each broken case says what was expected, what both answered, who pinned it and why; the others are folded."""
    app = open_cases("broken_cases")
    text = shown(app)

    assert not app.exception
    assert "**Broken: HA 17 in winter**" in text
    assert "column_0 0 · column_1 1" in text
    assert "3 more" in text
    assert "Expected: **answers late**" in text
    assert "The candidate: **on time**" in text
    assert "Production: late" in text
    assert "Pinned by Grace: it was late for years" in text
    assert "This pull request takes 1 pinned case away (“a case that was”)" in text
    labels = [each.label for each in app.expander]
    assert {"2 cases broke as well", "1 case could not be judged", "2 cases hold"} <= set(labels)


def test_a_broken_row_is_tried_by_its_link(open_cases: OpenPage) -> None:
    """The link leads to Try it with the case's own row."""
    app = open_cases("broken_cases")
    links = [each for each in app.get("page_link") if each.proto.label == "Try this row"]
    address = parse_qs(links[0].proto.query_string)

    assert len(links) == 10
    assert (address["project"], address["pull"]) == (["flight-delays"], ["7"])
    assert json.loads(address["row"][0]) == {f"column_{place}": place for place in range(9)}


def test_cases_that_hold_are_folded(open_cases: OpenPage) -> None:
    """Nothing broke: one line says so."""
    app = open_cases("held_cases")

    assert "1 case held" in [each.label for each in app.expander]
    assert "Broken" not in shown(app)
    assert not app.warning


def test_without_cases_nothing_is_said(open_page: OpenPage) -> None:
    """A project that pins nothing has no empty pane."""
    assert "Pinned cases" not in shown(open_page("passing", pull=7))


def test_hostile_cases_inject_nothing(open_cases: OpenPage) -> None:
    """Whatever a case says is shown as it is."""
    app = open_cases("hostile_cases")
    said = [each.value for each in (*app.markdown, *app.caption, *app.warning) if "alert" in each.value]

    assert not app.exception
    assert len(said) >= 5
    assert all("\\<script\\>" in each and "<script>" not in each and "](https" not in each for each in said)


def pin_on(which: str) -> None:
    """The script of a page with the button under two answers."""
    from greenroom_pipeline.desk import Reply
    from greenroom_portal.data import get_desk
    from greenroom_portal.panes.pinning import show_pin_button

    desk = get_desk()
    review = desk.review("flight-delays", 7)
    report = desk.report("flight-delays", 7)
    assert report is not None
    row = {"carrier": "HA", "distance": 2500.5}
    if which == "numbers":
        show_pin_button(review, report, row, Reply(14.0, None, 0.1, {}), Reply(12.5, None, 0.1, {}))
    elif which == "refused":
        show_pin_button(review, report, row, Reply(None, None, 0.1, {}, error="refused"), None)
    else:
        late = Reply("1", {"0": 0.2875, "1": 0.7125}, 0.01, {})
        show_pin_button(review, report, row, late, Reply("0", {"0": 0.6, "1": 0.4}, 0.01, {}))


@pytest.fixture
def open_dialog(monkeypatch: pytest.MonkeyPatch) -> OpenDialog:
    def open_(desk: str = "passing", which: str = "classes") -> AppTest:
        monkeypatch.setitem(os.environ, "GREENROOM_DESK", f"tests.portal.desk_in_memory:{desk}")
        app = AppTest.from_function(pin_on, kwargs={"which": which}, default_timeout=20).run()
        return app.button(key="pin-case").click().run()

    return open_


def fill(app: AppTest, *, name: str = "HA 17", reason: str = "late for years", by: str = "Grace") -> AppTest:
    app.text_input(key="pin-name").set_value(name)
    app.text_input(key="pin-reason").set_value(reason)
    app.text_input(key="pin-by").set_value(by)
    return app.button(key="pin-confirm").click().run()


def test_a_class_is_pinned(open_dialog: OpenDialog) -> None:
    """The candidate's class stands there; what is pinned is the row that was tried, at the commit that is shown."""
    app = open_dialog()
    said = shown(app)
    fill(app, name=" HA  17 ")
    ((pull, sha, case),) = desk_in_use().pinned

    assert not app.exception
    assert "Expected: answers 1. The candidate meets it now, production breaks it." in said
    assert (pull, sha) == (7, f"{7:040x}")
    assert (case.name, case.reason, case.by) == ("HA 17", "late for years", "Grace")
    assert case.row == {"carrier": "HA", "distance": 2500.5}
    assert case.expect == expect(kind="class", label="1")
    assert case.at.endswith("+00:00")
    assert "is pinned on change-7" in shown(app)
    assert "pin-confirm" not in [each.key for each in app.button]


def test_a_probability_is_pinned(open_dialog: OpenDialog) -> None:
    """It begins with what the candidate gives now, rounded down."""
    app = open_dialog()
    app.radio(key="pin-kind").set_value("probability").run()
    fill(app)

    assert desk_in_use().pinned[0][2].expect == expect(kind="probability", label="1", at_least=0.71)


def test_another_class_no_worse_than_production(open_dialog: OpenDialog) -> None:
    """Any class that a model knows can be meant."""
    app = open_dialog()
    app.radio(key="pin-kind").set_value("no_worse").run()
    app.selectbox(key="pin-label").set_value("0").run()
    assert "The candidate breaks it now." in shown(app)
    fill(app)

    assert desk_in_use().pinned[0][2].expect == expect(kind="no_worse", label="0")


def test_a_range_is_pinned(open_dialog: OpenDialog) -> None:
    """Numbers have a range around the candidate's, whose ends must be in order."""
    app = open_dialog("regression", "numbers")
    app.number_input(key="pin-low").set_value(20.0).run()
    assert "Low is 20 and high is 15.4" in shown(app)
    assert app.button(key="pin-confirm").disabled
    app.number_input(key="pin-low").set_value(12.0).run()
    fill(app)

    assert desk_in_use().pinned[0][2].expect == expect(kind="range", low=12.0, high=15.4)


@pytest.mark.parametrize(
    ("left_out", "says"),
    [("name", "Name the case"), ("reason", "Say why it must hold"), ("by", "Give your name")],
)
def test_who_and_why_are_needed(open_dialog: OpenDialog, left_out: str, says: str) -> None:
    """Nobody pins namelessly, or without a reason."""
    app = fill(open_dialog(), **{left_out: " \u200b "})

    assert says in shown(app)
    assert desk_in_use().pinned == []


def test_a_refusal_is_told(open_dialog: OpenDialog) -> None:
    """The desk's sentence is shown, and nothing is claimed."""
    app = open_dialog()
    desk_in_use().refusal = "the App may not write contents; give it `contents: write`"
    fill(app)

    assert "Nothing was pinned\\. the App may not write contents" in shown(app).replace(
        "pinned. ", "pinned\\. "
    )
    assert not app.success


@pytest.mark.parametrize(("desk", "which"), [("everything", "classes"), ("passing", "refused")])
def test_where_nothing_can_be_pinned(monkeypatch: pytest.MonkeyPatch, desk: str, which: str) -> None:
    """A row that was refused has no button."""
    monkeypatch.setitem(os.environ, "GREENROOM_DESK", f"tests.portal.desk_in_memory:{desk}")
    app = AppTest.from_function(pin_on, kwargs={"which": which}, default_timeout=20).run()

    assert [each.key for each in app.button] == (["pin-case"] if which == "classes" else [])


def test_suggestions_follow_the_answers() -> None:
    """What is suggested holds now, and fits the task."""
    numbers = make_report(7, task="regression")

    assert list_kinds(make_report(7), LATE) == ["class", "probability", "no_worse"]
    assert list_kinds(make_report(7), Reply("1", None, 0, {})) == ["class", "no_worse"]
    assert list_kinds(numbers, Reply(3.0, None, 0, {})) == ["range", "no_worse"]
    assert list_labels(ON_TIME, LATE) == ["0", "1"]
    assert (suggest_percent(LATE, "1"), suggest_percent(Reply("1", {"1": 0.29}, 0, {}), "1")) == (71, 29)
    assert suggest_range(Reply(-200.0, None, 0, {})) == (-220.0, -180.0)
    assert suggest_range(Reply(0.0, None, 0, {})) == (-1.0, 1.0)
    assert "cannot be judged by it yet" in tell_now(
        numbers, expect(kind="no_worse", value=3), Reply(3.0, None, 0, {}), None
    )


def test_the_table_has_plain_text() -> None:
    """A line a case, cut and without what would hide; long rows say how much is left out."""
    frame = case_frame([result(HOSTILE, champion=None, row={str(place): None for place in range(8)})])

    assert list(frame["Production"]) == ["—"]
    assert frame["Row"][0] == "0 — · 1 — · 2 — · 3 — · 4 — · 5 — · 2 more"
    assert shorten_row({"a": 0.123456, "b": True, "c": "x" * 90}).startswith("a 0.1235 · b True · c xxx")
