"""A bundle's archive: one POSIX tar for one manifest, byte for byte, so that nothing can be said in two ways."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from threading import Event
from typing import BinaryIO

from greenroom_services.bundle_checks import (
    MANIFEST,
    BundleLimits,
    check_name,
    read_manifest,
    show,
)
from greenroom_services.errors import BundleRefused, BundleTooLarge, BundlingError
from greenroom_services.previews import Manifest

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
CHUNK = 2**20
KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.DIRTYPE: "a folder, which files bring by themselves",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.XHDTYPE: "a pax header",
    tarfile.XGLTYPE: "a pax header",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


def archive_size(manifest: bytes, files: Mapping[str, int]) -> int:
    """Return the bytes of the archive of *manifest* and of files of these sizes."""
    return sum(BLOCK + size + _padding(size) for size in (len(manifest), *files.values())) + len(END)


def write_archive(manifest: bytes, files: Mapping[str, Path | bytes], *, listed: Manifest) -> Iterator[bytes]:
    """Give the archive: *manifest* first, then *files* in the order of their paths, as they are *listed*.

    Raises `BundlingError` when a file has another size by now.
    """
    yield from _write_member(MANIFEST, len(manifest), iter([manifest]))
    for name in sorted(files):
        yield from _write_member(name, listed.files[name].size, _read_source(files[name]))
    yield END


def unpack(archive: BinaryIO, folder: Path, *, limits: BundleLimits, stop: Event) -> Manifest:
    """Unpack *archive* into the empty *folder*, that is this process's alone, and return its manifest.

    Raises `BundleRefused` or `BundleTooLarge` for whatever `write_archive` would not have written, and
    `InterruptedError` soon after *stop* was set. What it has written by then stays.
    """
    content = _read_first(archive, folder, limits=limits)
    manifest = read_manifest(content, limits=limits)
    _write_file(folder / MANIFEST, iter([content]))
    taken: set[str] = set()
    for name in sorted(manifest.files):
        header = _next_header(archive)
        _require_next(header, name, manifest=manifest, taken=taken, folder=folder, limits=limits)
        _unpack_member(archive, folder, name, manifest=manifest, stop=stop)
        taken.add(name)
    _require_end(archive, manifest=manifest, taken=taken, folder=folder, limits=limits)
    return manifest


def _padding(size: int) -> int:
    return -size % BLOCK


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        raise BundleTooLarge(
            f"the bundle's {show(name)} is larger than a tar holds, 8 GiB; make it smaller"
        ) from None


def _write_member(name: str, size: int, content: Iterator[bytes]) -> Iterator[bytes]:
    yield _header(name, size)
    left = size
    for chunk in content:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left != 0:
        raise BundlingError(f"{name} changed while it was packed; pack the Bento when nothing writes to it")
    yield bytes(_padding(size))


def _read_source(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _read_first(archive: BinaryIO, folder: Path, *, limits: BundleLimits) -> bytes:
    block = _next_header(archive)
    info = _read_header(block, folder=folder, limits=limits)
    if info.name != MANIFEST:
        raise BundleRefused(f"the bundle begins with {show(info.name)}; its first file must be {MANIFEST}")
    if not 0 <= info.size <= limits.manifest:
        raise BundleTooLarge(
            f"the bundle's manifest is larger than {limits.manifest} bytes; pack fewer files"
        )
    _require_plain(block, info)
    return b"".join(_read_content(archive, MANIFEST, info.size))


def _next_header(archive: BinaryIO) -> bytes:
    block = archive.read(BLOCK)
    if len(block) < BLOCK:
        raise BundleRefused("the bundle ends in the middle of its archive; send it whole")
    return block


def _read_header(block: bytes, *, folder: Path, limits: BundleLimits) -> tarfile.TarInfo:
    """Return what the header says of a regular file in *folder*, or refuse it; its end has none."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError):
        raise BundleRefused(
            "the bundle has something in it that is no header of a plain tar; send it uncompressed, as it was packed"
        ) from None
    if info.type != tarfile.REGTYPE:
        kind = KINDS.get(info.type, "no regular file")
        raise BundleRefused(f"the bundle has {show(info.name)}, {kind}; pack regular files only")
    check_name(info.name, limits=limits)
    try:
        # What the checks above leave through, if they ever do; on Python 3.11 no filter is the default.
        tarfile.data_filter(info, str(folder))
    except tarfile.FilterError as error:
        raise BundleRefused(
            f"the bundle has {show(info.name)}, which must not be unpacked: {error}"
        ) from None
    return info


