"""axe-core, which finds what keeps people with a keyboard or a screen reader out, run in a real page."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page

from tests.node import find_modules

COUNTED = ("serious", "critical")
# What Streamlit draws and no option changes, each with where and why.
UNFIXABLE: dict[tuple[str, str], str] = {}


@cache
def _source() -> str:
    return (find_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def find_barriers(page: Page) -> list[str]:
    """Return the serious and critical findings on the page as it is now, one line each.

    The page's context has to be made with `bypass_csp`: the front lets no script in that is not its own.
    """
    page.evaluate(_source())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][0]} {node.get('failureSummary', '')!r}"
        for rule in found["violations"]
        if rule["impact"] in COUNTED
        for node in rule["nodes"]
        if not any(rule["id"] == name and part in str(node["html"]) for name, part in UNFIXABLE)
    ]
