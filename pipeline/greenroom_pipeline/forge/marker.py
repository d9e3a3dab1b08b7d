"""The line by which our comments are known, and how much fits beside it; the same on every forge."""

from __future__ import annotations

from greenroom_pipeline.errors import ForgeError

MOST_CHARACTERS = 65_536
"""Of a comment on GitHub, the marker included."""


def mark(key: str) -> str:
    """Return the marker of a key: a comment's first line, which GitHub does not show."""
    return f"<!-- greenroom:{key} -->"


def is_marked(body: str) -> bool:
    """Say whether a comment begins as ours do, whatever its key: anybody can plant a marker."""
    return body.startswith("<!-- greenroom:")


def mark_text(key: str, text: str) -> str:
    """Return the comment that a text becomes; `ForgeError` for one that is too long."""
    body = f"{mark(key)}\n{text}"
    if len(body) > MOST_CHARACTERS:
        raise ForgeError(
            f"a comment of {len(body):,} characters is longer than GitHub takes ({MOST_CHARACTERS:,}); cut it"
        )
    return body
