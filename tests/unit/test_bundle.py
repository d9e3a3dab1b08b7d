"""What is packed arrives as it was, and only what was packed."""

from __future__ import annotations

import asyncio
import errno
import gc
import hashlib
import os
import resource
import stat
import tarfile
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from greenroom_services.bundle import Bundle, pack_bundle, receive_bundle
from greenroom_services.bundle_archive import unpack
from greenroom_services.bundle_checks import BundleLimits, read_digest, write_digest
from greenroom_services.errors import BundleRefused, BundleTooLarge, BundlingError, HostFull, ServiceError
from greenroom_services.previews import Manifest
from tests.bundles import (
    FILES,
    in_pieces,
    list_names,
    make_bento,
    pack_small,
    read_back,
    read_whole,
    receive,
    receive_now,
)


def test_a_bundle_arrives_as_it_was_packed(tmp_path: Path) -> None:
    """Files, manifest and digest are the same on both sides, and nothing else is left beside them."""
    packed = pack_small(tmp_path / "there", order=3, routes=["/admin"], repository="99", timeout=5)
    (tmp_path / "here").mkdir()

    async def arrive() -> Bundle:
        pieces = in_pieces(read_whole(packed), size=700)
        return await receive_bundle(pieces, digest=packed.digest, into=tmp_path / "here" / "7")

    bundle = asyncio.run(arrive())

    content = read_whole(packed)
    assert bundle.manifest == packed.manifest
    assert bundle.digest == hashlib.sha256(content).hexdigest()
    assert bundle.bytes == packed.size == len(content)
    assert bundle.bento == tmp_path / "here" / "7" / "bento"
    unpacked = read_back(bundle.folder)
    assert Manifest.model_validate_json(unpacked.pop("manifest.json")) == packed.manifest
    assert unpacked == FILES
    assert list_names(tmp_path / "here") == ["7"]


def test_the_same_contents_are_the_same_bytes(tmp_path: Path) -> None:
    """Neither when nor where nor with which modes files were made shows in a bundle."""
    one, other = pack_small(tmp_path / "one"), pack_small(tmp_path / "other")
    os.utime(tmp_path / "other" / "bento" / "bento.yaml", (0, 0))
    (tmp_path / "other" / "bento" / "bento.yaml").chmod(0o755)

    assert read_whole(other) == read_whole(one)
    assert other.headers() == one.headers()
    # Sender and host may run other versions of Python: the bytes of a header are fixed.
    header = read_whole(one)[:512]
    assert header[:13] == b"manifest.json"
    assert header[100:136] == b"0000644\0" + b"0000000\0" * 2 + f"{len(one.content):011o}\0".encode()
    assert header[136:148] == b"00000000000\0"
    assert header[156:] == b"0" + bytes(100) + b"ustar\x0000" + bytes(247)


def test_any_tar_reads_a_bundle(tmp_path: Path) -> None:
    """It is a plain tar with its manifest first and its files in order, to be looked into with any tool."""
    content = read_whole(pack_small(tmp_path))

    with tarfile.open(fileobj=BytesIO(content), mode="r:") as archive:
        names = archive.getnames()

    assert names == ["manifest.json", *sorted(FILES)]


def test_modes_are_plain(tmp_path: Path) -> None:
    """What was unpacked can be read by every user and run by none, whatever the process's mask."""
    content = read_whole(pack_small(tmp_path / "there"))
    mask = os.umask(0o077)
    try:
        bundle = receive_now(content, tmp_path / "here")
    finally:
        os.umask(mask)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in bundle.folder.rglob("*") if path.is_file()}
    folders = [bundle.folder, *(path for path in bundle.folder.rglob("*") if path.is_dir())]
    assert modes == {0o644}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o755}


