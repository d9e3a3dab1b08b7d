"""Disagreements and exploration: the rows behind a report, as a reviewer looks into them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from greenroom_pipeline.filters import Among, Between
from greenroom_pipeline.report import Answer, Disagreement
from greenroom_pipeline.words import Words
from greenroom_portal.data import load_exploration, load_review
from greenroom_portal.panes.row_filters import choose_step
from greenroom_portal.router import SCRIPT
from greenroom_portal.selection import decode_row
from greenroom_portal.tables.differences import difference_frame, tell_difference
from tests.portal.conftest import desk_in_use

OpenReview = Callable[..., AppTest]
UNITED = [{"column": "carrier", "in": ["UA"]}]
WORDS = Words(classes={"1": "late"}, columns={"distance": "distance flown"}, units={"distance": "miles"})


@pytest.fixture
def open_review(monkeypatch: pytest.MonkeyPatch) -> OpenReview:
    """Return a function that opens the review of a desk in `rows_desks`, with further words in its address."""

    def open_(desk: str, **parameters: str) -> AppTest:
        monkeypatch.setenv("GREENROOM_DESK", f"tests.portal.rows_desks:{desk}")
        app = AppTest.from_file(str(SCRIPT), default_timeout=20).run()
        app.switch_page("review.py")
        for key, value in {"project": "flight-delays", "pull": "7", **parameters}.items():
            app.query_params[key] = value
        return app.run()

    return open_


def shown(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def key(app: AppTest, kind: str, end: str) -> Any:
    """The widget whose key has this end."""
    return next(each for each in getattr(app, kind) if each.key and each.key.endswith(end))


def links(app: AppTest) -> list[dict[str, list[str]]]:
    return [
        parse_qs(link.proto.query_string)
        for link in app.get("page_link")
        if link.proto.label.startswith("Try row")
    ]


def test_nothing_of_the_rows_is_read_before_a_pane_is_opened(open_review: OpenReview) -> None:
    """The first paint needs the report alone: with the copy cut off, the closed panes say nothing of it."""
    app = open_review("broken")

    assert not app.exception
    assert not app.error
    assert desk_in_use().explored == []
    assert "2,310 fixed" in shown(app)


def test_an_opened_pane_is_in_the_address(open_review: OpenReview) -> None:
    """A link with an open pane opens it, and the other stays closed."""
    app = open_review("broken", **{"explore-pane": "true"})

    assert [error.value.split(".")[0] for error in app.error] == ["These rows cannot be explored"]


def test_a_broken_copy_is_a_sentence_in_its_pane(open_review: OpenReview) -> None:
    """When the rows cannot be read, the pane says so, and the rest of the page is there."""
    app = open_review("broken", explore="[]", differ="[]")

    assert not app.exception
    assert [error.value.split(".")[0] for error in app.error] == [
        "These rows cannot be shown",
        "These rows cannot be explored",
    ]
    assert "Checks" in [heading.value for heading in app.header]


def test_rows_on_another_machine_are_explained(open_review: OpenReview) -> None:
    """Without the files the page says why and what to do."""
    app = open_review("elsewhere", explore="[]", differ="[]")

    assert not app.exception
    assert shown(app).count("are not on this machine") == 2
    assert "greenroom run" in shown(app)


def test_a_report_that_names_a_row_twice_is_shown(open_review: OpenReview) -> None:
    """What a sender's report says of rows holds up no page."""
    app = open_review("elsewhere_twice", differ="[]")

    assert not app.exception
    assert shown(app).count("The truth was") == 2


def test_an_address_opens_the_same_slice(open_review: OpenReview) -> None:
    """Filters in the address open the pane with their widgets filled, and the numbers of exactly these rows."""
    filters = [*UNITED, {"column": "distance", "from": 500, "to": 2000}]
    app = open_review("flights", explore=json.dumps(filters))

    assert not app.exception
    assert key(app, "multiselect", "-columns").value == ["carrier", "distance"]
    assert key(app, "multiselect", "-values").value == ["UA"]
    assert key(app, "slider", "-range").value == (500, 2000)
    assert desk_in_use().explored == [(Among("carrier", ("UA",)), Between("distance", 500, 2000))]
    assert "Exploration: it informs, and does not gate." in shown(app)
    assert "some will differ by chance" in shown(app)
    assert "of 4,000 flights" in shown(app)
    assert "carrier UA, distance flown 500 to 2000 miles" in shown(app)


