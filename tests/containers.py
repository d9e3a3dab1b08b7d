"""Makes sure of podman and of a small image for the container tests, and says what it has."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# One container runtime by name: the other one that podman could take fails where cgroups are of both versions.
PACKAGES = ("podman", "runc", "catatonit", "mmdebstrap")
PROGRAMS = ("podman", "mmdebstrap", "/usr/libexec/podman/catatonit")
MISSING = (
    "the container tests need podman, and an image of this machine's own distribution: run them as root on Debian,"
    f" or have `apt-get install {' '.join(PACKAGES)}` done"
)


def base_image() -> str:
    """Return the name of an image with the system's libraries; made once a machine, without any registry."""
    name = f"localhost/greenroom-base:{_codename()}"
    folder = Path(os.environ.get("GREENROOM_CACHE", "~/.cache/greenroom")).expanduser() / "images"
    with _locked(folder):
        _install_programs()
        if _call("podman", "image", "exists", name):
            return name
        archive = folder / f"base-{_codename()}-{platform.machine()}.tar"
        if not archive.exists():
            _make_archive(archive)
        if not _call("podman", "import", "--quiet", str(archive), name):
            raise SystemExit(f"podman could not import {archive}; remove it, and try again")
    return name


def _codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_programs() -> None:
    if all(map(shutil.which, PROGRAMS)):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        _call("apt-get", "update", "-q")
        _call("apt-get", "install", "-qy", "--no-install-recommends", *PACKAGES)
    if not all(map(shutil.which, PROGRAMS)):
        raise SystemExit(MISSING)


def _make_archive(archive: Path) -> None:
    """Make a small system of this machine's release, with all that a Python of its own links to."""
    partial = archive.with_suffix(".partial.tar")
    if not _call("mmdebstrap", "--variant=minbase", "--include=python3", _codename(), str(partial)):
        raise SystemExit(f"mmdebstrap could not make {archive}; {MISSING}")
    partial.rename(archive)


def _call(*command: str) -> bool:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.stderr.write(done.stdout)
    return done.returncode == 0


def main() -> None:
    sys.stdout.write(f"Containers: {base_image()}\n")


if __name__ == "__main__":
    main()
