from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.desk_in_memory import HOSTILE

PLAIN = re.compile(r"\\(.)|\u2060")


def shown(app: AppTest) -> str:
    """Everything that the page says in Markdown, as a browser would show it."""
    texts = (app.title, app.header, app.subheader, app.markdown, app.caption)
    boxes = (app.error, app.info, app.warning, app.success)
    parts = [element.value for kind in (*texts, *boxes) for element in kind]
    return PLAIN.sub(r"\1", "\n".join(parts))


def links(app: AppTest) -> list[tuple[str, str]]:
    """The links to reviews: label and query string."""
    return [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]


def test_open_reviews_come_before_decided_ones(open_page: OpenPage) -> None:
    """What waits for a decision stands first, each link leading to its own review."""
    app = open_page("everything")

    assert not app.exception
    assert [heading.value for heading in app.header] == ["Open · 6", "Recently decided · 2"]
    assert [query for _, query in links(app)] == [
        f"project=flight-delays&pull={pull}" for pull in (12, 11, 7, 9, 10, 8, 3, 2)
    ]


def test_script_of_the_repository_is_the_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    """`portal/app.py` shows the same pages as the script in the installed package."""
    monkeypatch.setenv("GREENROOM_DESK", "tests.portal.desk_in_memory:empty")
    app = AppTest.from_file(str(Path(__file__).parents[2] / "portal" / "app.py"), default_timeout=20).run()

    assert not app.exception
    assert app.title[0].value == "Reviews"


def test_each_state_has_a_word(open_page: OpenPage) -> None:
    """Verdicts and runs are told apart by words, not by colour alone."""
    text = shown(open_page("everything"))

    for word in (
        "Pass",
        "Fail",
        "Inconclusive",
        "Running",
        "Waiting",
        "Run failed at preview",
        "Merged",
        "Closed",
    ):
        assert f" {word}]" in text, word


def test_main_metric_is_shown_with_its_interval(open_page: OpenPage) -> None:
    """A finished review says how much the metric that counts changes, and how sure that is."""
    app = open_page("passing")

    assert "ROC AUC **+0.0122** (95% interval +0.0095 to +0.0149)" in shown(app)
    assert len(app.get("image")) == 1


def test_empty_list_teaches_the_first_step(open_page: OpenPage) -> None:
    """With no reviews yet, the page says which command makes the first one."""
    app = open_page("empty")

    assert not app.exception
    assert "greenroom run" in app.code[0].value


def test_store_that_does_not_answer_is_a_sentence(open_page: OpenPage) -> None:
    """When the reviews cannot be read, the page says why in words and shows no traceback."""
    app = open_page("dead_store")

    assert not app.exception
    assert "MLflow at http://localhost:5000 does not answer; start it." in shown(app)


def test_a_store_that_is_down_leaves_the_list(open_page: OpenPage) -> None:
    """Where the forge answers and MLflow does not, the list says so and names the pull requests all the same."""
    app = open_page("out_of_store")
    text = shown(app)

    assert not app.exception
    assert "What became of these pull requests cannot be read. MLflow could not search runs" in text
    assert "**Add wind and visibility** · #7 by Ada Lovelace" in text.replace("\\#", "#")


def test_a_thousand_pull_requests_cost_as_much_as_a_page(open_page: OpenPage) -> None:
    """Only what is shown is looked up, and no report is read for it; the address names the page."""
    app = open_page("thousand")
    first = desk_in_use().described

    assert not app.exception
    assert app.header[0].value == "Open · 990"
    assert first == [*range(1000, 980, -1), *range(10, 5, -1)]
    assert desk_in_use().reads == []
    app = open_page("thousand", page="50")
    assert [query for _, query in links(app)][:2] == [f"project=flight-delays&pull={n}" for n in (20, 19)]


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        pytest.param({"q": "boosting"}, [9], id="search"),
        pytest.param({"verdict": "Pass"}, [7, 3], id="verdict"),
        pytest.param({"verdict": "Inconclusive", "author": "Ada Lovelace"}, [10], id="two"),
        pytest.param({"state": "Merged"}, [3], id="state"),
        pytest.param({"sort": "Oldest", "q": "a"}, [8, 10, 9, 7, 11, 12, 2, 3], id="order"),
        pytest.param(
            {"verdict": "nonsense", "state": "x", "page": "-3"}, [12, 11, 7, 9, 10, 8, 3, 2], id="bad"
        ),
    ],
)
def test_the_address_narrows_the_list(
    open_page: OpenPage, address: dict[str, str], numbers: list[int]
) -> None:
    """A shared address shows the same list to who opens it; what makes no sense in it is left out."""
    app = open_page("everything", **address)

    assert not app.exception
    assert [int(query.rpartition("=")[2]) for _, query in links(app)] == numbers


def test_a_wish_that_nothing_fulfils_says_so(open_page: OpenPage) -> None:
    """An empty list names the way back to all reviews."""
    app = open_page("everything", q="zzz")

    assert "Nothing matches." in shown(app)
    assert [label for label, _ in links(app)] == ["Show all reviews"]


def test_another_search_starts_at_its_first_page(open_page: OpenPage) -> None:
    """What was the third page of all is none of what a search leaves."""
    app = open_page("thousand", page="3")
    app.text_input(key="q").set_value("change").run()

    assert app.session_state["page"] == 1
    assert links(app)[0][1] == "project=flight-delays&pull=1000"


def test_each_review_says_what_was_decided_and_how_its_preview_is(open_page: OpenPage) -> None:
    """Waiting, closed and in production are words, and so is the preview's state."""
    text = shown(open_page("everything_hosted"))

    for word in ("Waits for a decision", "Closed", "Preview awake", "Preview asleep", "In production"):
        assert f" {word}]" in text, word


def test_what_has_no_verdict_waits_for_no_decision(open_page: OpenPage) -> None:
    """A run that failed or goes on leaves nothing to decide yet."""
    assert "Waits for a decision" not in shown(open_page("broken_run"))


def test_without_a_host_the_list_is_there(open_page: OpenPage) -> None:
    """A preview host that does not run is a sentence beside the reviews."""
    app = open_page("dead_host")

    assert len(links(app)) == 1
    assert "The preview host does not run" in shown(app)


def test_hostile_titles_stay_text(open_page: OpenPage) -> None:
    """Nothing that a pull request says reaches Markdown unescaped, in text or in link labels."""
    app = open_page("hostile")

    assert not app.exception
    bodies = [element.value for kind in (app.markdown, app.caption) for element in kind]
    bodies += [label for label, _ in links(app)]
    for body in bodies:
        assert "](https" not in body
        assert "<script>" not in body
        assert ":red[stop" not in body
    assert HOSTILE.rstrip("\\")[:80] in shown(app)
