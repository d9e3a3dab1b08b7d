"""How the portal is built, held by its own source."""

from __future__ import annotations

import pytest

from greenroom_portal import data
from greenroom_portal.router import VIEWS

PORTAL = VIEWS.parent


@pytest.mark.parametrize("script", sorted(VIEWS.glob("*.py")), ids=lambda path: path.stem)
def test_a_page_script_is_short_and_asks_no_desk(script: object) -> None:
    """A page has at most 60 lines, and reads through the loaders alone."""
    text = (VIEWS / str(script)).read_text(encoding="utf-8")

    assert text.count("\n") <= 60
    assert "get_desk" not in text


def test_one_module_caches() -> None:
    """What is remembered between reruns is remembered in one place, where it is forgotten as well."""
    caching = {path for path in PORTAL.rglob("*.py") if "st.cache_" in path.read_text(encoding="utf-8")}

    assert caching == {PORTAL / "data.py"}
    assert callable(getattr(data, "forget_what_changes", None))
