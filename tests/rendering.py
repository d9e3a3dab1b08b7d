"""Markdown as GitHub reads it, by its own library, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

# What GitHub looks for in text when Markdown has been read.
LATE = (
    r"(?<![\w/])@[A-Za-z\d]",
    r"#\d",
    r"\bGH-\d",
    r"\w://\w",
    r"www\.\w",
    r":[a-z_]+:",
)


def render(text: str) -> str:
    return str(
        github_flavored_markdown_to_html(
            text, Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_HARDBREAKS
        )
    )


@dataclass
class Page(HTMLParser):
    """What a browser makes of it: elements in order, addresses, text, and remarks that nobody sees."""

    html: str
    elements: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    """Text outside of code, in which mentions and references take effect."""
    code: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(" ".join([tag, *sorted(name for name, _ in attrs)]))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        self._depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(f"/{tag}")
        self._depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        (self.code if self._depth else self.prose).append(data)

    def handle_comment(self, data: str) -> None:
        self.remarks.append(data.strip())


def read_page(text: str) -> Page:
    return Page(render(text))


def find_late(text: str) -> list[str]:
    """Return what GitHub would link or replace in a text, outside of links and code."""
    return [found[0] for late in LATE for found in re.finditer(late, text)]
