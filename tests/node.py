"""Makes sure of node, and of what others made for it that the tests are held against; says what it has."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "github"
MODULES = FOLDER / "node_modules"
LOCK = FOLDER / "package-lock.json"
INSTALLED = MODULES / ".package-lock.json"
OLDEST = 20
MISSING = (
    f"tests against others' GitHub need node {OLDEST} or newer, and npm: install your distribution's packages"
    " `nodejs` and `npm`, or a newer node from nodejs.org"
)


def find_modules() -> Path:
    """Return the folder of the packages that `package-lock.json` names, installed where they are not."""
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_node()
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
            subprocess.run(["npm", "ci", "--loglevel=error"], cwd=FOLDER, check=True, stdout=sys.stderr)
            INSTALLED.touch()
    return MODULES


def _install_node() -> None:
    if not _has_node() and shutil.which("apt-get") and os.geteuid() == 0:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment, stdout=sys.stderr)
        install = ["apt-get", "install", "-qy", "--no-install-recommends", "nodejs", "npm"]
        subprocess.run(install, check=False, env=environment, stdout=sys.stderr)
    if not _has_node():
        raise SystemExit(MISSING)


def _has_node() -> bool:
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").split(".")[0]) >= OLDEST


def main() -> None:
    sys.stdout.write(f"Node packages: {find_modules()}\n")


if __name__ == "__main__":
    main()
