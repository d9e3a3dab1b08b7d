"""Runs one of Greenroom's scripts on a candidate: in the model's environment, in a sandbox, with an end."""

from __future__ import annotations

import json
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom_services.environments import Environment
from greenroom_services.errors import ModelError
from greenroom_services.sandbox import launch, open_plain, tail

MESSAGE_CHARACTERS = 300
OUTCOME_BYTES = 64_000


@dataclass(frozen=True)
class Wording:
    """What a script's failures are called, each a format string."""

    late: str
    """Of {seconds}."""
    broken: str
    """It ended without an answer; of {ending}."""
    steps: Mapping[str, str]
    """By the step that failed; of {reason}, which is the error's type and {message}, and {mend}."""
    missing: str
    """The {mend} for a module that is not there; else it is the log."""


def run_script(
    script: Path,
    request: Mapping[str, Any],
    *,
    output: Path,
    environment: Environment,
    log: Path,
    timeout: float,
    wording: Wording,
) -> None:
    """Run *script* on *request*, a JSON document, and return when it has left *output*.

    Raises `ModelError` when it says why it could not (in `outcome.json` beside the request), crashes, takes
    longer than *timeout* seconds or leaves no output.
    """
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="greenroom-script-") as folder:
        path = Path(folder) / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        status = _run(script, path, environment=environment, log=log, timeout=timeout, wording=wording)
        if status != 0 or not _is_plain(output):
            outcome = _read_outcome(path.with_name("outcome.json"))
            raise ModelError(_explain(outcome, status, wording), log=tail(log))


def _run(
    script: Path, request: Path, *, environment: Environment, log: Path, timeout: float, wording: Wording
) -> int:
    process = launch(script, str(request), environment=environment, folder=request.parent, log=log)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise ModelError(wording.late.format(seconds=f"{timeout:g}"), log=tail(log)) from None
    finally:
        process.stop()


def _is_plain(output: Path) -> bool:
    """Say whether a file or folder is there: a link would lead elsewhere, and a pipe have its reader wait."""
    try:
        mode = output.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _read_outcome(path: Path) -> dict[str, str]:
    """Return what the script left, nothing when it crashed; plain texts, as the model could write it too."""
    try:
        with open_plain(path) as file:
            outcome = json.loads(file.read(OUTCOME_BYTES))
        return {key: str(outcome[key]) for key in ("step", "type", "message")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _explain(outcome: dict[str, str], status: int, wording: Wording) -> str:
    step = wording.steps.get(outcome.get("step", ""))
    if step is None:
        ending = f"signal {-status}" if status < 0 else f"exit status {status}"
        return wording.broken.format(ending=ending)
    message = _shorten(outcome["message"])
    reason = _shorten(f"{outcome['type']}: {outcome['message']}")
    missing = outcome["type"] in ("ModuleNotFoundError", "ImportError")
    mend = wording.missing if missing else "its log says where"
    return step.format(reason=reason, message=message, mend=mend)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_CHARACTERS else f"{line[: MESSAGE_CHARACTERS - 1]}…"
