from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.desk_in_memory import HOSTILE
from tests.portal.front_process import Front, start_front

REVIEW = "/review?project=flight-delays&pull=7"
LED_ASTRAY = (
    "a[href^='https://evil']",
    "a[href^='http://www.evil']",
    "a[href^=mailto]",
    "a[href^=javascript]",
    "a[href^=data]",
    "img[src*=evil]",
)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start_front("hostile_desks:everywhere", folder=tmp_path_factory.mktemp("front")) as started:
        yield started


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    yield page
    page.close()


def test_hostile_texts_are_only_texts(front: Front, page: Page) -> None:
    """In a real browser hostile texts show their own characters: no link, image, icon, style or request."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(front.address)
    page.get_by_role("link", name="alert(1)").first.click()
    expect(page).to_have_url(f"{front.address}/review?project=flight-delays&pull=7")
    verdict = page.locator(".st-key-verdict").inner_text().replace("\u2060", "")

    assert HOSTILE in verdict
    assert said == []
    for trace in (*LED_ASTRAY, "h1 strong", "h1 code", ".katex", "h1 [role=img]"):
        assert page.locator(trace).count() == 0, trace
    assert [url for url in asked if not url.startswith((front.address, "data:", "blob:"))] == []


@pytest.mark.parametrize(
    ("address", "sign"),
    [
        ("/", ".st-key-review-flight-delays-7"),
        ("/history", ".st-key-reign-0"),
        ("/previews?log-7=true", ".st-key-lines-7"),
        ("/try?project=flight-delays&pull=7", ".st-key-preview-state"),
        (f"{REVIEW}&happened=true&since=true&drift=true&compute=true", ".st-key-happened li"),
        (f"{REVIEW}&met-cases=true&scores-pane=true&confusion-pane=true", ".st-key-met-cases canvas"),
    ],
)
def test_no_page_makes_markup_of_texts(front: Front, page: Page, address: str, sign: str) -> None:
    """No page and no opened pane leads or asks anywhere else, or shows an image or a formula, for what texts say."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(front.address + address)
    page.locator(sign).first.wait_for()

    for trace in (*LED_ASTRAY, ".katex"):
        assert page.locator(trace).count() == 0, trace
    assert page.locator("[data-testid=stException]").count() == 0
    assert [url for url in asked if not url.startswith((front.address, "data:", "blob:"))] == []


def test_narrow_page_does_not_scroll_sideways(front: Front, page: Page) -> None:
    """At 400 pixels the whole review fits the width, however long its texts are."""
    page.goto(f"{front.address}/review?project=flight-delays&pull=7")
    page.locator(".st-key-verdict").wait_for()
    page.locator(".st-key-to-try-it").wait_for()
    widths = (
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )

    assert page.evaluate(widths) == [400, 400]
