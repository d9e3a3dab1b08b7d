"""The ways that people go, in a real browser, wide and narrow; each step leaves a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from greenroom_pipeline.cases import PinnedCase
from tests.portal.front_process import Front, start_front
from tests.portal.journey_desks import PINNED

SCREENSHOTS = Path(__file__).parents[1] / "e2e" / "screenshots"
WIDTHS = [pytest.param(1280, id="wide"), pytest.param(400, id="narrow")]
TITLE = "Add wind and visibility"
FORM = "[data-testid=stMain] input:not([type=checkbox])"
MOST_TABS = 150
FOCUSED = "document.activeElement.closest('a, button')?.innerText || ''"


@dataclass(frozen=True)
class Tried:
    """What *Try it* shows of a row: the fields' values and both models' numbers."""

    form: list[str]
    numbers: list[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("front")


@pytest.fixture(scope="module")
def front(folder: Path) -> Iterator[Front]:
    with start_front("journey_desks:whole", folder=folder) as started:
        yield started


def open_page(browser: Browser, width: int) -> Page:
    """Open a page as somebody else has it: nothing is kept from other pages."""
    return browser.new_page(viewport={"width": width, "height": 900})


@pytest.fixture
def page(browser: Browser, width: int) -> Iterator[Page]:
    page = open_page(browser, width)
    yield page
    page.close()


def picture(page: Page, name: str) -> None:
    assert page.viewport_size is not None
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{page.viewport_size['width']}.png")


def search(page: Page, front: Front, words: str) -> None:
    page.goto(front.address)
    page.get_by_label("Search").fill(words)
    page.get_by_label("Search").press("Enter")
    expect(page.locator("[class*=st-key-review-flight-delays]")).to_have_count(1)


def open_review(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).click()
    page.locator(".st-key-verdict").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_list_to_a_review_that_others_open(
    front: Front, browser: Browser, page: Page, width: int
) -> None:
    """A search finds the review; tab and address name it, and who is sent an address sees the same."""
    search(page, front, "boosting")
    picture(page, "list")
    assert page.url == f"{front.address}/?q=boosting"
    listed = page.url
    open_review(page, "Gradient boosting")
    picture(page, "review")
    expect(page).to_have_title("#9 Gradient boosting for long flights · Greenroom")

    other = open_page(browser, width)
    other.goto(page.url)
    assert other.locator(".st-key-verdict").inner_text() == page.locator(".st-key-verdict").inner_text()
    other.goto(listed)
    expect(other.locator("[class*=st-key-review-flight-delays]")).to_have_count(1)
    other.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_from_a_disagreement_to_a_pinned_case(
    front: Front, browser: Browser, page: Page, folder: Path, width: int
) -> None:
    """A row on which the models disagree is tried, varied, pinned and shared; the review tells of pinned cases."""
    page.goto(front.address)
    open_review(page, TITLE)
    take_a_row(page)
    tried = ask_both(page)
    vary(page)
    pin(page, name=f"Late at {width}", reason="Autumn is late", by="Ada")
    lines = (folder / PINNED).read_text().splitlines()
    case = PinnedCase.model_validate_json(lines[-1])
    assert (case.name, case.reason, case.by) == (f"Late at {width}", "Autumn is late", "Ada")
    assert str(case.row["distance"]) in tried.form

    other = open_page(browser, width)
    other.goto(share(page))
    expect(other.locator(".st-key-champion-number")).to_be_visible()
    expect(other.locator(FORM)).to_have_count(len(tried.form))
    assert read_tried(other) == tried
    other.close()

    page.get_by_role("link", name="Back to the review").click()
    expect(page.locator(".st-key-broken-case-0")).to_contain_text("Broken: HA 17 in winter")
    page.locator(".st-key-met-cases summary").click()
    expect(page.locator(".st-key-met-cases [data-testid=stDataFrame]")).to_be_visible()
    picture(page, "cases")


def take_a_row(page: Page) -> None:
    page.locator(".st-key-differ-pane summary").first.click()
    first = page.locator(".st-key-differ-pane").get_by_role("link", name="Try row").first
    first.scroll_into_view_if_needed()
    picture(page, "disagreements")
    first.click()


def ask_both(page: Page) -> Tried:
    """Wait for the answers that the address asks for, and ask once more by hand."""
    page.locator(".st-key-champion-number").wait_for()
    page.locator(".st-key-try-it button").click()
    page.locator(".st-key-pin-case").scroll_into_view_if_needed()
    picture(page, "answers")
    return read_tried(page)


def read_tried(page: Page) -> Tried:
    """Return what the form holds and both models say, once the page has come to rest."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    for who in ("candidate", "champion"):
        expect(page.locator(f".st-key-{who}-number")).to_contain_text("%")
    numbers = [page.locator(f".st-key-{who}-number").inner_text() for who in ("candidate", "champion")]
    return Tried([each.input_value() for each in page.locator(FORM).all()], numbers)


def vary(page: Page) -> None:
    page.locator(".st-key-what-if summary").first.click()
    page.locator(".st-key-chart-what-if").locator("canvas, svg").first.wait_for()
    expect(page.locator(".st-key-what-if-sentence")).not_to_be_empty()
    page.locator(".st-key-what-if-sentence").scroll_into_view_if_needed()
    picture(page, "what-if")


def pin(page: Page, *, name: str, reason: str, by: str) -> None:
    page.locator(".st-key-pin-case button").click()
    dialog = page.get_by_role("dialog")
    for key, text in (("name", name), ("reason", reason), ("by", by)):
        dialog.locator(f".st-key-pin-{key} input").fill(text)
    picture(page, "pin")
    dialog.locator(".st-key-pin-confirm button").click()
    expect(page.locator(".st-key-pinned-case")).to_contain_text(name)
    expect(dialog).to_have_count(0)


def share(page: Page) -> str:
    """Copy the address with the button beside it."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".st-key-sharing summary").click()
    shown = page.locator(".st-key-share-address")
    shown.hover()
    shown.get_by_role("button").click()
    picture(page, "shared")
    copied: str = page.evaluate("navigator.clipboard.readText()")
    return copied


@pytest.mark.parametrize("width", [1280])
def test_from_the_list_to_the_answers_by_keyboard(front: Front, page: Page) -> None:
    """Tab and Enter alone lead from the list over a review to both models' answers."""
    page.goto(front.address)
    page.get_by_role("link", name=TITLE).wait_for()
    press(page, TITLE)
    page.locator(".st-key-happened").wait_for()
    press(page, "Try it: ask both models")
    page.locator(".st-key-try-it").wait_for()
    press(page, "Ask both models")

    expect(page.locator(".st-key-champion-number")).to_be_visible()


def press(page: Page, words: str) -> None:
    """Press Enter on what says *words*, once Tab has led there."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if words in page.evaluate(FOCUSED):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab leads to nothing that says {words!r}")


@pytest.mark.parametrize("width", WIDTHS)
def test_to_the_previews_by_keyboard(front: Front, page: Page, width: int) -> None:
    """The navigation is reached by keyboard at either width."""
    page.goto(front.address)
    page.locator("h1").wait_for()
    if width < 800:
        page.get_by_test_id("stExpandSidebarButton").locator("button").or_(
            page.locator("button[data-testid=stExpandSidebarButton]")
        ).first.press("Enter")
    page.get_by_role("link", name="Previews").first.press("Enter")
    page.locator(".st-key-preview-production").wait_for()
    picture(page, "previews")

    assert page.url == f"{front.address}/previews"
