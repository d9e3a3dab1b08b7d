"""Fetching a file from where GitHub leads, which is GitHub's own store or nowhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from greenroom_pipeline.errors import ForgeError

_STORES = (".blob.core.windows.net", ".githubusercontent.com")
_SECONDS = 30.0
"""Without a byte."""
_MOST_SECONDS = 900.0
# What is packed may come for ever, and be nothing.
_AS_IT_IS = {"Accept-Encoding": "identity"}


def download(address: str, into: Path, *, api: str, most_bytes: int) -> None:
    """Write what is at *address* to the file *into*, without a credential; *into* is whole or not there."""
    if not is_githubs_own(address, api=api):
        host = urlsplit(address).hostname or "nowhere"
        raise ForgeError(
            f"GitHub leads to {host} for an artifact, which is no store of its own; it is not fetched"
        )
    part = into.with_name(f"{into.name}.part")
    try:
        with httpx.stream(
            "GET", address, headers=_AS_IT_IS, timeout=_SECONDS, follow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise ForgeError(f"GitHub's store answers {answer.status_code} for an artifact; try again")
            _write(part, answer.iter_raw(), most_bytes)
        part.replace(into)
    except httpx.HTTPError as error:
        kind = type(error).__name__
        raise ForgeError(f"GitHub's store broke off an artifact ({kind}); try again") from error
    finally:
        part.unlink(missing_ok=True)


def _write(into: Path, parts: Iterable[bytes], most_bytes: int) -> None:
    written, end = 0, time.monotonic() + _MOST_SECONDS
    with into.open("wb") as file:
        for part in parts:
            written += len(part)
            if written > most_bytes:
                raise ForgeError(
                    f"an artifact is larger than the {most_bytes:,} bytes that are taken; make the model smaller"
                )
            if time.monotonic() > end:
                raise ForgeError(f"an artifact was not there within {_MOST_SECONDS:g} seconds; try again")
            file.write(part)


def is_githubs_own(address: str, *, api: str) -> bool:
    """Say whether an address is the API's own, under its domain, or in a store where GitHub keeps artifacts."""
    parts, own = urlsplit(address), urlsplit(api)
    host, home = parts.hostname or "", (own.hostname or "").removeprefix("api.")
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return True
    return parts.scheme == "https" and (host == home or host.endswith((f".{home}", *_STORES)))
