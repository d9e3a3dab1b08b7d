"""Nothing serious keeps people with a keyboard or a screen reader out, in light and wide, dark and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from greenroom_pipeline.filters import Among, encode_filters
from greenroom_portal.selection import Selection, address_row
from tests.portal.axe import find_barriers
from tests.portal.front_process import Front, start_front
from tests.portal.tryit_desks import ROW

REVIEW = "/review?project=flight-delays&pull="
TRY_IT = f"/try?{urlencode(address_row(Selection('flight-delays', 7), ROW))}"
PANES = "all-slices compute confusion-pane curves-pane drift happened scores-pane settled-checks since threshold-pane"
EXPLORED = urlencode({"explore": encode_filters([Among("carrier", ("HA",))])})
CLOSED = "[data-testid=stMain] details:not([open]) > summary"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start_front("journey_desks:whole", folder=tmp_path_factory.mktemp("front")) as started:
        yield started


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(bypass_csp=True)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("address", "sign"),
    [
        pytest.param("/", ".st-key-review-flight-delays-7", id="reviews"),
        pytest.param("/?q=zzz", "text=Nothing matches.", id="no reviews match"),
        pytest.param(f"{REVIEW}9", ".st-key-happened", id="review that fails"),
        pytest.param(f"{REVIEW}8", ".st-key-run", id="run that failed"),
        pytest.param(f"{REVIEW}99", "[data-testid=stAlert]", id="no such review"),
        pytest.param("/previews", ".st-key-preview-production", id="previews"),
        pytest.param("/history", ".st-key-chart-reigns svg, .st-key-chart-reigns canvas", id="history"),
    ],
)
def test_no_page_keeps_anybody_out(front: Front, page: Page, address: str, sign: str) -> None:
    """axe-core finds nothing serious or critical on the page."""
    page.goto(front.address + address)
    page.locator(sign).first.wait_for()

    assert find_in_looks(page) == []


def test_nothing_that_is_opened_keeps_anybody_out(front: Front, page: Page) -> None:
    """axe-core finds nothing serious or critical on a review whose every pane is open, a slice explored among them."""
    opened = urlencode(dict.fromkeys(PANES.split(), "true"))
    page.goto(f"{front.address}{REVIEW}7&{opened}&{EXPLORED}")
    page.locator(".st-key-happened").wait_for()
    open_all(page)
    page.locator(".st-key-chart-costs").locator("canvas, svg").first.wait_for()

    assert find_in_looks(page) == []


def test_nothing_that_is_tried_keeps_anybody_out(front: Front, page: Page) -> None:
    """Nor beside answers, a what-if, an address to share and a file's pane, nor in the dialog that pins."""
    page.goto(front.address + TRY_IT)
    page.locator(".st-key-champion-number").wait_for()
    for pane, sign in (
        ("what-if", "canvas, svg"),
        ("sharing", "code"),
        ("batch", "[data-testid=stFileUploader]"),
    ):
        page.locator(f".st-key-{pane} summary").first.click()
        page.locator(f".st-key-{pane}").locator(sign).first.wait_for()
    assert find_in_looks(page) == []
    page.locator(".st-key-pin-case button").click()
    page.get_by_role("dialog").locator(".st-key-pin-by").wait_for()

    assert find_in_looks(page) == []


def open_all(page: Page) -> None:
    """Open every pane, and those that come with them."""
    while page.locator(CLOSED).count():
        page.locator(CLOSED).first.click()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def find_in_looks(page: Page) -> list[str]:
    """Look at the page wide and light, then narrow and dark: each width and each set of colours once."""
    found = []
    for width, dark in ((1280, False), (400, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        found += [f"{width}: {barrier}" for barrier in find_settled(page)]
    return found


def find_settled(page: Page) -> list[str]:
    """Look again where something was found: colours take a moment to change with their scheme."""
    found = find_barriers(page)
    for _ in range(4):
        found = found and find_barriers(page)
    return found
