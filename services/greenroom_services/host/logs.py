"""Logs: the host's own as one line an event, and the previews', kept short whatever they print."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from greenroom_services.sandbox import TAIL_BYTES, open_plain, tail

LOG_BYTES = 5 * 2**20
# What each record has anyway; the rest was given by `extra`.
PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object: time, level, event, message, and what `extra` gave."""

    def format(self, record: logging.LogRecord) -> str:
        given = {key: value for key, value in vars(record).items() if key not in PLAIN}
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": given.pop("event", "message"),
            **given,
            "message": record.getMessage(),
        }
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False, default=str)


def configure_logging() -> None:
    """Log to standard error: plainly for people at a terminal, as JSON for everybody else."""
    handler = logging.StreamHandler()
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    else:
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)


def bound_log(log: Path) -> None:
    """Move what is in *log* to `log.1` when it has grown too long; what writes to it appends, and goes on."""
    try:
        # Space may be taken beyond a file's end.
        if max(log.stat().st_size, log.stat().st_blocks * 512) <= LOG_BYTES:
            return
        kept = tail(log, size=LOG_BYTES).encode()
        with open_plain(log):  # a link would lead elsewhere
            log.with_name(log.name + ".1").write_bytes(kept)
        with log.open("ab") as file:
            file.truncate(0)
    except OSError:
        return


def read_log(log: Path) -> str:
    """Return the last lines of *log*, with those that were moved aside just before."""
    newest = tail(log)
    if len(newest) >= TAIL_BYTES // 2:
        return newest
    return tail(log.with_name(log.name + ".1"), size=TAIL_BYTES // 2) + newest
