"""Where a repository's remote `origin` is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from greenroom_pipeline.repository import Repository


def find_origin(repository: Repository) -> tuple[str | None, str | None]:
    """Return host and `owner/name` of the remote `origin`, or of neither where it is a folder or missing."""
    if not repository.asks("remote", "get-url", "origin"):
        return None, None
    url = repository.git("remote", "get-url", "origin")
    # git@host:owner/name.git has no scheme.
    short = re.fullmatch(r"(?:[\w.-]+@)?([\w.-]+):([^/].*)", url) if "://" not in url else None
    host = short[1] if short else urlsplit(url).hostname
    path = short[2] if short else urlsplit(url).path
    found = re.fullmatch(r"/*([\w.-]+/[\w.-]+?)(?:\.git)?/?", path)
    return (host, found[1]) if host and found else (None, None)
