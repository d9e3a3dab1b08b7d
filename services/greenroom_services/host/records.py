"""What is to run in each slot, on disk: a small record that is written whole, beside the bundle that it names."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from greenroom_services.host.folder import write_whole
from greenroom_services.previews import Address, Manifest, Sha256

log = logging.getLogger(__name__)

RECORD = "record.json"


class Record(BaseModel):
    """What is to run in a slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    bundle: Sha256
    manifest: Manifest = Field(description="The bundle's, without its list of files.")
    order: int = Field(ge=0, description="Of the bundle; an older one is refused.")
    user: int = Field(ge=1, le=65_000, description="The slot's own number, for as long as there is the slot.")
    stored: int = Field(ge=0, description="Bytes of the bundle.")
    keep_awake: bool = False
    evicted: bool = Field(False, description="True when the bundle had to make room for others.")


class Ages(BaseModel):
    """Seconds since the slots were last used, as of a moment of the wall clock."""

    saved: float
    ages: dict[str, float]


AGES = TypeAdapter(Ages)


class Records:
    """The folder `previews` of a host: `{project}/{slot}/record.json`, and the bundle in `{digest}/` beside it."""

    def __init__(self, state: Path) -> None:
        self.root = state.resolve() / "previews"

    def load(self) -> dict[Address, Record]:
        """Return all records; one that cannot be read is left out, and logged."""
        found: dict[Address, Record] = {}
        for path in sorted(self.root.glob(f"*/*/{RECORD}")):
            try:
                address = Address(project=path.parent.parent.name, slot=path.parent.name)
                record = Record.model_validate_json(path.read_bytes())
            except (ValidationError, OSError) as error:
                log.warning("cannot read the preview in %s: %s", path, error, extra={"event": "unreadable"})
                continue
            whole = record.evicted or self.bento(address, record.bundle).is_dir()
            found[address] = record if whole else record.model_copy(update={"evicted": True, "stored": 0})
        return found

    def save(self, address: Address, record: Record) -> None:
        """Make *record* the slot's, in one step: a kill leaves the old or the new one."""
        write_whole(self._slot(address) / RECORD, record.model_dump_json(indent=1))

    def forget(self, address: Address) -> None:
        """From now on there is nothing to run in the slot."""
        (self._slot(address) / RECORD).unlink(missing_ok=True)

    def incoming(self, address: Address) -> Path:
        """Return where a bundle can be unpacked; there is nothing yet."""
        slot = self._slot(address)
        slot.mkdir(parents=True, exist_ok=True)
        # Previews are other users, who read their Bento; the host's folder around these keeps everybody else out.
        for folder in (self.root, slot.parent, slot):
            folder.chmod(0o755)
        return slot / f".incoming-{secrets.token_hex(4)}"

    def bundle(self, address: Address, digest: str) -> Path:
        return self._slot(address) / digest

    def bento(self, address: Address, digest: str) -> Path:
        return self.bundle(address, digest) / "bento"

    def log(self, address: Address, digest: str) -> Path:
        """Return the log of all previews of the bundle: it stays over their sleep, and goes with the bundle."""
        return self.bundle(address, digest) / "log"

    def logs(self, address: Address) -> list[Path]:
        """Return the logs of all bundles that are in the slot's folder."""
        return list(self._slot(address).glob("*/log"))

    def move_in(self, unpacked: Path, address: Address, digest: str) -> None:
        """Put an unpacked bundle in its place; one that no record names may have been left there."""
        place = self.bundle(address, digest)
        shutil.rmtree(place, ignore_errors=True)
        unpacked.rename(place)

    def discard(self, address: Address, digest: str) -> None:
        """Remove a bundle, and the slot's folder when nothing else is in it."""
        shutil.rmtree(self.bundle(address, digest), ignore_errors=True)
        with suppress(OSError):
            self._slot(address).rmdir()

    def sweep(self, records: Mapping[Address, Record]) -> None:
        """Remove what no record names: bundles that a kill left half unpacked, replaced, or forgotten."""
        for slot in self.root.glob("*/*/"):
            record = next((each for place, each in records.items() if self._slot(place) == slot), None)
            if record is None and (slot / RECORD).exists():
                continue  # it could not be read; somebody may still mend it
            kept = {RECORD, record.bundle} if record else set[str]()
            for left in slot.iterdir():
                if left.name not in kept:
                    _remove(left)
            with suppress(OSError):
                slot.rmdir()

    def save_ages(self, ages: Mapping[Address, float], *, now: float) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        content = {"saved": now, "ages": {str(address): age for address, age in ages.items()}}
        write_whole(self.root / "ages.json", json.dumps(content))

    def load_ages(self, *, now: float) -> tuple[dict[str, float], float]:
        """Return the ages by address and the seconds since they were saved; none where they cannot be read."""
        try:
            read = AGES.validate_json((self.root / "ages.json").read_bytes())
        except (OSError, ValidationError):
            return {}, 0.0
        return read.ages, now - read.saved

    def _slot(self, address: Address) -> Path:
        return self.root / address.project / address.slot


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