def test_long_and_foreign_names_travel(tmp_path: Path) -> None:
    """Names of other scripts, with spaces, of a hundred bytes and below long folders arrive."""
    names = ["x" * 100, "/".join(["y" * 75, "z" * 79, "x" * 100]), "modèle/крылья 翼.bin", "a/empty"]
    packed = pack_small(tmp_path / "there", extra={name: name.encode() for name in names})

    bundle = receive_now(read_whole(packed), tmp_path / "here")

    assert {name: (bundle.folder / name).read_bytes() for name in names} == {
        name: name.encode() for name in names
    }


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        pytest.param({"project": "No!"}, BundleRefused, "project: ", id="project"),
        pytest.param({"sha": "abc"}, BundleRefused, "sha: ", id="sha"),
        pytest.param({"timeout": float("nan")}, BundleRefused, "timeout: ", id="timeout"),
        pytest.param({"extra": {"../x": b""}}, BundleRefused, "leaves its folder", id="name"),
        pytest.param({"extra": {"bento/x": b""}}, BundlingError, "a name of the Bento's", id="Bento's name"),
        pytest.param({"extra": {"manifest.json": b""}}, BundleRefused, "twice", id="manifest's name"),
        pytest.param({"extra": {"x" * 101: b""}}, BundleTooLarge, "shorten it", id="long name"),
    ],
)
def test_what_no_host_takes_is_not_packed(
    fields: dict[str, Any], error: type[ServiceError], message: str, tmp_path: Path
) -> None:
    """Who packs learns at once what the host would refuse."""
    with pytest.raises(error, match=message):
        pack_small(tmp_path, **fields)


def test_a_link_is_not_packed(tmp_path: Path) -> None:
    """A link in a Bento would carry out what it points to."""
    bento = make_bento(tmp_path)
    (bento / "secrets").symlink_to("/etc/passwd")

    with pytest.raises(BundlingError, match="is a link"):
        pack_bundle(bento, project="p", slot="1", sha="a" * 40, model="b" * 64, requirements=[])


def test_a_file_that_changes_is_told(tmp_path: Path) -> None:
    """A file that grows or shrinks while it is sent ends the sending."""
    packed = pack_small(tmp_path)
    for content in (b"longer than it was before, by far", b"short"):
        (tmp_path / "bento" / "bento.yaml").write_bytes(content)

        with pytest.raises(BundlingError, match=r"bento/bento\.yaml changed"):
            read_whole(packed)


GOOD = write_digest(bytes(32))


@pytest.mark.parametrize(
    "header", [GOOD, f"sha-512=:{'A' * 86}==:, {GOOD}", f"{GOOD},\tunixsum=:AAE=:"], ids=["one", "two", "tab"]
)
def test_a_content_digest_is_read(header: str) -> None:
    """The SHA-256 is found, also beside others."""
    assert read_digest(header) == bytes(32)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha-256",
        "sha-256=" + "0" * 64,
        GOOD.upper(),
        GOOD.replace("sha-256", "sha-512"),
        GOOD.replace(":", ""),
        GOOD.replace("=:", ":"),
        GOOD + ";x=1",
        GOOD + ",",
        f"{GOOD}, {GOOD}",
        f"{GOOD}\n",
        f"{GOOD} x",
        write_digest(bytes(31)),
        write_digest(bytes(33)),
        # The same bytes for lenient readers: a bit set in the padding, and none of it.
        GOOD.replace("A=", "B="),
        GOOD.replace("=:", "").replace("sha-256", "sha-256=:"),
        GOOD.replace("AAAA", "AA AA", 1),
        "sha-256=:é:",
        "sha-256=:" + "A" * 100_000 + ":",
    ],
)
def test_a_wrong_content_digest_is_refused(header: str, tmp_path: Path) -> None:
    """A missing, malformed or doubled digest is told in one short line, before a byte is read."""

    async def chunks() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    with pytest.raises(BundleRefused, match="Content-Digest") as refusal:
        asyncio.run(receive_bundle(chunks(), digest=header, into=tmp_path / "7"))

    assert len(str(refusal.value)) < 300
    assert "\n" not in str(refusal.value)


