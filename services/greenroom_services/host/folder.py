"""The host's folder: where it can be reached, and which host holds it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from greenroom_services.errors import HostError, HostPresent

# Unix socket paths end at 103 bytes on macOS and 107 on Linux; below the run folder goes `/12345678/s`.
LONGEST_RUN_FOLDER = 85


@dataclass(frozen=True)
class Endpoints:
    """Where a running host answers: its control socket and its gateway."""

    pid: int
    control: Path
    gateway: str
    listens: str = ""
    """Where the gateway listens, which a reverse proxy before it must reach."""
    transient: bool = False
    """True for a host that is going to end with the one thing that it was started for."""


ENDPOINTS = TypeAdapter(Endpoints)


class HostFolder:
    """The folder *state* on disk. Everything in it is written whole or not at all."""

    def __init__(self, state: Path) -> None:
        self.path = state.resolve()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the only host on this folder; `HostPresent` when another one is."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "host.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HostPresent(
                    f"another preview host runs on {self.path}; stop it, or set GREENROOM_HOME to another folder"
                ) from None
            yield

    def digest(self) -> str:
        """Return what stands for this folder, and no other of this machine, where names are short."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def run_folder(self) -> Path:
        """Return the emptied folder for sockets and private folders; its path is short enough for them."""
        folder = self.path / "run"
        if len(os.fsencode(folder)) > LONGEST_RUN_FOLDER:
            name = f"greenroom-{self.digest()}"
            folder = Path(tempfile.gettempdir()) / name
            if len(os.fsencode(folder)) > LONGEST_RUN_FOLDER:
                folder = Path("/tmp") / name
        folder.mkdir(mode=0o700, exist_ok=True)
        _require_own(folder)
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        return folder

    def announce(self, *, control: Path, gateway: str, listens: str = "", transient: bool) -> None:
        content = {
            "pid": os.getpid(),
            "control": str(control),
            "gateway": gateway,
            "listens": listens,
            "transient": transient,
        }
        write_whole(self.path / "host.json", json.dumps(content, indent=1))

    def withdraw(self) -> None:
        (self.path / "host.json").unlink(missing_ok=True)

    def endpoints(self) -> Endpoints | None:
        """Return where the host answers, or None when none has announced itself; it may be gone since.

        A file that holds no endpoints announces nobody.
        """
        try:
            return ENDPOINTS.validate_json((self.path / "host.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None


def write_whole(path: Path, text: str) -> None:
    """Write a file that only this user reads, in one step; on a full disk what was there stays."""
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Have the folder's entries on disk, too: without that a crash of the machine takes a rename back."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_own(folder: Path) -> None:
    """In a temp folder that all users share, somebody else may have taken the name."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise HostError(f"{folder} is not a private folder of this user; remove it, or set TMPDIR")
