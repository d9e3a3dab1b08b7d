"""The one file in an artifact's zip, which a stranger's workflow has made."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from greenroom_services.errors import BundleRefused, BundleTooLarge

MIB = 2**20
_END = struct.Struct("<4s4H2LH")
_SIGNATURE = b"PK\5\6"
_MOST_COMMENT = 0xFFFF
_MOST_DIRECTORY = 64 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack_artifact(archive: Path, into: Path, *, most_bytes: int) -> None:
    """Write the one file that *archive* holds to *into*, whatever its name; raises what is wrong with it otherwise."""
    _require_one(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            (member,) = opened.infolist()
            plain = (
                member.compress_type in _METHODS and not member.flag_bits & 1 and member.header_offset >= 0
            )
            if member.is_dir() or not plain:
                raise BundleRefused("the artifact holds no plain file; upload the bundle alone")
            _copy(opened, member, into, most_bytes=most_bytes)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OverflowError,
    ) as error:
        raise BundleRefused(
            f"the artifact is no zip that can be read ({type(error).__name__}); upload it anew"
        ) from None


def _require_one(archive: Path) -> None:
    """Look at its end before the list of what is in it is read, which may be as long as a stranger likes."""
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _END.size - _MOST_COMMENT, 0))
        end = file.read()
    found = end.rfind(_SIGNATURE)
    if found < 0 or len(end) - found < _END.size:
        raise BundleRefused("the artifact is no zip; upload the bundle with actions/upload-artifact")
    *_, members, directory, _, _ = _END.unpack_from(end, found)
    if members != 1 or directory > _MOST_DIRECTORY:
        raise BundleRefused(f"the artifact holds {members} files; upload the bundle alone")


def _copy(opened: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path, *, most_bytes: int) -> None:
    written = 0
    with opened.open(member) as source, into.open("wb") as target:
        while chunk := source.read(MIB):
            written += len(chunk)
            if written > most_bytes:
                raise BundleTooLarge(
                    f"the artifact's file is larger than {most_bytes // MIB} MiB; pack a smaller model"
                )
            target.write(chunk)
