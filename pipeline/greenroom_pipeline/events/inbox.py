"""The inbox: a queue of hints on disk, which the front fills and the server's worker empties."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from greenroom_pipeline.errors import InboxError

_log = logging.getLogger(__name__)
FILE = "inbox.db"
REMEMBERED = 30 * 86_400.0
"""Seconds for which a delivery is known again: the forge sends one anew for as long as it keeps it."""
LEASE = 60.0
"""Seconds after which what was taken and not brought back is given out again."""
MOST_WAITING = 10_000
MOST_TRIES = 10
MOST_BACKOFF = 3_600.0
_PATIENCE = 5.0
_TABLES = """
create table if not exists event (
    delivery text primary key,
    name text not null,
    payload text not null,
    received real not null,
    due real not null,
    tries integer not null default 0,
    state text not null default 'waiting',
    reason text not null default ''
) without rowid;
create index if not exists event_due on event (state, due);
"""


@dataclass(frozen=True)
class Event:
    delivery: str
    name: str
    payload: Mapping[str, Any]
    tries: int
    """How often it has been taken, this time included."""


class Inbox:
    """Events by the id of their delivery, each once. Any number of processes may use the file at *path*."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    def add(self, delivery: str, name: str, payload: Mapping[str, Any]) -> bool:
        """Keep an event; False for a delivery that is known already. `InboxError` when there is no room for it."""
        now = self._clock()
        with self._opened() as table:
            table.execute(
                "delete from event where state in ('done', 'failed') and received < ?", [now - REMEMBERED]
            )
            if _count_waiting(table) >= MOST_WAITING:
                raise InboxError(
                    f"{MOST_WAITING:,} events wait already; see in the log of `greenroom serve` why"
                )
            values = [delivery, name, json.dumps(payload), now, now]
            statement = "insert into event (delivery, name, payload, received, due) values (?, ?, ?, ?, ?)"
            return table.execute(f"{statement} on conflict do nothing", values).rowcount == 1

    def note(self, name: str, payload: Mapping[str, Any]) -> None:
        """Keep an event of our own, which nobody delivers twice."""
        self.add(str(uuid4()), name, payload)

    def take(self) -> Event | None:
        """Return the event that has been due for longest, or None; whoever takes it says `done` or `postpone`."""
        now = self._clock()
        with self._opened() as table:
            columns = "delivery, name, payload, tries"
            chosen = f"select {columns} from event where state = 'waiting' and due <= ? order by due limit 1"
            found = table.execute(chosen, [now]).fetchone()
            if found is None:
                return None
            delivery, name, payload, tries = found
            # Where it is not brought back it is due again, and nothing else tells of a crash.
            table.execute(
                "update event set due = ?, tries = tries + 1 where delivery = ?", [now + LEASE, delivery]
            )
        event = Event(delivery, name, json.loads(payload), tries + 1)
        if event.tries <= MOST_TRIES:
            return event
        self._fail(event, "whoever took it never came back")
        return self.take()

    def done(self, event: Event) -> None:
        """Forget what the event said; that it came is remembered."""
        self._end(event, "done", "")

    def postpone(self, event: Event, seconds: float, reason: str) -> None:
        """Give the event out again in *seconds*, in twice as many each further time, and at some time no more."""
        if event.tries >= MOST_TRIES:
            self._fail(event, reason)
            return
        due = self._clock() + min(seconds * 2 ** (event.tries - 1), MOST_BACKOFF)
        with self._opened() as table:
            table.execute(
                "update event set due = ?, reason = ? where delivery = ?", [due, reason, event.delivery]
            )

    def _fail(self, event: Event, reason: str) -> None:
        _log.error(
            "event %s (%s) is given up after %d tries: %s", event.delivery, event.name, event.tries, reason
        )
        self._end(event, "failed", reason)

    def _end(self, event: Event, state: str, reason: str) -> None:
        with self._opened() as table:
            table.execute(
                "update event set state = ?, reason = ?, payload = '{}' where delivery = ?",
                [state, reason, event.delivery],
            )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Give the table in a transaction. It is made where it is not: the file may be deleted at any time."""
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute("pragma journal_mode = wal")
                connection.executescript(_TABLES)
                connection.execute("begin immediate")
                with connection:
                    yield connection
        except sqlite3.Error as error:
            raise InboxError(
                f"{self._path} cannot be used ({error}); delete it when it is damaged: what it held is found anew"
            ) from error


def _count_waiting(table: sqlite3.Connection) -> int:
    return int(table.execute("select count(*) from event where state = 'waiting'").fetchone()[0])
