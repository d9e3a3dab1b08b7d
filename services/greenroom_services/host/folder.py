"""The host's folder: where it can be reached, what it must restore, and which host holds it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
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
from greenroom_services.previews import Address, Deployment

log = logging.getLogger(__name__)

# Unix socket paths end at 103 bytes on macOS and 107 on Linux; below the run folder goes `/12345678/s`.
LONGEST_RUN_FOLDER = 85


@dataclass(frozen=True)
class Endpoints:
    """Where a running host answers: its control socket and its gateway."""

    pid: int
    control: Path
    gateway: str
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

    def run_folder(self) -> Path:
        """Return the emptied folder for sockets and private folders; its path is short enough for them."""
        folder = self.path / "run"
        if len(os.fsencode(folder)) > LONGEST_RUN_FOLDER:
            name = f"greenroom-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]}"
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

    def announce(self, *, control: Path, gateway: str, transient: bool) -> None:
        content = {
            "pid": os.getpid(),
            "control": str(control),
            "gateway": gateway,
            "transient": transient,
        }
        _write(self.path / "host.json", json.dumps(content, indent=1))

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

    def save(self, address: Address, deployment: Deployment) -> None:
        path = self._deployment(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, deployment.model_dump_json(indent=1))

    def forget(self, address: Address) -> None:
        self._deployment(address).unlink(missing_ok=True)

    def deployments(self) -> dict[Address, Deployment]:
        """Return all that is to be restored; a file that cannot be read is left out, and logged."""
        found: dict[Address, Deployment] = {}
        for path in sorted((self.path / "previews").glob("*/*.json")):
            try:
                address = Address(project=path.parent.name, slot=path.stem)
                found[address] = Deployment.model_validate_json(path.read_bytes())
            except (ValidationError, OSError) as error:
                log.warning("cannot restore the preview in %s: %s", path, error)
        return found

    def _deployment(self, address: Address) -> Path:
        return self.path / "previews" / address.project / f"{address.slot}.json"


def _write(path: Path, text: str) -> None:
    """Write a file that only this user reads, in one step."""
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(partial).replace(path)


def _require_own(folder: Path) -> None:
    """In a temp folder that all users share, somebody else may have taken the name."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise HostError(f"{folder} is not a private folder of this user; remove it, or set TMPDIR")
