"""The host's log is a line an event, and what previews print stays short."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from greenroom_services.host.logs import LOG_BYTES, JsonFormatter, bound_log, read_log


def test_an_event_is_one_line() -> None:
    """Time, level, event, what it is about and the sentence; a line break in it stays inside the line."""
    logger, extra = logging.getLogger("host"), {"event": "died", "project": "flights", "slot": "7"}
    record = logger.makeRecord(
        "host", logging.WARNING, "x.py", 1, "%s ended\n%d", ("it", 9), None, None, extra
    )

    line = JsonFormatter().format(record)

    assert "\n" not in line
    content = json.loads(line)
    assert content.pop("time").endswith("+00:00")
    assert content == {
        "level": "warning",
        "event": "died",
        "project": "flights",
        "slot": "7",
        "message": "it ended\n9",
    }


def test_a_defect_brings_its_traceback() -> None:
    """What nobody expected is in the log with the place where it happened."""
    try:
        raise KeyError("oops")
    except KeyError:
        record = logging.LogRecord("host", logging.ERROR, "x.py", 1, "a defect", None, sys.exc_info())

    content = json.loads(JsonFormatter().format(record))

    assert (content["event"], content["message"]) == ("message", "a defect")
    assert "KeyError: 'oops'" in content["traceback"]


def test_a_long_log_is_moved_aside(tmp_path: Path) -> None:
    """However much is printed, two files of bounded size stay, and who appends goes on in the first."""
    log = tmp_path / "log"
    with log.open("ab") as preview:
        for number in range(3):
            preview.write(b"".join(b"%d %06d word word word\n" % (number, line) for line in range(400_000)))
            preview.flush()
            bound_log(log)
        assert log.stat().st_size == 0
        assert "2 399999 word" in read_log(log)
        preview.write(b"last words\n")

    assert log.read_text() == "last words\n"
    assert read_log(log).splitlines()[-2:] == ["2 399999 word word word", "last words"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= LOG_BYTES + 100


def test_a_short_log_stays(tmp_path: Path) -> None:
    """Nothing is moved before there is much, nor where there is nothing, nor through a link."""
    log, victim = tmp_path / "log", tmp_path / "victim"
    log.write_text("a line\n")
    victim.write_bytes(b"x" * (LOG_BYTES + 1))
    (tmp_path / "link").symlink_to(victim)

    for name in ("log", "absent", "link"):
        bound_log(tmp_path / name)

    assert read_log(log) == "a line\n"
    assert victim.stat().st_size == LOG_BYTES + 1
    assert read_log(tmp_path / "absent") == ""
