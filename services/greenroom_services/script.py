"""Runs one of Greenroom's scripts on a candidate: in the model's environment, in a sandbox, with an end."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenroom_services.environments import Environment
from greenroom_services.errors import ModelError
from greenroom_services.sandbox import launch, tail

MESSAGE_CHARACTERS = 300
OUTCOME_BYTES = 64_000


def run_script(
    script: Path,
    request: Mapping[str, Any],
    *,
    output: Path,
    environment: Environment,
    log: Path,
    timeout: float,
) -> None:
    """Run *script* on *request*, a JSON document, and return when it has left *output*.

    Raises `ModelError` when it says why it could not (in `outcome.json` beside the request), crashes, takes
    longer than *timeout* seconds or leaves no output.
    """
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="greenroom-script-") as folder:
        path = Path(folder) / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        status = _run(script, path, environment=environment, log=log, timeout=timeout)
        if status != 0 or not output.exists():
            outcome = _read_outcome(path.with_name("outcome.json"))
            raise ModelError(_explain(outcome, status), log=tail(log))


def _run(script: Path, request: Path, *, environment: Environment, log: Path, timeout: float) -> int:
    process = launch(script, str(request), environment=environment, folder=request.parent, log=log)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        message = (
            f"the model did not answer within {timeout:g} seconds; make it faster or the holdout smaller"
        )
        raise ModelError(message, log=tail(log)) from None
    finally:
        process.stop()


def _read_outcome(path: Path) -> dict[str, Any]:
    """Return what the script left, nothing when it crashed; texts only, as the model could write it too."""
    try:
        with path.open("rb") as file:
            outcome = json.loads(file.read(OUTCOME_BYTES))
        return {key: str(outcome[key]) for key in ("step", "type", "message")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _explain(outcome: dict[str, Any], status: int) -> str:
    if not outcome:
        ending = f"signal {-status}" if status < 0 else f"exit status {status}"
        return f"the process that scored the model ended without an answer ({ending}); its log says more"
    reason = " ".join(f"{outcome['type']}: {outcome['message']}".split())
    if len(reason) > MESSAGE_CHARACTERS:
        reason = f"{reason[: MESSAGE_CHARACTERS - 1]}…"
    if outcome["step"] == "load":
        return f"the model does not load in its own environment: {reason}; {_mend(outcome['type'])}"
    return f"the model loads, but fails on the holdout: {reason}; its log says where"


def _mend(error: str) -> str:
    if error in ("ModuleNotFoundError", "ImportError"):
        return "add the package to the model's pip_requirements, or log its own modules with code_paths=[…]"
    return "its log says where"
