"""The threshold's pane in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.portal.front_process import Front, start_front

REVIEW = "review?project=flight-delays&pull=7"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder: Path = tmp_path_factory.mktemp("front")
    with start_front("tests.portal.chart_desks:binary", folder=folder) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    yield page
    page.close()


def test_a_threshold_is_moved_and_shared(front: Front, page: Page, browser: Browser) -> None:
    """A click opens the pane and keys move the slider, without the rest of the page being run again; the address
    then opens the same for somebody else.
    """
    received: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(frame if isinstance(frame, bytes) else b""))

    page.on("websocket", listen)
    page.goto(f"{front.address}/{REVIEW}")
    page.locator(".st-key-happened").wait_for()
    assert any(b"Add wind and visibility" in frame for frame in received)
    received.clear()

    page.get_by_text("What each threshold costs").click()
    expect(page.get_by_text("At 0.50 the candidate finds")).to_be_visible()
    page.locator(".st-key-threshold").get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    told = page.get_by_text("At 0.49 the candidate finds")
    expect(told).to_be_visible()
    expect(page).to_have_url(f"{front.address}/{REVIEW}&threshold=0.49&threshold-pane=true")
    page.locator(".st-key-chart-costs canvas, .st-key-chart-costs svg").first.wait_for()
    sentence = told.inner_text()

    assert received
    assert not any(b"Add wind and visibility" in frame for frame in received)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") == 400
    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_text(sentence)).to_be_visible()
    other.close()
