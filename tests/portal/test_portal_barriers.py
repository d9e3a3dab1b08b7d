"""Nothing serious keeps people with a keyboard or a screen reader out, in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.portal.axe import find_barriers
from tests.portal.front_process import Front, start_front

REVIEW = "/review?project=flight-delays&pull="


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start_front("everything_hosted", folder=tmp_path_factory.mktemp("front")) as started:
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
        pytest.param("/history", "h1", id="history"),
        pytest.param("/try?project=flight-delays&pull=7", "h1", id="try it"),
    ],
)
def test_no_page_keeps_anybody_out(front: Front, page: Page, address: str, sign: str) -> None:
    """axe-core finds nothing serious or critical on the page."""
    page.goto(front.address + address)
    page.locator(sign).first.wait_for()
    found = [barrier for _ in looks(page) for barrier in find_barriers(page)]

    assert found == []


def looks(page: Page) -> Iterator[None]:
    """Show the page wide and narrow, light and dark."""
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            yield
