"""What changes for whom, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from greenroom_pipeline.frequencies import say_share
from greenroom_pipeline.movements import Movement
from greenroom_pipeline.words import Words, call_class, call_slice
from greenroom_portal.tales import Effect, Tale
from greenroom_portal.wording import MISSING, clean, signed


def tale_frame(tales: Sequence[Tale], words: Words) -> pd.DataFrame:
    """Return a row for each slice, in the order of *tales*."""
    rows = [
        {
            "Slice": clean(call_slice(words, tale.column, tale.value), longest=80),
            clean(words.rows).capitalize(): f"{tale.rows:,}",
            **(_write_movement(tale.movement, words) if tale.movement else {}),
            "Shown to be": _say(tale.effect, words),
        }
        for tale in tales
    ]
    return pd.DataFrame(rows).fillna(MISSING)


def _say(effect: Effect, words: Words) -> str:
    said: dict[Effect, str] = {"unclear": "neither", "few": f"nothing: too few {clean(words.rows)}"}
    return said.get(effect, effect)


def _write_movement(one: Movement, words: Words) -> dict[str, str]:
    if one.changed is None:
        return {
            "Shift": signed(one.shift),
            "Nearer the truth": f"{one.closer or 0:,}",
            "Farther from it": f"{one.farther or 0:,}",
        }
    first = one.moves[0] if one.moves else None
    names = (
        [clean(call_class(words, each), longest=40) for each in (first.before, first.after)] if first else []
    )
    return {
        "Another answer": f"{one.changed:,} ({say_share(one.changed, one.rows)})",
        "Right now": f"{one.fixed or 0:,}",
        "Wrong now": f"{one.broken or 0:,}",
        "Most frequent": f"{' → '.join(names)} ({first.rows:,})" if first else MISSING,
    }