def test_another_digest_is_refused(tmp_path: Path) -> None:
    """A bundle whose bytes are not those that were announced leaves nothing."""
    content = read_whole(pack_small(tmp_path / "there"))
    (tmp_path / "here").mkdir()

    with pytest.raises(BundleRefused, match="bytes were lost or changed"):
        asyncio.run(receive_bundle(in_pieces(content[:-1]), digest=GOOD, into=tmp_path / "here" / "7"))

    assert list_names(tmp_path / "here") == []


class Disconnected(Exception):
    """What a web framework raises when its client goes."""


@pytest.mark.parametrize("error", [Disconnected(), OSError(errno.EIO, "Input/output error")])
def test_a_broken_off_bundle_leaves_nothing(error: Exception, tmp_path: Path) -> None:
    """When the sender goes away, its error comes through, and the disk is as it was."""
    packed = pack_small(tmp_path / "there")
    (tmp_path / "here").mkdir()

    async def chunks() -> AsyncIterator[bytes]:
        yield read_whole(packed)[:3_000_000]
        raise error

    with pytest.raises(type(error)) as caught:
        asyncio.run(receive_bundle(chunks(), digest=packed.digest, into=tmp_path / "here" / "7"))

    assert caught.value is error
    assert list_names(tmp_path / "here") == []


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    """Cancelled at any moment, once or twice, receiving stops soon and leaves an empty folder or a whole bundle."""
    packed = pack_small(tmp_path / "there", extra={str(at): bytes(20_000) for at in range(100)})
    content = read_whole(packed)
    (tmp_path / "here").mkdir()

    async def cancelled_after(seconds: float, into: Path) -> bool:
        task = asyncio.create_task(receive(content, into))
        await asyncio.wait([task], timeout=seconds)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            assert list_names(tmp_path / "here") == []
            return True
        assert len(read_back(task.result().folder)) == len(packed.manifest.files) + 1
        return False

    began = time.monotonic()
    receive_now(content, tmp_path / "whole")
    pause = (time.monotonic() - began) / 20
    step = 0
    while asyncio.run(cancelled_after(step * pause, tmp_path / "here" / "7")):
        step += 1
    gc.collect()

    assert step > 0


def test_unpacking_stops_when_it_is_told(tmp_path: Path) -> None:
    """Nobody waits for the rest of a large bundle that nobody waits for."""
    content = read_whole(pack_small(tmp_path / "there"))
    (tmp_path / "here").mkdir()
    stop = Event()
    stop.set()

    with pytest.raises(InterruptedError):
        unpack(BytesIO(content), tmp_path / "here", limits=BundleLimits(), stop=stop)


def test_a_slow_bundle_is_refused(tmp_path: Path) -> None:
    """Who sends a byte now and then does not hold the door open."""
    (tmp_path / "here").mkdir()

    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"\0"
            await asyncio.sleep(0.001)

    with pytest.raises(BundleRefused, match=r"within 0\.05 seconds"):
        asyncio.run(
            receive_bundle(
                chunks(), digest=GOOD, into=tmp_path / "here" / "7", limits=BundleLimits(seconds=0.05)
            )
        )

    assert list_names(tmp_path / "here") == []


def test_an_endless_bundle_is_cut(tmp_path: Path) -> None:
    """No more is read than the limit allows."""
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield bytes(65_536)

    with pytest.raises(BundleTooLarge, match="larger than 8 MiB"):
        asyncio.run(
            receive_bundle(chunks(), digest=GOOD, into=tmp_path / "7", limits=BundleLimits(size=8 * 2**20))
        )

    assert read <= 9 * 2**20
    assert list_names(tmp_path) == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Where no more can be written, that is the host's matter, not the bundle's: it says so, and cleans up."""
    content = read_whole(pack_small(tmp_path / "there", extra={"large": bytes(3_000_000)}))
    (tmp_path / "here").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(HostFull, match="disk"):
            receive_now(content, tmp_path / "here" / "7")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list_names(tmp_path / "here") == []


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    """A folder that exists is a mistake of the caller's, and stays."""
    (tmp_path / "7").mkdir()

    with pytest.raises(FileExistsError):
        receive_now(b"", tmp_path / "7")

    assert list_names(tmp_path) == ["7"]
