from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.portal.conftest import OpenPage
from tests.portal.desk_in_memory import HOSTILE

PLAIN = re.compile(r"\\(.)|\u2060")


def shown(app: AppTest) -> str:
    """Everything that the page says in Markdown, as a browser would show it."""
    texts = (app.title, app.subheader, app.markdown, app.caption)
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
    assert [heading.value for heading in app.subheader] == ["Open · 6", "Merged and closed · 2"]
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
