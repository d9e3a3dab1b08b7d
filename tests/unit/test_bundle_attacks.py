"""A bundle is refused in one line, and nothing of it stays, whatever is wrong with it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_services.bundle_checks import BundleLimits
from greenroom_services.errors import BundleRefused, BundleTooLarge
from tests.bundles import (
    FILES,
    Entry,
    describe_files,
    entries,
    list_names,
    receive_now,
    write_tar,
)

GOOD = write_tar(entries(FILES))
SMALL = BundleLimits(size=1_000_000, manifest=20_000, files=40, depth=8)


def replaced(old: str, content: bytes | None = None, **fields: Any) -> bytes:
    """Return the bundle with another member in the place of the one of that name; its manifest stays."""
    return write_tar(
        [
            (given, kept if content is None else content, fields) if given == old else (given, kept, {})
            for given, kept, _ in entries(FILES)
        ]
    )


def added(name: str, content: bytes = b"", **fields: Any) -> bytes:
    """Return the bundle with a member after all others that its manifest does not list."""
    return write_tar([*entries(FILES), (name, content, fields)])


def renamed(old: str, new: str, **fields: Any) -> bytes:
    """Return a bundle whose archive calls a file by another name than its manifest."""
    return replaced(old, name=new, **fields)


def listed(more: dict[str, bytes]) -> bytes:
    """Return a bundle with more files, of these names in its manifest, too."""
    return write_tar(entries(FILES | more))


def described(**changes: Any) -> bytes:
    """Return the bundle with another manifest; None takes a key out."""
    manifest = describe_files(FILES) | changes
    return spoken(json.dumps({key: value for key, value in manifest.items() if value is not None}))


def spoken(manifest: str | bytes) -> bytes:
    content = manifest.encode() if isinstance(manifest, str) else manifest
    return write_tar([("manifest.json", content, {}), *entries(FILES)[1:]])


def file(name: str, **changes: Any) -> dict[str, Any]:
    """Return the files of the manifest with another entry for one."""
    files = describe_files(FILES)["files"]
    return {**files, name: files[name] | changes}


def in_order(move: Callable[[list[Entry]], list[Entry]]) -> bytes:
    return write_tar(move(entries(FILES)))


def in_format(format: int, **fields: Any) -> bytes:
    """Return the bundle as the standard library writes it in another format, pax or GNU."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=format) as archive:
        for name, content, _ in entries(FILES):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def patched(at: int, content: bytes, *, member: int = 1) -> bytes:
    """Return the bundle with other bytes in a header, whose checksum is right again."""
    blocks = bytearray(GOOD)
    start = 0
    for _ in range(member):
        start += 512 + -(-int(blocks[start + 124 : start + 135], 8) // 512) * 512
    blocks[start + at : start + at + len(content)] = content
    blocks[start + 148 : start + 156] = b" " * 8
    checksum = sum(blocks[start : start + 512])
    blocks[start + 148 : start + 156] = f"{checksum:06o}\0 ".encode()
    return bytes(blocks)


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content, _ in entries(FILES):
            archive.writestr(name, content)
    return target.getvalue()


YAML = "bento/bento.yaml"
REPORT = "report.json"
DEEP = "/".join("abcdefghi") + "/x"

ATTACKS = [
    # Paths that leave the folder, or read differently to somebody.
    pytest.param(renamed(YAML, "/etc/cron.d/x"), "absolute", id="absolute path"),
    pytest.param(listed({"/etc/cron.d/x": b""}), "absolute", id="absolute path that is listed"),
    pytest.param(renamed(YAML, "../x"), "leaves its folder", id="parent folder"),
    pytest.param(
        listed({"bento/../../x": b""}), "leaves its folder", id="parent folder inside that is listed"
    ),
    pytest.param(listed({"..": b""}), "leaves its folder", id="the parent folder itself"),
    pytest.param(listed({"bento\\..\\x": b""}), "backslash", id="backslash"),
    pytest.param(listed({"bento//x": b""}), "empty part", id="empty part"),
    pytest.param(listed({"./x": b""}), "empty part", id="dot part"),
    pytest.param(listed({"x/": b""}), "empty part", id="trailing slash"),
    pytest.param(listed({"": b""}), "empty part|no header", id="empty name"),
    pytest.param(listed({"a\0b": b""}), "does not show", id="NUL"),
    pytest.param(listed({"a\nb": b""}), "does not show", id="line feed"),
    pytest.param(listed({"a\x1b[31mb": b""}), "does not show", id="control character"),
    pytest.param(listed({"a\u202eb": b""}), "does not show", id="text that runs backwards"),
    pytest.param(listed({"C:/x": b""}), "absolute", id="drive letter"),
    pytest.param(listed({"c:x": b""}), "absolute", id="drive letter without a slash"),
    pytest.param(renamed(YAML, b"\xff\xfe".decode(errors="surrogateescape")), "no header", id="no UTF-8"),
    pytest.param(listed({"x" * 300: b""}), "shorten", id="long name"),
    pytest.param(listed({DEEP: b""}), "shorten", id="deep path"),
    # What is no regular file.
    pytest.param(
        replaced(YAML, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "symbolic link", id="symbolic link"
    ),
    pytest.param(
        replaced(YAML, b"", type=tarfile.SYMTYPE, linkname="bento"),
        "symbolic link",
        id="symbolic link inside",
    ),
    pytest.param(
        added("bento/x", type=tarfile.LNKTYPE, linkname="../../secret"), "hard link", id="hard link"
    ),
    pytest.param(added("bento/x", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "a device", id="device"),
    pytest.param(added("bento/x", type=tarfile.BLKTYPE, devmajor=8, devminor=0), "a device", id="disk"),
    pytest.param(added("bento/x", type=tarfile.FIFOTYPE), "a pipe", id="pipe"),
    pytest.param(added("bento/x", type=tarfile.DIRTYPE), "a folder", id="empty folder"),
    pytest.param(added("bento/x", type=tarfile.CONTTYPE), "no regular file", id="contiguous file"),
    pytest.param(added("bento/x", type=tarfile.GNUTYPE_SPARSE), "a sparse file", id="sparse file"),
    pytest.param(patched(156, b"V"), "no regular file", id="unknown kind"),
    pytest.param(patched(156, b"\0"), "no regular file", id="old kind of file"),
    pytest.param(in_format(tarfile.PAX_FORMAT, pax_headers={"path": "../x"}), "pax header", id="pax path"),
    pytest.param(
        in_format(tarfile.PAX_FORMAT, pax_headers={"GNU.sparse.size": "99"}), "pax header", id="pax sparse"
    ),
    pytest.param(in_format(tarfile.GNU_FORMAT), "extension", id="GNU format"),
    pytest.param(in_format(tarfile.GNU_FORMAT, name="x" * 200), "no regular file", id="GNU long name"),
    # Headers that say more than name and size.
    pytest.param(replaced(YAML, mode=0o4755), "mode", id="setuid"),
    pytest.param(replaced(YAML, mode=0o755), "mode", id="executable"),
    pytest.param(replaced(YAML, mode=0o666), "mode", id="writable by all"),
    pytest.param(replaced(YAML, uid=1000), "owner", id="owner"),
    pytest.param(replaced(YAML, uname="root"), "owner", id="owner's name"),
    pytest.param(replaced(YAML, mtime=1), "time", id="time"),
    pytest.param(replaced(YAML, linkname="x"), "extension", id="file with a link's target"),
    pytest.param(patched(500, b"hidden"), "extension", id="bytes after the header"),
    pytest.param(patched(20, b"hidden"), "extension", id="bytes after the name"),
    pytest.param(patched(124, b"\x80" + bytes(10) + b"\x1b"), "extension|size", id="binary size"),
    pytest.param(patched(124, b"\xff" * 12), "size", id="negative size"),
    pytest.param(patched(124, b"\xff" * 12, member=0), "larger than", id="negative size of the manifest"),
    pytest.param(patched(124, b"\x80" + b"\x7f" * 11), "size", id="vast size"),
    # Names that are one on some file systems.
    pytest.param(in_order(lambda given: [*given, given[1]]), "twice", id="doubled file"),
    pytest.param(in_order(lambda given: [given[0], given[1], *given[1:]]), "twice", id="doubled in place"),
    pytest.param(in_order(lambda given: [given[0], *given]), "twice", id="doubled manifest"),
    pytest.param(listed({"REPORT.json": b""}), "twice, as some", id="case"),
    pytest.param(listed({"Bento/x": b""}), "folder .* twice", id="case of a folder"),
    pytest.param(listed({"Manifest.JSON": b""}), "twice, as some", id="case of the manifest"),
    pytest.param(listed({"straße": b"", "STRASSE": b""}), "twice, as some", id="case of many letters"),
    pytest.param(listed({"é": b"", "e\u0301": b""}), "twice, as some", id="composition"),
    pytest.param(listed({"É": b"", "e\u0301": b""}), "twice, as some", id="composition and case"),
    pytest.param(listed({"report.json/x": b""}), "as a file and as a folder", id="file as a parent"),
    pytest.param(listed({"Report.json/x": b""}), "as a file and as a folder", id="file as a parent, by case"),
    # What the manifest says and what is there.
    pytest.param(added("bento/extra.pth"), "does not list", id="unlisted file"),
    pytest.param(renamed(YAML, "bento/aaa"), "does not list", id="unlisted file in place"),
    pytest.param(in_order(lambda given: given[:-1]), "lacks 'report.json'", id="missing last file"),
    pytest.param(in_order(lambda given: [*given[:1], *given[2:]]), "of its order", id="missing first file"),
    pytest.param(in_order(lambda given: [given[0], *reversed(given[1:])]), "of its order", id="order"),
    pytest.param(in_order(lambda given: given[1:]), "begins with", id="no manifest"),
    pytest.param(in_order(lambda given: [*given[1:], given[0]]), "begins with", id="manifest last"),
    pytest.param(replaced(YAML, b"x"), "another size", id="wrong size"),
    pytest.param(replaced(YAML, FILES[YAML].upper()), "SHA-256 differs", id="wrong content"),
    pytest.param(described(files=file(YAML, size=28)), "another size", id="wrong size in the manifest"),
    pytest.param(described(files=file(YAML, sha256="0" * 64)), "SHA-256 differs", id="wrong hash"),
    pytest.param(described(files=file(YAML, size=10**15)), "more than", id="vast size in the manifest"),
    pytest.param(described(model="0" * 64), "model is not 0000", id="another model"),
    pytest.param(described(requirements=["evil==1"]), "requirements_digest", id="other requirements"),
    # The manifest itself.
    pytest.param(described(files=None), "files: Field required", id="manifest without files"),
    pytest.param(described(extra=1), "extra: Extra inputs", id="manifest with an unknown key"),
    pytest.param(described(version=2), "version: ", id="manifest of a later version"),
    pytest.param(described(project="../x"), "project: ", id="project that is a path"),
    pytest.param(described(slot="production/../7"), "slot: ", id="slot that is a path"),
    pytest.param(described(timeout=-1), "timeout: ", id="timeout below zero"),
    pytest.param(spoken("{"), "not valid", id="manifest that is no JSON"),
    pytest.param(spoken("[1]"), "not valid", id="manifest that is a list"),
    pytest.param(spoken(b""), "not valid", id="empty manifest"),
    pytest.param(spoken(b"\xff\xfe{}"), "not valid", id="manifest that is no UTF-8"),
    pytest.param(spoken("[" * 19_000), "not valid", id="manifest that nests without end"),
    pytest.param(
        spoken(json.dumps(describe_files(FILES)).replace('"slot":', '"slot": "8", "slot":')),
        "a key twice",
        id="manifest with a key twice",
    ),
    pytest.param(spoken(json.dumps(describe_files(FILES) | {"probe": {"x": float("nan")}})), "NaN", id="NaN"),
    pytest.param(spoken(" " * 20_001), "larger than 20000", id="vast manifest"),
    # The archive as a whole.
    pytest.param(b"", "in the middle", id="nothing"),
    pytest.param(bytes(1024), "no header", id="empty archive"),
    pytest.param(bytes(100_000), "no header", id="zeros"),
    pytest.param(GOOD[:511], "in the middle", id="truncated header"),
    pytest.param(GOOD[:700], "in the middle", id="truncated manifest"),
    pytest.param(GOOD[:4000], "in the middle", id="truncated file"),
    pytest.param(GOOD[:-1024], "in the middle", id="truncated end"),
    pytest.param(GOOD[:-1], "does not end", id="truncated by a byte"),
    pytest.param(GOOD + b"\0", "does not end", id="a byte after the end"),
    pytest.param(GOOD + bytes(9216), "does not end", id="zeros after the end"),
    pytest.param(GOOD + GOOD, "does not end", id="another archive after the end"),
    pytest.param(GOOD[:-1025] + b"x" + GOOD[-1024:], "after the end of 'report.json'", id="padding"),
    pytest.param(gzip.compress(GOOD), "no header", id="gzip"),
    pytest.param(
        gzip.compress(GOOD[:2048]) + gzip.compress(GOOD[2048:]), "no header", id="gzip of two members"
    ),
    pytest.param(gzip.compress(GOOD) + b"garbage", "no header", id="gzip with a tail"),
    pytest.param(gzip.compress(bytes(50_000_000)), "no header", id="gzip bomb"),
    pytest.param(bz2.compress(GOOD), "no header", id="bzip2"),
    pytest.param(zipped(), "no header", id="zip"),
    # Sizes.
    pytest.param(listed({"blob": bytes(1_000_001)}), "larger than", id="too many bytes"),
    pytest.param(listed({f"f{at}": b"" for at in range(40)}), "more than 40 files", id="too many files"),
]


@pytest.mark.parametrize(("content", "message"), ATTACKS)
def test_an_attack_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """What no packer writes is refused in one short line that says what it is, and nothing stays on disk."""
    home = tmp_path / "home"
    home.mkdir()

    with pytest.raises((BundleRefused, BundleTooLarge), match=message) as refusal:
        receive_now(content, home / "7", limits=SMALL)

    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400
    assert list_names(tmp_path) == ["home"]
    assert list_names(home) == []


def test_a_file_larger_than_a_header_says_is_refused(tmp_path: Path) -> None:
    """A host that takes bundles of any size still takes no file that a plain tar cannot hold."""
    vast = 9 * 2**30
    manifest = json.dumps(describe_files(FILES) | {"files": file(YAML, size=vast)}).encode()
    member = tarfile.TarInfo(YAML)
    member.size = vast
    content = write_tar([("manifest.json", manifest, {})])[:-1024] + member.tobuf(tarfile.GNU_FORMAT)

    with pytest.raises(BundleTooLarge, match="larger than a tar holds, 8 GiB"):
        receive_now(content, tmp_path / "7", limits=BundleLimits(size=2**40))

    assert list_names(tmp_path) == []