def _require_plain(block: bytes, info: tarfile.TarInfo) -> None:
    """Refuse modes, owners, times and whatever else a header can say besides its name and size."""
    if block != _header(info.name, info.size):
        raise BundleRefused(
            f"the bundle has {show(info.name)} with a mode, owner, time or extension; send it as it was packed"
        )


def _require_next(
    block: bytes, name: str, *, manifest: Manifest, taken: set[str], folder: Path, limits: BundleLimits
) -> None:
    if not any(block):
        raise BundleRefused(
            f"the bundle lacks {show(name)}, which its manifest lists; send it as it was packed"
        )
    info = _read_header(block, folder=folder, limits=limits)
    if info.name != name:
        _refuse_name(info.name, manifest=manifest, taken=taken)
    if info.size != manifest.files[name].size:
        raise BundleRefused(
            f"the bundle's {show(name)} has another size than its manifest says; pack it again"
        )
    _require_plain(block, info)


def _refuse_name(name: str, *, manifest: Manifest, taken: set[str]) -> None:
    if name in taken or name == MANIFEST:
        raise BundleRefused(f"the bundle has {show(name)} twice; send it as it was packed")
    if name in manifest.files:
        raise BundleRefused(f"the bundle has {show(name)} before another file of its order; sort its files")
    raise BundleRefused(
        f"the bundle has {show(name)}, which its manifest does not list; send it as it was packed"
    )


def _unpack_member(archive: BinaryIO, folder: Path, name: str, *, manifest: Manifest, stop: Event) -> None:
    expected = manifest.files[name]
    digest = hashlib.sha256()

    def content() -> Iterator[bytes]:
        for chunk in _read_content(archive, name, expected.size):
            if stop.is_set():
                raise InterruptedError(name)
            digest.update(chunk)
            yield chunk

    _make_parents(folder, name)
    _write_file(folder / name, content())
    if digest.hexdigest() != expected.sha256:
        raise BundleRefused(f"the bundle's {show(name)} is not the one of its manifest: its SHA-256 differs")


def _read_content(archive: BinaryIO, name: str, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = archive.read(min(left, CHUNK))
        if not chunk:
            raise BundleRefused(f"the bundle ends in the middle of {show(name)}; send it whole")
        left -= len(chunk)
        yield chunk
    if archive.read(_padding(size)) != bytes(_padding(size)):
        raise BundleRefused(
            f"the bundle has something after the end of {show(name)}; send it as it was packed"
        )


def _make_parents(folder: Path, name: str) -> None:
    for parent in reversed(PurePosixPath(name).parents[:-1]):
        path = folder / parent
        if not path.is_dir():
            path.mkdir()
            path.chmod(0o755)


def _write_file(path: Path, content: Iterator[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for chunk in content:
            file.write(chunk)
        os.fchmod(file.fileno(), 0o644)


def _require_end(
    archive: BinaryIO, *, manifest: Manifest, taken: set[str], folder: Path, limits: BundleLimits
) -> None:
    block = _next_header(archive)
    if any(block):
        info = _read_header(block, folder=folder, limits=limits)
        _refuse_name(info.name, manifest=manifest, taken=taken)
    if archive.read(len(END)) != END[BLOCK:]:
        raise BundleRefused("the bundle's archive does not end where it says; send it as it was packed")
