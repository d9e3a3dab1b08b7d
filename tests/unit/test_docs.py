"""Every setting, command and part of the report is documented, and every page is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from greenroom_pipeline.examining.workflow import ALONE, WITH_SERVER
from greenroom_pipeline.forge.app_rights import RIGHTS
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


def test_each_right_on_github_is_explained() -> None:
    """Whoever is asked for a right, in a workflow or for the App, finds what it is for."""
    page = (DOCS / "github.md").read_text()

    asked = [*RIGHTS.items(), *((name, (level, "")) for name, level in (ALONE | WITH_SERVER).items())]
    assert [name for name, (level, _) in asked if f"| `{name}: {level}` |" not in page] == []


def test_the_action_is_explained() -> None:
    """Each input and output of the action is on the page."""
    action = yaml.safe_load((DOCS.parent / "action.yml").read_text())
    page = (DOCS / "github.md").read_text()

    assert [name for name in (*action["inputs"], *action["outputs"]) if f"| `{name}` |" not in page] == []


def test_each_page_and_picture_is_found() -> None:
    """Whoever starts at the README comes to every page and sees every picture; no link leads nowhere."""
    found, waiting = set[Path](), [DOCS.parent / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in found:
            found.add(page)
            waiting += list_links(page)

    assert [path for path in found if not path.exists()] == []
    assert {*DOCS.glob("*.md"), *DOCS.glob("images/*")} - found == set()


def list_links(page: Path) -> Iterator[Path]:
    """Yield the files of this repository that a page names."""
    if page.suffix == ".md" and page.is_file():
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
            yield (page.parent / target).resolve()
