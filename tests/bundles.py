"""A small bundle, and the means to make a wrong one of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tarfile
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from greenroom_services.bento import digest_folder
from greenroom_services.bundle import Bundle, PackedBundle, pack_bundle, receive_bundle
from greenroom_services.bundle_checks import BundleLimits, digest_lines, write_digest

FILES: dict[str, bytes] = {
    "bento/bento.yaml": b"service: service:Candidate\n",
    "bento/src/model/MLmodel": b"flavors: {}\n",
    "bento/src/model/weights.bin": bytes(range(256)) * 8,
    "bento/src/service.py": b"Candidate = None\n",
    "report.json": b'{"schema": 1}',
}
REQUIREMENTS = ["bentoml==1.4.40", "pandas"]


def make_bento(folder: Path) -> Path:
    for name, content in FILES.items():
        if name.startswith("bento/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder / "bento"


def pack_small(folder: Path, **fields: Any) -> PackedBundle:
    bento = make_bento(folder)
    given: dict[str, Any] = {
        "project": "flights",
        "slot": "7",
        "sha": "a" * 40,
        "model": digest_folder(bento / "src" / "model"),
        "requirements": REQUIREMENTS,
        "probe": {"distance": 3.5, "carrier": "AA"},
        "extra": {"report.json": FILES["report.json"]},
    }
    return pack_bundle(bento, **given | fields)


def read_back(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def describe_files(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return a manifest of *files*, as JSON has it, to be spoilt."""
    model = hashlib.sha256()
    for name in sorted(files):
        if name.startswith("bento/src/model/"):
            short = name.removeprefix("bento/src/model/").encode()
            model.update(len(short).to_bytes(4, "big") + short + hashlib.sha256(files[name]).digest())
    return {
        "version": 1,
        "project": "flights",
        "slot": "7",
        "sha": "a" * 40,
        "model": model.hexdigest(),
        "requirements": REQUIREMENTS,
        "requirements_digest": digest_lines(REQUIREMENTS),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in files.items()
        },
    }


Entry = tuple[str, bytes, Mapping[str, Any]]


def entries(files: Mapping[str, bytes]) -> list[Entry]:
    """Return what stands in the archive of a good bundle, manifest first, to be spoilt."""
    manifest = json.dumps(describe_files(files)).encode()
    return [("manifest.json", manifest, {}), *((name, files[name], {}) for name in sorted(files))]


def write_tar(members: Iterable[Entry]) -> bytes:
    """Return a tar of (name, content, further fields of the header); it ends as a bundle does."""
    archive = b""
    for name, content, fields in members:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for field, value in fields.items():
            setattr(info, field, value)
        archive += _write_header(info) + content + bytes(-len(content) % 512)
    return archive + bytes(1024)


def _write_header(info: tarfile.TarInfo) -> bytes:
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")
    except ValueError:
        # What fits no plain header.
        return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


async def in_pieces(content: bytes, *, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def receive(content: bytes, into: Path, *, limits: BundleLimits | None = None) -> Bundle:
    """Receive *content* with the digest that it has."""
    digest = write_digest(hashlib.sha256(content).digest())
    return await receive_bundle(in_pieces(content), digest=digest, into=into, limits=limits)


def receive_now(content: bytes, into: Path, *, limits: BundleLimits | None = None) -> Bundle:
    return asyncio.run(receive(content, into, limits=limits))


def read_whole(pack: PackedBundle) -> bytes:
    return b"".join(pack.chunks())
