"""Which model was production when, as people see it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from greenroom_portal.tables.reigns import find_moves, name_metrics, reign_frame, step_frame
from tests.portal.conftest import OpenPage
from tests.portal.history_desks import START, make_reign, reigns
from tests.portal.test_portal_reviews import links, shown

DESKS = "history_desks"
NOW = START + timedelta(days=100)


def test_history_says_what_is_production_and_who_let_it_in(open_page: OpenPage) -> None:
    """The model of now comes first; each has its time, its verdict, its sponsor and links to its evidence."""
    app = open_page(f"{DESKS}:past", view="history.py")
    text = shown(app)

    assert not app.exception
    assert "**In production now:** version 4, since 31 Oct 2026, 09:30 UTC" in text
    assert "let in by Grace Hopper" in text
    assert "1 Sep 2026, 09:30 UTC to 21 Sep 2026, 09:30 UTC (20 days)" in text
    assert "Let in by **Grace Hopper**, commit 111111111, merged as eeeeeeeee." in text
    assert "[Its run in MLflow](<https://mlflow.example/#/experiments/1/runs/3>)" in text
    assert [query for _, query in links(app)] == [f"project=flight-delays&pull={pull}" for pull in (10, 8, 7)]


def test_what_was_done_by_hand_is_told(open_page: OpenPage) -> None:
    """A version that somebody gave the alias has no sponsor and no certain time; the one before no known end."""
    text = shown(open_page(f"{DESKS}:past", view="history.py"))

    assert "Nobody is known to have let it in" in text
    assert "after 11 Oct 2026, 09:30 UTC to 31 Oct 2026, 09:30 UTC" in text
    assert "21 Sep 2026, 09:30 UTC to not recorded" in text
    assert "Somebody moved the alias." in text


def test_the_metric_is_chosen_in_the_address(open_page: OpenPage) -> None:
    """The chart shows the metric that the address names, and says which direction is better; none is the first."""
    first = open_page(f"{DESKS}:past", view="history.py")
    other = open_page(f"{DESKS}:past", view="history.py", metric="Log loss")
    wrong = open_page(f"{DESKS}:past", view="history.py", metric="no such")

    assert first.selectbox(key="metric").value == wrong.selectbox(key="metric").value == "ROC AUC"
    assert other.selectbox(key="metric").value == "Log loss"
    assert "higher is better" in shown(first)
    assert "lower is better" in shown(other)
    assert "Log loss" in other.dataframe[0].value.columns
    assert not wrong.exception


def test_another_holdout_is_marked(open_page: OpenPage) -> None:
    """Where the holdout changed, values cannot be compared: caption, table and the reign itself say so."""
    app = open_page(f"{DESKS}:past", view="history.py")
    text = shown(app)

    assert "At a dashed line the holdout changed" in text
    assert text.count("Measured on another holdout than the one before") == 1
    assert list(app.dataframe[0].value["Holdout"]) == ["fffffffff (another one)", *["ddddddddd"] * 3]


def test_a_long_past_is_shown_in_part(open_page: OpenPage) -> None:
    """Of many reigns the newest are shown; the address can ask for all of them, and the table has every one."""
    app = open_page(f"{DESKS}:long_past", view="history.py")
    every = open_page(f"{DESKS}:long_past", view="history.py", all="true")

    assert len(links(app)) == 10
    assert len(links(every)) == 41
    assert len(app.dataframe[0].value) == 41


def test_an_empty_history_teaches_the_first_step(open_page: OpenPage) -> None:
    """Before the first promotion the page says how the first model gets in."""
    app = open_page("passing", view="history.py")

    assert not app.exception
    assert "No model has been in production yet." in shown(app)
    assert app.code[0].value == "greenroom run\ngreenroom promote"


def test_an_alias_that_is_gone_is_told(open_page: OpenPage) -> None:
    """Without an alias the page says that nothing is in production, and what was last."""
    app = open_page(f"{DESKS}:ended", view="history.py")

    assert not app.exception
    assert "Nothing is in production now; version 1 was last." in shown(app)


def test_a_store_that_is_down_is_a_sentence(open_page: OpenPage) -> None:
    """When MLflow does not answer, the page says so."""
    app = open_page(f"{DESKS}:store_down", view="history.py")

    assert not app.exception
    assert "The history cannot be read. MLflow could not read the registered model" in shown(app)


@pytest.mark.parametrize("view", ["history.py", "review.py"])
def test_hostile_texts_are_only_texts(open_page: OpenPage, view: str) -> None:
    """Names, notes, comments and links full of markup lead nowhere and mark nothing up."""
    pull = {"pull": 7} if view == "review.py" else {"view": view}
    app = open_page(f"{DESKS}:hostile_past", happened="true", **pull)
    bodies = [
        element.value for kind in (app.markdown, app.caption, app.success, app.info) for element in kind
    ]
    bodies += [link.proto.label for link in app.get("page_link")]

    assert not app.exception
    assert any("alert" in body for body in bodies)
    for body in bodies:
        assert "<script>" not in body
        assert "](https" not in body
        assert "](<javascript" not in body
        assert "](<https://evil" not in body
        assert ":material/home:" not in body


def test_a_step_lasts_until_the_next() -> None:
    """Reigns are drawn oldest first, without what was done by hand; a line ends with its holdout or its record."""
    frame = step_frame(reigns(), metric="ROC AUC", now=NOW)

    assert list(frame["version"]) == ["1", "2", "4"]
    assert list(frame["stretch"]) == [0, 0, 1]
    assert frame["until"].iloc[0] == frame["since"].iloc[1] == frame["until"].iloc[1]
    assert list(frame["moved"]) == [False, False, True]
    assert frame["until"].iloc[2] == NOW.replace(tzinfo=None)
    assert step_frame(reigns(), metric="none", now=NOW).empty
    assert step_frame([], metric="ROC AUC", now=NOW).empty


def test_tables_take_what_there_is() -> None:
    """Metrics of older reigns are offered too, and what is not known is a dash."""
    bare = make_reign(
        0, until=1, metrics={"Accuracy": 0.8}, pull=None, sha="", verdict=None, by="", holdout=""
    )
    frame = reign_frame([make_reign(1, until=None), bare], metric="Accuracy")

    assert name_metrics([make_reign(1, until=None), bare]) == ["ROC AUC", "Log loss", "Accuracy"]
    assert list(frame["Accuracy"]) == ["—", "0.8000"]
    assert list(frame.iloc[1])[3:7] == ["—"] * 4
    assert find_moves([]) == []
    assert reign_frame([], metric=None).empty
