"""The ways that people go, in a real browser, wide and narrow; each step leaves a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.front_process import Front, start_front

SCREENSHOTS = Path(__file__).parents[1] / "e2e" / "screenshots"
WIDTHS = [pytest.param(1280, id="wide"), pytest.param(400, id="narrow")]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with start_front("everything_hosted", folder=tmp_path_factory.mktemp("front")) as started:
        yield started


def picture(page: Page, name: str, width: int) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png")


def search(page: Page, front: Front, words: str) -> None:
    page.goto(front.address)
    page.get_by_label("Search").fill(words)
    page.get_by_label("Search").press("Enter")
    expect(page.locator("[class*=st-key-review-flight-delays]")).to_have_count(1)


def open_review(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).click()
    page.locator(".st-key-verdict").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_list_to_a_review_that_others_open(front: Front, browser: Browser, width: int) -> None:
    """A search finds the review; tab and address name it, and who is sent an address sees the same."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    search(page, front, "boosting")
    picture(page, "list", width)
    assert page.url == f"{front.address}/?q=boosting"
    listed = page.url
    open_review(page, "Gradient boosting")
    picture(page, "review", width)
    expect(page).to_have_title("#9 Gradient boosting for long flights · Greenroom")

    other = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    other.goto(page.url)
    assert other.locator(".st-key-verdict").inner_text() == page.locator(".st-key-verdict").inner_text()
    other.goto(listed)
    expect(other.locator("[class*=st-key-review-flight-delays]")).to_have_count(1)
    other.context.close()
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_to_the_previews_by_keyboard(front: Front, browser: Browser, width: int) -> None:
    """The navigation is reached by keyboard at either width."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(front.address)
    page.locator("h1").wait_for()
    if width < 800:
        page.get_by_test_id("stExpandSidebarButton").locator("button").or_(
            page.locator("button[data-testid=stExpandSidebarButton]")
        ).first.press("Enter")
    page.get_by_role("link", name="Previews").first.press("Enter")
    page.locator(".st-key-preview-production").wait_for()
    picture(page, "previews", width)

    assert page.url == f"{front.address}/previews"
    page.close()
