"""The ids of OIDC tokens that were used, in a file: none is taken twice, also after a restart."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from greenroom_pipeline.errors import ProofError, StoreError

FILE = "oidc.db"
WAIT_SECONDS = 10.0
TABLE = "CREATE TABLE IF NOT EXISTS used (id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID"


class Replays:
    """What was used, in the SQLite file *path*; times are seconds since 1970."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def use(self, jti: str, *, until: float, now: float) -> None:
        """Remember the token of this id until it has expired; `ProofError` when it was used before.

        `StoreError` when that cannot be written down: then nobody is let in.
        """
        # Of a fixed length, whatever an issuer takes for an id.
        name = hashlib.sha256(jti.encode()).hexdigest()
        try:
            with self._writing() as table:
                table.execute("DELETE FROM used WHERE until < ?", (now,))
                table.execute("INSERT INTO used VALUES (?, ?)", (name, until))
        except sqlite3.IntegrityError:
            raise ProofError("the token was used before (jti); fetch a fresh one") from None
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path.name} cannot be written ({error}); see the server's disk"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self._path, timeout=WAIT_SECONDS)) as connection, connection:
            connection.execute(TABLE)
            yield connection