def test_choosing_values_explores_them_and_names_them_in_the_address(open_review: OpenReview) -> None:
    """A column is chosen, then its values; the address then names the slice, and the result is the engine's."""
    app = open_review("flights", explore="[]")
    assert "Choose columns and values" in shown(app)

    key(app, "multiselect", "-columns").set_value(["weekend", "wind"]).run()
    key(app, "multiselect", "-values").set_value([True]).run()
    key(app, "slider", "-range").set_value((5.0, 20.0)).run()

    assert not app.exception
    chosen = (Between("wind", 5.0, 20.0), Among("weekend", (True,)))
    assert json.loads("".join(app.query_params["explore"])) == [
        {"column": "wind", "from": 5.0, "to": 20.0},
        {"column": "weekend", "in": [True]},
    ]
    found = load_exploration(load_review("flight-delays", 7), chosen)
    assert f"{found.rows:,} of 4,000 flights" in shown(app)
    table = app.dataframe[-1].value
    assert list(table["Metric"]) == ["ROC AUC", "Log loss", "Accuracy", "F1"]
    assert set(table["Rows"]) == {f"{found.rows:,}"}


def test_a_slice_too_small_to_test_says_so(open_review: OpenReview) -> None:
    """Few rows are shown with the reason for which the gate would not test them; none at all, too."""
    few = [*UNITED, {"column": "distance", "from": 80, "to": 160}]
    app = open_review("flights", explore=json.dumps(few))
    assert "The gate would not test this slice: it has" in shown(app)

    none = [{"column": "carrier", "in": ["no such"]}]
    assert "No row is like that." in shown(open_review("flights", explore=json.dumps(none)))


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        '[{"column":"gone","in":["x"]}]',
        '[{"column":"distance","in":[1]}]',
        '[{"column":"distance","from":"abc","to":null}]',
        r'[{"column":"carrier","in":["\ud800"]}]',
        json.dumps([{"column": "carrier", "in": [str(each) for each in range(200)], "missing": True}]),
    ],
    ids=["no JSON", "no column", "no range", "no number", "half a surrogate pair", "too many"],
)
def test_an_address_that_fits_nothing_is_left_out(open_review: OpenReview, address: str) -> None:
    """A filter that nobody can read, or that its column cannot have, leaves a page that works."""
    app = open_review("flights", explore=address)

    assert not app.exception
    assert not app.error
    assert key(app, "multiselect", "-columns").value == []


def test_whole_numbers_beyond_a_browsers_are_typed(open_review: OpenReview) -> None:
    """Ids beyond 2^53 are kept digit by digit, from the address and from the fields."""
    app = open_review("flights", explore='[{"column":"ticket","from":9007199254740993,"to":null}]')
    assert key(app, "text_input", "-From").value == "9007199254740993"

    key(app, "text_input", "-To").set_value("9007199254740993").run()

    assert desk_in_use().explored[-1] == (Between("ticket", 2**53 + 1, 2**53 + 1),)


def test_dates_are_chosen_by_day(open_review: OpenReview) -> None:
    """A range of days includes its last one whole."""
    app = open_review("flights", explore='[{"column":"scheduled","from":"2013-02-01","to":"2013-02-28"}]')

    assert not app.exception
    assert desk_in_use().explored == [(Between("scheduled", "2013-02-01", "2013-02-28"),)]
    assert "scheduled 2013-02-01 to 2013-02-28" in shown(app)


