"""Bundles: a Bento with its manifest and what travels with it, packed by who built it, and checked by who runs it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, TypeVar

from pydantic import ValidationError

from greenroom_services.bento import plain_files
from greenroom_services.bundle_archive import archive_size, unpack, write_archive
from greenroom_services.bundle_checks import (
    BENTO,
    MIB,
    BundleLimits,
    check_names,
    digest_lines,
    explain,
    read_digest,
    show,
    write_digest,
)
from greenroom_services.errors import BundleRefused, BundleTooLarge, BundlingError, HostFull
from greenroom_services.previews import BundledFile, Manifest

WRITTEN_BYTES = MIB
MEDIA_TYPE = "application/x-tar"
UNPACKING = ".unpacking-"
"""What the names of folders begin with that a killed process has left half unpacked."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
T = TypeVar("T")


@dataclass(frozen=True)
class PackedBundle:
    """A bundle that is ready to be sent: its bytes are made of its files while it is, and kept nowhere."""

    manifest: Manifest
    size: int
    """Bytes."""
    digest: str
    """Its `Content-Digest`."""
    content: bytes
    """The manifest as it travels."""
    sources: Mapping[str, Path | bytes]

    def chunks(self) -> Iterator[bytes]:
        """Give its bytes, each time the same; `BundlingError` when a file has changed since."""
        return write_archive(self.content, self.sources, listed=self.manifest)

    def headers(self) -> dict[str, str]:
        """Return what goes before its bytes over HTTP."""
        return {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(self.size),
            "Content-Digest": self.digest,
        }


@dataclass(frozen=True)
class Bundle:
    """A bundle that was checked and unpacked into *folder*: `manifest.json`, `bento/` and what else it brings."""

    manifest: Manifest
    folder: Path
    digest: str
    """SHA-256 of the bundle as it came, in hexadecimal digits."""
    bytes: int

    @property
    def bento(self) -> Path:
        return self.folder / "bento"


def pack_bundle(
    bento: Path,
    *,
    project: str,
    slot: str,
    sha: str,
    model: str,
    requirements: Sequence[str],
    repository: str = "",
    probe: Mapping[str, Any] | None = None,
    timeout: float = 120,
    routes: Sequence[str] = (),
    order: int | None = None,
    extra: Mapping[str, Path | bytes] | None = None,
) -> PackedBundle:
    """Pack the Bento's folder, and *extra* files by the names that they travel under, beside `bento/`.

    The same contents are the same bytes. Raises `BundlingError` for a link or a special file, and
    `BundleRefused` for what no host would take.
    """
    sources: dict[str, Path | bytes] = {
        BENTO + path.relative_to(bento).as_posix(): path for path in plain_files(bento)
    }
    for name, source in (extra or {}).items():
        if name.startswith(BENTO):
            raise BundlingError(f"{show(name)} is a name of the Bento's; let it travel under another")
        sources[name] = source
    try:
        manifest = Manifest(
            project=project,
            slot=slot,
            repository=repository,
            sha=sha,
            model=model,
            requirements=tuple(requirements),
            requirements_digest=digest_lines(requirements),
            probe=dict(probe) if probe is not None else None,
            timeout=timeout,
            routes=tuple(routes),
            order=order,
            files={name: _list(sources[name]) for name in sorted(sources)},
        )
    except ValidationError as error:
        raise BundleRefused(f"the bundle's manifest would not be valid: {explain(error)}") from None
    check_names(manifest.files, limits=BundleLimits())
    return _seal(manifest, sources)


def _list(source: Path | bytes) -> BundledFile:
    if isinstance(source, bytes):
        return BundledFile(sha256=hashlib.sha256(source).hexdigest(), size=len(source))
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return BundledFile(sha256=sha256, size=file.tell())


def _seal(manifest: Manifest, sources: Mapping[str, Path | bytes]) -> PackedBundle:
    content = manifest.model_dump_json().encode()
    size = archive_size(content, {name: file.size for name, file in manifest.files.items()})
    digest = hashlib.sha256()
    for chunk in write_archive(content, sources, listed=manifest):
        digest.update(chunk)
    return PackedBundle(manifest, size, write_digest(digest.digest()), content, sources)


async def receive_bundle(
    chunks: AsyncIterator[bytes], *, digest: str, into: Path, limits: BundleLimits | None = None
) -> Bundle:
    """Take a bundle in: stream it to disk, hold it against *digest*, check all of it, and unpack it to *into*.

    *digest* is the `Content-Digest` that came with it. The folder *into* must not exist, and appears whole or not
    at all; nothing else is written that stays, whatever *chunks* raises and also when this is cancelled. Raises
    `BundleRefused`, `BundleTooLarge` or `HostFull`.
    """
    limits = limits or BundleLimits()
    expected = read_digest(digest)
    if into.exists():
        raise FileExistsError(f"{into} is there already")
    try:
        # It has no name, so that nothing of it stays.
        with tempfile.TemporaryFile(dir=into.parent) as archive:
            async with asyncio.timeout(limits.seconds):
                size = await _keep(chunks, archive, expected=expected, limits=limits)
                manifest = await _unpack(archive, into, limits=limits)
    except TimeoutError:
        raise BundleRefused(
            f"the bundle was not there and checked within {limits.seconds:g} seconds; send it faster, or a smaller one"
        ) from None
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise HostFull(
            "the disk that bundles are kept on is full; remove previews, or give it more"
        ) from None
    return Bundle(manifest, into, expected.hex(), size)


async def _keep(
    chunks: AsyncIterator[bytes], archive: BinaryIO, *, expected: bytes, limits: BundleLimits
) -> int:
    """Write *chunks* to *archive* and return how many bytes they are, which must be those *expected*."""
    digest = hashlib.sha256()
    size, waiting = 0, bytearray()

    async def write() -> None:
        content = bytes(waiting)
        waiting.clear()
        await _in_thread(lambda _: archive.write(content))

    async for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        if size > limits.size:
            raise BundleTooLarge(f"the bundle is larger than {limits.size / MIB:g} MiB; pack a smaller model")
        waiting += chunk
        if len(waiting) >= WRITTEN_BYTES:
            await write()
    await write()
    if digest.digest() != expected:
        raise BundleRefused("the bundle is not the one of its Content-Digest: bytes were lost or changed")
    return size


async def _unpack(archive: BinaryIO, into: Path, *, limits: BundleLimits) -> Manifest:
    folder = Path(tempfile.mkdtemp(prefix=UNPACKING, dir=into.parent))

    def work(stop: Event) -> Manifest:
        # Giving the room of a large file back takes its time, too.
        with archive:
            archive.seek(0)
            return unpack(archive, folder, limits=limits, stop=stop)

    try:
        manifest = await _in_thread(work)
        folder.chmod(0o755)
        folder.rename(into)
    except BaseException:
        await _in_thread(lambda _: shutil.rmtree(folder, ignore_errors=True))
        raise
    return manifest


async def _in_thread(work: Callable[[Event], T]) -> T:
    """Return what *work* does in a thread; when this is cancelled, it is told to stop, and waited for."""
    stop = Event()
    done = asyncio.get_running_loop().run_in_executor(None, work, stop)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        while not done.done():
            # Who cancels again gets what the first one gets.
            with suppress(asyncio.CancelledError):
                await asyncio.wait([done])
        # Asked for, or it is logged as never retrieved.
        done.exception()
        raise
