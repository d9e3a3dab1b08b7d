"""What happened to a pull request, as people see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from greenroom_pipeline.desk import Happening
from greenroom_portal.panes.timeline import tell_happening
from greenroom_portal.wording import link_to
from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.history_desks import EventfulDesk
from tests.portal.test_portal_reviews import shown

DESKS = "history_desks"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_the_timeline_is_told_once_it_is_opened(open_page: OpenPage) -> None:
    """Closed it asks the desk nothing; the address that opens it does."""
    open_page(f"{DESKS}:eventful", pull=7)
    desk = desk_in_use()
    assert isinstance(desk, EventfulDesk)
    closed = list(desk.told)
    open_page(f"{DESKS}:eventful", pull=7, happened="true")

    assert closed == []
    assert desk.told == [7]


def test_everything_that_happened_is_told(open_page: OpenPage) -> None:
    """Each happening is a word with an icon, who did it, in what words, and how long ago."""
    app = open_page(f"{DESKS}:eventful", pull=7, happened="true")
    lines = [line for line in shown(app).splitlines() if line.startswith("- :material")]

    assert not app.exception
    assert lines[0].startswith("- :material/rocket_launch: **In production** by Grace Hopper as version 4")
    assert "[Merged](<https://github.example/ada/flights/pull/7>)** by grace as 4f00ba7" in lines[1]
    assert "**Override** by Ana: GR101: hotfix for the outage" in lines[2]
    assert "**Pass**: 7777777 ROC AUC rises by 0.0122." in lines[3]
    assert ":small[:gray[3 hours ago · " in shown(app)
    assert "by eve: Is it worse for HA?" in lines[4]
    assert "**Run failed**: 6666666 at the step train" in lines[5]
    assert len(lines) == 8


def test_a_forge_that_is_down_is_one_sentence(open_page: OpenPage) -> None:
    """What the store knows is told beside a sentence on what is missing, and the review stands as ever."""
    app = open_page(f"{DESKS}:forge_down", pull=7, happened="true")
    text = shown(app)

    assert not app.exception
    assert "Pushes, comments and merges are missing here. GitHub does not answer; try again later." in text
    assert "**Pass**: 7777777" in text
    assert "**Pass.** ROC AUC rises by 0.0122" in text


def test_a_store_that_is_down_takes_the_pane_alone(open_page: OpenPage) -> None:
    """When the timeline cannot be told at all, the pane says why and the review stands as ever."""
    app = open_page(f"{DESKS}:store_down", pull=7, happened="true")
    text = shown(app)

    assert not app.exception
    assert "What happened cannot be told. MLflow could not search runs" in text
    assert "**Pass.** ROC AUC rises by 0.0122" in text


@pytest.mark.parametrize(
    ("desk", "sentence"),
    [
        (f"{DESKS}:failed_run", "**Run failed**: at the step preview: no module x"),
        ("broken_run", "Nothing has happened yet."),
    ],
)
def test_a_review_without_a_report_has_a_timeline(open_page: OpenPage, desk: str, sentence: str) -> None:
    """A run that failed has a past as well; a pull request without one says so."""
    assert sentence in shown(open_page(desk, pull=8, happened="true"))


def test_a_happening_has_its_exact_time() -> None:
    """An age is beside the time in UTC, whatever zone it came in."""
    happening = Happening(NOW - timedelta(hours=2), "closed", "ada", "")

    assert tell_happening(happening, now=NOW) == (
        "- :material/close: **Closed** by ada  \n  :small[:gray[2 hours ago · 25 Nov 2026, 10:00 UTC]]"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/x?y=1#z", "[here](<https://a.example/x?y=1#z>)"),
        ("http://a.example/(b)", "[here](<http://a.example/%28b%29>)"),
        ("https://a.example/> [x](https://b)", "[here](<https://a.example/%3E%20%5Bx%5D%28https://b%29>)"),
        ("https://a.example/\\\n", "[here](<https://a.example/%5C%0A>)"),
        ("javascript:alert(1)", "here"),
        ("//a.example", "here"),
        (None, "here"),
        ("https://a.example/" + "x" * 3000, "here"),
    ],
)
def test_only_pages_on_the_web_are_linked(address: str | None, expected: str) -> None:
    """An address is linked when it is http or https, and nothing in it ends the link."""
    assert link_to("here", address) == expected
