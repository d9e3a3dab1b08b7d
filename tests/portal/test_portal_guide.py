from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser

from greenroom_portal.guide import ADDRESS, COOKIE
from tests.portal.conftest import OpenPage
from tests.portal.front_process import start_front

REVIEW = "/review?project=flight-delays&pull=7"


def test_the_guide_stands_below_the_verdict(open_page: OpenPage) -> None:
    """Who comes first reads the verdict first; one click takes the guide away."""
    app = open_page("passing", pull=7)
    keys = [button.key for button in app.button]
    assert app.success[0].value.startswith("**Pass.**")
    assert "guide-done" in keys

    app.button(key="guide-done").click().run()
    assert "guide-done" not in [button.key for button in app.button]
    assert app.success[0].value.startswith("**Pass.**")


def test_the_guide_is_read_once(browser: Browser, tmp_path: Path) -> None:
    """What was read stays read over reloads and new tabs, by a cookie that no script and no other site sees."""
    with start_front("passing", folder=tmp_path) as front:
        context = browser.new_context()
        page = context.new_page()
        page.goto(front.address + REVIEW)
        page.locator(".st-key-guide summary").click()
        with page.expect_response(lambda answer: answer.url.endswith(ADDRESS)):
            page.locator(".st-key-guide-done button").click()
        another = context.new_page()
        another.goto(front.address + REVIEW)
        another.locator(".st-key-happened").wait_for()

        assert another.locator(".st-key-guide").count() == 0
        cookie = next(each for each in context.cookies() if each["name"] == COOKIE)
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["value"]) == (True, "Lax", "read")
        answer = httpx.get(front.address + ADDRESS, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403
        context.close()
