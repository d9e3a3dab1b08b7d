from __future__ import annotations

from streamlit.testing.v1 import AppTest

from greenroom_pipeline.desk import PRODUCTION, PreviewStatus
from greenroom_portal.tables.previews import offer_actions, sort_previews, tell_total, tell_use
from tests.portal.conftest import OpenPage, desk_in_use
from tests.portal.desk_in_memory import everything_hosted
from tests.portal.test_portal_reviews import links, shown


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def test_production_comes_first_and_then_who_is_awake() -> None:
    """The champion's preview leads; those that need nobody come last."""
    assert [each.slot for each in sort_previews(everything_hosted().hosted)] == ["production", "7", "8", "9"]


def test_use_is_told_in_peoples_units() -> None:
    """Memory, requests, last use and wakes are words and numbers; what is not known is left out."""
    awake = PreviewStatus("7", "awake", memory=230 * 2**20, requests=1_204, idle=12.0, wakes=1)

    assert tell_use(awake) == ["230 MiB", "1,204 requests", "last used just now", "woken 1 time"]
    assert tell_use(PreviewStatus("9", "asleep", requests=1)) == ["1 request"]
    assert tell_total(everything_hosted().hosted) == "2 of 4 awake. They take 410 MiB."


def test_only_what_helps_is_offered() -> None:
    """Nothing is offered to what is gone, and no wake to what is awake."""
    assert offer_actions("awake") == ("sleep", "stop")
    assert offer_actions("asleep") == ("wake", "stop")
    assert offer_actions("stopped") == ()


def test_every_preview_is_listed_with_its_state(open_page: OpenPage) -> None:
    """Each preview says how it is and of which commit, and leads to its review; the champion's is marked."""
    app = open_page("everything_hosted", view="previews.py")
    text = shown(app)

    assert not app.exception
    for word in ("Preview awake", "Preview asleep", "Preview failed"):
        assert f" {word}]" in text, word
    assert "**Production**, the champion" in text
    assert "commit 000000000 · 230 MiB · 1,204 requests" in text
    assert [query for _, query in links(app)] == [f"project=flight-delays&pull={pull}" for pull in (7, 8, 9)]
    assert desk_in_use().logs_read == []


def test_an_action_shows_at_once(open_page: OpenPage) -> None:
    """After the click the page shows the new state, not the remembered one."""
    app = open_page("everything_hosted", view="previews.py")
    app.button(key="wake-9").click().run()

    assert desk_in_use().acts == [("9", "wake")]
    assert "wake-9" not in keys(app)
    assert "sleep-9" in keys(app)


def test_stop_asks_again(open_page: OpenPage) -> None:
    """One click stops nothing; the second one does, and a change of mind does not."""
    app = open_page("everything_hosted", view="previews.py")
    app.button(key=f"stop-{PRODUCTION}").click().run()
    assert desk_in_use().acts == []
    assert "Production's preview will answer nobody" in shown(app)

    app.button(key="stop-not").click().run()
    assert "stop-now" not in keys(app)

    app.button(key="stop-7").click().run()
    app.button(key="stop-now").click().run()
    assert desk_in_use().acts == [("7", "stop")]
    assert "stop-now" not in keys(app)
    assert "sleep-7" not in keys(app)


def test_a_refusal_is_a_sentence_beside_its_preview(open_page: OpenPage) -> None:
    """What the host refuses is told where it was asked."""
    app = open_page("everything_hosted", view="previews.py")
    desk_in_use().refusal = "There is no room for another preview; put one to sleep."
    app.button(key="wake-9").click().run()

    assert not app.exception
    assert "There is no room for another preview; put one to sleep." in shown(app)


def test_a_log_is_read_once_it_is_opened(open_page: OpenPage) -> None:
    """Logs cost nothing until somebody opens one."""
    app = open_page("everything_hosted", view="previews.py")
    app.session_state["log-8"] = True
    app.run()

    assert desk_in_use().logs_read == ["8"]
    assert app.code[0].value == "ImportError: libgomp.so.1"


def test_no_host_and_no_preview_are_sentences(open_page: OpenPage) -> None:
    """A host that is down is told apart from one that has nothing to show."""
    down = open_page("dead_host", view="previews.py")

    assert not down.exception
    assert "start it with `greenroom serve`" in shown(down)


def test_a_host_without_previews_teaches_the_first_step(open_page: OpenPage) -> None:
    """An empty page says what makes the first preview."""
    assert "There is no preview yet. `greenroom run`" in shown(open_page("passing", view="previews.py"))
