"""What an event of the forge says at a place, whatever else came: of it nothing is taken for granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


def find(payload: Any, *path: str) -> Any:
    """Return what stands at *path*; None where there is no such place."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def find_text(payload: Any, *path: str) -> str:
    """Return the text at *path*; nothing where there is none."""
    found = find(payload, *path)
    return found if isinstance(found, str) else ""


def find_number(payload: Any, *path: str) -> int | None:
    found = find(payload, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
