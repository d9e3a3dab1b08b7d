"""Training: the project's own command, in the project's own environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from uv import find_uv_bin

from greenroom_pipeline.access import CREDENTIALS, STEP_FILES
from greenroom_pipeline.errors import TrainingError
from greenroom_pipeline.settings import TrainTable
from greenroom_pipeline.wording import find_reason

# A job that is cancelled has 10 s in all, and its end is to be posted in them as well.
_GRACE = 3.0
_LAST_LINES = 40


def project_environment(environ: Mapping[str, str], *, tools: Path) -> dict[str, str]:
    """Return an environment for commands of the project's own.

    Greenroom's own virtual environment is taken off the path, unless it is the one that the user activated:
    then it is the project's too. Where there is no uv, *tools* provides Greenroom's. What
    Greenroom proves itself with is its own: a candidate's training may write no slot, and nothing on the forge. Nor
    is it told how a step in GitHub Actions speaks for itself.
    """
    own = str(Path(sys.prefix) / "bin")
    activated = sys.prefix in (environ.get("VIRTUAL_ENV"), environ.get("CONDA_PREFIX"))
    taken_out = own if sys.prefix != sys.base_prefix and not activated else None
    folders = [each for each in environ.get("PATH", os.defpath).split(os.pathsep) if each != taken_out]
    kept_back = {*CREDENTIALS, *STEP_FILES}
    passed_on = {name: value for name, value in environ.items() if name not in kept_back}
    return passed_on | {"PATH": os.pathsep.join([*folders, str(_provide_uv(tools))])}


def _provide_uv(tools: Path) -> Path:
    """Link uv into a folder of its own: beside it stands Greenroom's Python, which is not the project's."""
    tools.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tools) as folder:
        link = Path(folder) / "uv"
        link.symlink_to(find_uv_bin())
        link.replace(tools / "uv")
    return tools


def training_environment(
    environ: Mapping[str, str], *, tools: Path, tracking_uri: str, run_id: str
) -> dict[str, str]:
    """Return the training command's environment: the project's, with MLflow pointed at this run."""
    return project_environment(environ, tools=tools) | {
        "PYTHONUNBUFFERED": "1",
        "MLFLOW_TRACKING_URI": tracking_uri,
        "MLFLOW_RUN_ID": run_id,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def run_command(
    train: TrainTable,
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    wrote: Callable[[str], None],
) -> None:
    """Run the training command, passing on each line that it prints, until it ends or its time is up.

    `TrainingError` when it exits with another status than 0, or takes longer than `train.timeout`.
    """
    process = _start(train.command, folder=folder, environment=environment)
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    reader = threading.Thread(target=_follow, args=(process, log, lines, wrote), daemon=True)
    reader.start()
    try:
        status = process.wait(train.timeout)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        _stop(process)
        # What it started in a session of its own may hold the pipe open, and is not waited for.
        reader.join(_GRACE)
    if status is None:
        problem = f"did not end within {train.timeout:g} s; mend it, or raise train.timeout"
    elif status != 0:
        said = find_reason("\n".join(lines))
        problem = f"failed with exit status {status}; it said: {said}"
    else:
        return
    raise TrainingError(f"training by {train.command!r} {problem}", log="\n".join(lines))


def _start(command: str, *, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # A shell, as make would use: it is the project's own command line.
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A session of its own, so that the command ends with all that it started.
        start_new_session=True,
    )


def _follow(
    process: subprocess.Popen[str], log: Path, lines: deque[str], wrote: Callable[[str], None]
) -> None:
    """Pass on what the process prints, and keep it in *log*; *lines* has the last ones."""
    assert process.stdout is not None
    with process.stdout, log.open("w") as stream:
        for line in process.stdout:
            stream.write(line)
            lines.append(line.rstrip("\n"))
            wrote(lines[-1])


def _stop(process: subprocess.Popen[str]) -> None:
    """End the command and all that it started: politely, then not."""
    for wish in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, wish)
            process.wait(_GRACE)
        except (ProcessLookupError, PermissionError):
            return
        except subprocess.TimeoutExpired:
            continue
