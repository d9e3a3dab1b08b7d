"""*Try it* in a real browser: a file that is stopped, a link that is shared, texts that mean ill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from greenroom_portal.selection import Selection, address_row
from tests.portal.desk_in_memory import HOSTILE
from tests.portal.front_process import start_front
from tests.portal.test_portal_tryit import FILE
from tests.portal.tryit_desks import ROW

ADDRESS = urlencode(address_row(Selection("flight-delays", 7), ROW))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.set_default_timeout(30_000)
    yield page
    page.close()


def test_a_shared_link_opens_the_same_and_a_file_stops(page: Page, browser: Browser, tmp_path: Path) -> None:
    """The shared address shows another visitor the same answers; Stop ends a file between two parts and keeps both."""
    with start_front("tryit_desks:held", folder=tmp_path) as front:
        with page.expect_websocket() as socket:
            page.goto(f"{front.address}/review?project=flight-delays&pull=7")
        page.get_by_role("link", name="Try it").click()
        page.locator(".st-key-try-it button").click()
        number = page.locator(".st-key-candidate-number")
        expect(number).to_be_visible()
        page.locator(".st-key-sharing summary").click()
        shared = page.locator(".st-key-share-address code").inner_text().replace("\n", "")
        other = browser.new_page()
        other.goto(shared)
        expect(other.locator(".st-key-candidate-number")).to_have_text(number.inner_text().replace("\n", ""))
        other.close()

        page.locator(".st-key-batch summary").click()
        content: FilePayload = {"name": "flights.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
        page.locator(".st-key-batch input[type=file]").set_input_files(content)
        page.locator(".st-key-batch-start button").click()
        expect(page.locator(".st-key-batch-progress")).to_contain_text("500 of 1,200 rows")
        # The part goes on only after the click is on its way.
        with socket.value.expect_event("framesent"):
            page.locator(".st-key-batch-stop button").click()
        (tmp_path / "go").touch()
        expect(page.locator(".st-key-batch-start")).to_contain_text("the other 200 rows")
        expect(page.locator(".st-key-batch-summary")).to_contain_text("of 1,000 flights change their answer")
        with page.expect_download() as download:
            page.locator(".st-key-batch-download button").click()
        lines = Path(download.value.path()).read_text().splitlines()
        assert download.value.suggested_filename == "flights-answers.csv"
        assert lines[1].startswith("0000,80,9.2,HA,no,2013-11-05T14:30:00,0,")
        assert lines[1_200].endswith("not asked")


def test_hostile_texts_are_only_texts(page: Page, tmp_path: Path) -> None:
    """Columns, words, categories and the address's own row show their characters, and fit into 400 pixels."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    row = {**ROW, HOSTILE: HOSTILE}
    address = urlencode(address_row(Selection("flight-delays", 7), row))
    with start_front("tryit_desks:hostile_words", folder=tmp_path) as front:
        page.goto(f"{front.address}/try?{address}")
        page.locator(".st-key-candidate-number").wait_for()
        page.locator(".st-key-what-if summary").click()
        page.locator(".st-key-chart-what-if canvas, .st-key-chart-what-if svg").first.wait_for()
        sentence = page.locator(".st-key-what-if-sentence").inner_text().replace("\u2060", "")
        page.locator(".st-key-sharing summary").click()
        page.locator(".st-key-share-address").wait_for()
        widths = "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"

        assert HOSTILE[60:95] in sentence
        assert page.evaluate(widths) == [400, 400]
        for trace in ("a[href*=evil]", "img[src*=evil]", ".katex", "script[src*=evil]"):
            assert page.locator(trace).count() == 0, trace
        assert said == []
        assert [url for url in asked if not url.startswith((front.address, "data:", "blob:"))] == []
