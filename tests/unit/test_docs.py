"""Every setting, command and part of the report is documented."""

from __future__ import annotations

import pytest

from tests.reference import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_reference_pages_are_up_to_date(name: str) -> None:
    """The page says what the code says; `python -m tests.reference` writes it anew."""
    assert (DOCS / name).read_text() == PAGES[name]()


@pytest.mark.parametrize("name", ["settings.md", "commands.md"])
def test_nothing_is_without_help(name: str) -> None:
    """No setting, command or option lacks its sentence."""
    assert "None" not in PAGES[name]()
    assert "|  |\n" not in PAGES[name]()
