"""GitHub's pages, as its answers name them: what is shown to people as a link is one of its own, or none."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# A backslash is a slash to browsers, and a name before @ is no host.
_PAGE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[^\s\\<>\"`\x00-\x20\x7f-\U0010ffff]*)?")


def read_page(address: str, *, api: str) -> str | None:
    """Return the address of a page on the host of the API or of its pages; None for any other."""
    if not _PAGE.fullmatch(address):
        return None
    try:
        given, known = urlsplit(address).netloc.lower(), urlsplit(api).netloc.lower()
    except ValueError:
        return None
    return address if given in (known, known.removeprefix("api.")) else None