def test_a_row_goes_into_try_it_by_one_click(open_review: OpenReview) -> None:
    """Each row that differs links to Try it with its own values, and the counts are of the rows that are chosen."""
    app = open_review("flights", differ=json.dumps(UNITED))
    found = desk_in_use().disagree("flight-delays", 7, (Among("carrier", ("UA",)),), kept="all", most=50)

    assert not app.exception
    assert f"{found.tally.fixed} fixed" in shown(app)
    rows = [decode_row(link["row"][0]) for link in links(app)]
    assert rows == [row.features for row in found.rows[:5]]
    assert {row["carrier"] for row in rows if row} == {"UA"}

    app.button(key="differ-more").click().run()
    assert len(links(app)) == 50


def test_fixed_and_broken_are_looked_at_apart(open_review: OpenReview) -> None:
    """The choice of broken rows shows those alone: the champion said what was true."""
    app = open_review("flights", differ="[]")
    app.radio(key="kept").set_value("broken").run()

    assert not app.exception
    frame = next(each.value for each in app.dataframe if "Truth" in each.value.columns)
    assert all(
        champion.startswith(truth) for champion, truth in zip(frame["Champion"], frame["Truth"], strict=True)
    )


def test_numbers_are_nearer_or_farther(open_review: OpenReview) -> None:
    """A regression has no fixed and broken rows, but nearer and farther ones."""
    app = open_review("numbers", differ="[]")

    assert not app.exception
    assert "The candidate is nearer the truth on" in shown(app)


def test_first_model_has_no_disagreements(open_review: OpenReview) -> None:
    """Without a champion there is nothing to differ from; exploring shows the candidate's own values."""
    app = open_review("first_model", differ="[]", explore=json.dumps(UNITED))

    assert not app.exception
    assert "Where the models disagree" not in [heading.value for heading in app.header]
    assert "of 4,000 rows" in shown(app)


def test_hostile_columns_and_values_are_only_text(open_review: OpenReview) -> None:
    """A holdout whose names and values are markup is filtered by, and shown as its own characters."""
    from tests.portal.desk_in_memory import HOSTILE

    filters = json.dumps([{"column": HOSTILE, "in": [HOSTILE]}])
    app = open_review("hostile", explore=filters, differ=filters)

    assert not app.exception
    assert not app.error
    assert desk_in_use().explored == [(Among(HOSTILE, (HOSTILE,)),)]
    bodies = [element.value for kind in (app.markdown, app.caption) for element in kind]
    for body in [*bodies, *(each.label for each in app.multiselect)]:
        assert "<script>" not in body
        assert "](https" not in body
        assert ":material/home:" not in body


def test_a_difference_is_told_in_peoples_words() -> None:
    """Classes, columns and units are called what the project calls them, and probabilities are shares."""
    row = Disagreement(
        row=1_204,
        features={
            "distance": 1_982,
            "wind": 0.123456789,
            "weekend": True,
            "note": None,
            "at": "2013-03-14T10:30:00",
        },
        target="1",
        candidate=Answer(prediction="0", probability=0.04),
        champion=Answer(prediction="1", probability=0.98),
    )

    assert tell_difference(row, WORDS) == (
        "The truth was **late**; the candidate said **0** and gave the truth **4 %**, "
        "the champion said **late** and gave the truth **98 %**."
    )
    assert difference_frame([row], WORDS).iloc[0].to_dict() == {
        "Row": "1,204",
        "Truth": "late",
        "Candidate": "0 (truth: 4 %)",
        "Champion": "late (truth: 98 %)",
        "distance flown": "1982 miles",
        "wind": "0.123457",
        "weekend": "yes",
        "note": "—",
        "at": "2013-03-14 10:30",
    }


@pytest.mark.parametrize(
    ("low", "high", "whole", "step"),
    [
        (0, 100, True, 1),
        (80, 4_983, True, 20),
        (0, 3, True, 1),
        (0.0, 1.0, False, 0.01),
        (-5.0, 70.0, False, 0.5),
    ],
)
def test_a_range_has_a_hundred_bins_at_least(low: float, high: float, whole: bool, step: float) -> None:
    """Steps are round numbers, and whole ones for whole numbers."""
    assert choose_step(low, high, whole=whole) == pytest.approx(step)
