"""What the processes that a run starts can read of the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api_server import SETTINGS, make_repository
from tests.submissions import PROJECT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Linux alone shows a process's environment in /proc"
)
READ = r"""for name in environ maps; do cat /proc/${1:-$PPID}/$name >/dev/null 2>&1 && echo "read $name"; done
cat /proc/${1:-$PPID}/environ 2>/dev/null | tr '\0' '\n'
cat /proc/self/environ | tr '\0' '\n' | grep MARK"""


SECRETS = {"GITHUB_TOKEN": "ghs_topsecret", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "id_topsecret"}


def run_powerless(*command: str, folder: Path) -> str:
    """Run it with the secrets, and without the rights by which root reads what it is kept from."""
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    environ = {**os.environ, **SECRETS}
    done = subprocess.run(
        [*powerless, *command], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def ask_child(*lines: str, folder: Path) -> str:
    """Return what a child of a process that has run the lines can say of it."""
    own = "{'MARK': 'own', 'PATH': os.environ['PATH']}"
    code = ["import os, subprocess", *lines, f"subprocess.run(['sh', '-c', {READ!r}], env={own})"]
    return run_powerless(sys.executable, "-c", "\n".join(code), folder=folder)


def test_a_closed_process_is_not_read(tmp_path: Path) -> None:
    """A process keeps the environment that it began with, whatever it takes out: its children could read the token."""
    before = ask_child(folder=tmp_path)
    closed = ask_child(
        "from greenroom_pipeline.secrecy import close_process", "close_process()", folder=tmp_path
    )

    assert "ghs_topsecret" in before
    assert closed == "MARK=own\n"


def test_training_does_not_read_the_run(tmp_path: Path) -> None:
    """Neither by inheritance nor by asking the system for it does training get at the job's credentials."""
    bench = make_repository(tmp_path / PROJECT)
    bench.write("read.sh", READ)
    bench.write(
        "greenroom.toml", SETTINGS.replace('"false"', '"MARK=1 sh read.sh $PPID >seen; env >>seen; false"')
    )
    bench.write("holdout.csv", "distance,delay\n" + "1.0,2.0\n" * 40)
    bench.git("switch", "--quiet", "better")
    bench.commit("Read what there is")
    said = run_powerless(sys.executable, "-m", "greenroom_pipeline.cli", "run", folder=bench.root)

    assert "failed with exit status 1" in said, said
    seen = next(bench.root.rglob("seen")).read_text()
    assert "MARK=1" in seen
    assert "topsecret" not in seen
    assert "read " not in seen
