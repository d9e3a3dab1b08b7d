"""A Bento's own word on whose model it holds: a candidate's file, small and plain or not believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from greenroom_services.errors import BundleRefused
from greenroom_services.sandbox import open_plain

KEYS = ("name", "version", "digest")
MAX_BYTES = 64 * 2**10
MAX_CHARACTERS = 200


def read_identity(bento: Path) -> dict[str, str | None]:
    """Return name, version and digest of the Bento's model, as far as it says them in plain texts."""
    try:
        said = _load(bento)
    except (OSError, ValueError, RecursionError):
        return {}
    return {key: said[key] for key in KEYS if _is_plain(said.get(key))}


def require_identity(bento: Path) -> dict[str, str | None]:
    """Return the same, or raise `BundleRefused` where the Bento does not say all of it as the packer writes it."""
    try:
        said = _load(bento)
    except (OSError, ValueError, RecursionError):
        raise BundleRefused(
            f"the bundle's Bento has no src/identity.json, or none of JSON in at most {MAX_BYTES // 2**10} KiB;"
            " package the model again"
        ) from None
    wrong = next((key for key in KEYS if not _is_plain(said.get(key))), None)
    if wrong is not None:
        raise BundleRefused(
            f"the bundle's src/identity.json has as {wrong} no text of at most {MAX_CHARACTERS} characters;"
            " package the model again"
        )
    return {key: said[key] for key in KEYS}


def _load(bento: Path) -> dict[str, Any]:
    with open_plain(bento / "src" / "identity.json") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError("too large")
    said = json.loads(content.decode())
    if not isinstance(said, dict):
        raise ValueError("no object")
    return said


def _is_plain(value: object) -> bool:
    """Say whether it is a short text that every answer can carry: JSON also writes halves of characters."""
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)
