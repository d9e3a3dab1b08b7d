"""Whatever becomes of a bundle on its way, it is refused, or is still what was packed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom_services.bundle import receive_bundle
from greenroom_services.bundle_checks import BundleLimits, write_digest
from greenroom_services.errors import BundleRefused, BundleTooLarge
from tests.bundles import FILES, Entry, describe_files, entries, in_pieces, list_names, read_back, write_tar

GOOD = write_tar(entries(FILES))
DIGEST = write_digest(hashlib.sha256(GOOD).digest())
LIMITS = BundleLimits(size=1_000_000, manifest=10_000, files=100)
BUNDLES = 3_000
NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/x",
    "bento",
    "bento/",
    "a\\b",
    "a\0b",
    "C:x",
    "é" * 60,
    "x" * 300,
    "report.json/x",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    float("nan"),
    "",
    "x" * 500,
    "\ud800",
    [],
    [[]],
    {},
    {"": {}},
]
NUMBERS = [
    b"\xff" * 8,
    b"\x80" + bytes(7),
    b"7777777\0",
    b"-1\0",
    b"        ",
    b"9\0",
    b"0o7\0",
    b"1_0\0",
    bytes(8),
]


def flip(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


def lose(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content))
    del content[start : start + rng.choice([1, 100, 512, 1024])]


def insert(content: bytearray, rng: random.Random) -> None:
    start = rng.choice([rng.randrange(len(content)), rng.randrange(len(content) // 512) * 512, len(content)])
    content[start:start] = rng.choice([rng.randbytes(rng.randint(1, 600)), bytes(512), GOOD[:512]])


def move_blocks(content: bytearray, rng: random.Random) -> None:
    one, other = (rng.randrange(len(content) // 512) * 512 for _ in range(2))
    content[one : one + 512], content[other : other + 512] = (
        content[other : other + 512],
        content[one : one + 512],
    )


def overwrite(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content) // 512) * 512
    content[start : start + 512] = rng.choice([bytes(512), rng.randbytes(512), b"\xff" * 512])


def change_header(content: bytearray, rng: random.Random) -> None:
    """Change a field of a header, whose checksum is right again."""
    headers = [at for at in range(0, len(content), 512) if content[at + 257 : at + 262] == b"ustar"]
    if not headers:
        return
    start = rng.choice(headers)
    at, size = rng.choice(
        [(0, 100), (100, 8), (108, 8), (124, 12), (136, 12), (156, 1), (157, 100), (345, 155)]
    )
    new = rng.choice(
        [*NUMBERS, *(name.encode() for name in NAMES), rng.randbytes(size), b"L", b"x", b"2", b"S"]
    )
    content[start + at : start + at + size] = new[:size].ljust(size, b"\0")
    content[start + 148 : start + 156] = b" " * 8
    content[start + 148 : start + 156] = f"{sum(content[start : start + 512]):06o}\0 ".encode()


BYTES: list[Callable[[bytearray, random.Random], None]] = [
    flip,
    cut,
    lose,
    insert,
    move_blocks,
    overwrite,
    change_header,
]


def spoil_bytes(rng: random.Random) -> bytes:
    content = bytearray(GOOD)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        rng.choice(BYTES)(content, rng)
        if len(content) < 512:
            break
        del content[len(content) // 512 * 512 + rng.choice([0, 511]) :]
    return bytes(content)


def spoil_members(rng: random.Random) -> bytes:
    """Return the bundle with members doubled, dropped, moved, renamed, or of other kinds and sizes."""
    members = entries(FILES)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(members))
        match rng.randrange(6):
            case 0 if len(members) > 1:
                del members[at]
            case 1:
                members.insert(rng.randrange(len(members)), members[at])
            case 2:
                rng.shuffle(members)
            case _:
                members[at] = spoil_member(members[at], rng)
    return write_tar(members)


def spoil_member(member: Entry, rng: random.Random) -> Entry:
    name, content, fields = member
    kind = rng.choice([b"1", b"2", b"3", b"5", b"6", b"S", b"x", b"L"])
    return rng.choice(
        [
            (rng.choice([*NAMES, *FILES, "bento/new"]), content, fields),
            (name, content, {**fields, "type": kind}),
            (name, content, {**fields, "mode": rng.randrange(0o10000)}),
            (name, content[: rng.randrange(len(content) + 1)], fields),
            (name, content + b"\0", fields),
        ]
    )


def spoil_manifest(rng: random.Random) -> bytes:
    """Return the bundle with something else said in its manifest."""
    manifest = describe_files(FILES)
    files = manifest["files"]
    node: dict[str, Any] = rng.choice([manifest, manifest, files, rng.choice(list(files.values()))])
    key = rng.choice(list(node))
    change = rng.randrange(4)
    if change == 0:
        del node[key]
    elif change == 1:
        node[rng.choice([*NAMES, "routes", "probe", "order"])] = rng.choice([*VALUES, node[key]])
    elif change == 2:
        node[key] = rng.choice(VALUES)
    else:
        node[rng.choice(NAMES)] = node.pop(key)
    return write_tar([("manifest.json", json.dumps(manifest).encode(), {}), *entries(FILES)[1:]])


async def is_refused(spoiled: bytes, rng: random.Random, *, into: Path) -> bool:
    """Say whether the bundle is refused, as it must be; otherwise it has the files that were packed."""
    digest = rng.choice([DIGEST, *[write_digest(hashlib.sha256(spoiled).digest())] * 9])
    try:
        bundle = await receive_bundle(in_pieces(spoiled), digest=digest, into=into, limits=LIMITS)
    except (BundleRefused, BundleTooLarge) as error:
        message = str(error)
    else:
        content = read_back(bundle.folder)
        content.pop("manifest.json")
        assert content == FILES
        assert bundle.manifest.files.keys() == FILES.keys()
        shutil.rmtree(into)
        return False
    assert "\n" not in message
    assert len(message) < 500
    return True


async def count_refused(home: Path, rng: random.Random) -> int:
    refused = 0
    for number in range(BUNDLES):
        spoiled = rng.choice([spoil_bytes, spoil_members, spoil_manifest])(rng)
        refused += await is_refused(spoiled, rng, into=home / str(number))
        assert list_names(home) == []
    return refused


@pytest.mark.parametrize("seed", [1, 2])
def test_malformed_bundles(seed: int, tmp_path: Path) -> None:
    """Of thousands of malformed bundles each is refused in one line, or has the files that were packed."""
    home = tmp_path / "home"
    home.mkdir()

    refused = asyncio.run(count_refused(home, random.Random(seed)))

    assert 0.9 * BUNDLES < refused < BUNDLES
    assert list_names(tmp_path) == ["home"]
