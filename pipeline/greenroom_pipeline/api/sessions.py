"""Upload sessions: what a job's OIDC token is traded for, for a quarter of an hour and one commit of one pull request.

They are kept in memory alone: a job whose session is gone, with a restart for instance, trades again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from greenroom_pipeline.api.identity import Sender
from greenroom_services.tokens import ID_BYTES, SECRET_BYTES, read_clock

PREFIX = "grs"
SHAPE = re.compile(r"grs_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
LIFE = timedelta(minutes=15)
MOST_OF_ONE_PULL = 8


@dataclass(frozen=True)
class Session:
    sender: Sender
    sha256: str
    """Of its secret, which is not kept."""
    expires: datetime


class Sessions:
    """The sessions that live; of one pull request's the oldest ends when there are too many."""

    def __init__(self, *, now: Callable[[], datetime] = read_clock) -> None:
        self._now = now
        self._lock = Lock()
        self._living: dict[str, Session] = {}

    def open(self, sender: Sender) -> tuple[str, datetime]:
        """Return a new session's text, which is not kept, and when it ends."""
        number, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        now = self._now()
        session = Session(sender, _digest(secret), now + LIFE)
        with self._lock:
            living = {id: each for id, each in self._living.items() if each.expires > now}
            own = [id for id, each in living.items() if _pull(each.sender) == _pull(sender)]
            for oldest in own[: max(0, len(own) + 1 - MOST_OF_ONE_PULL)]:
                del living[oldest]
            self._living = living | {number: session}
        return f"{PREFIX}_{number}_{secret}", session.expires

    def find(self, credential: str) -> Sender | None:
        shape = SHAPE.fullmatch(credential)
        session = self._living.get(shape[1]) if shape else None
        # Compared also where there is no such session, so that the time tells nothing.
        right = secrets.compare_digest(
            _digest(shape[2] if shape else ""), session.sha256 if session else "0" * 64
        )
        return session.sender if session is not None and right and session.expires > self._now() else None


def _pull(sender: Sender) -> tuple[str, str]:
    return sender.project, sender.slot


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
