"""Addresses that may become links: pages of the web alone, and of the forge where they are to be the forge's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Nothing that ends a link in Markdown, no name before the host, and no other scheme.
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_PAGE = re.compile(rf"https?://{_HOST}(?:[/?#][\w.~:/?#@!$&*+,;=%-]*)?", re.ASCII)
_PULL = re.compile(r"(/[\w./-]+)/pull/\d+/?", re.ASCII)
_SHA = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


def read_link(address: str | None) -> str | None:
    """Return the address where it is a page's; None for what is none, or could be more than a page."""
    return address if address is not None and _PAGE.fullmatch(address) else None


def read_link_of(address: str | None, *, site: str | None) -> str | None:
    """Return the address where it is a page of the same site as another page."""
    found, known = read_link(address), read_link(site)
    if found is None or known is None:
        return None
    return found if _locate(found) == _locate(known) else None


def address_commit(pull: str | None, sha: str) -> str | None:
    """Return a commit's page beside that of a pull request on GitHub."""
    known = read_link(pull)
    if known is None or not _SHA.fullmatch(sha):
        return None
    parts = urlsplit(known)
    repository = _PULL.fullmatch(parts.path)
    return f"{parts.scheme}://{parts.netloc}{repository[1]}/commit/{sha}" if repository else None


def _locate(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()
