"""What a bundle must be before anything of it is written: its digest, its manifest and its names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NoReturn

from pydantic import ValidationError

from greenroom_services.errors import BundleRefused, BundleTooLarge
from greenroom_services.previews import BundledFile, Manifest

MIB = 2**20
MANIFEST = "manifest.json"
BENTO = "bento/"
MODEL = "bento/src/model/"
SHOWN_CHARACTERS = 80
SHA256_BYTES = 32
# One member of a Content-Digest (RFC 9530): an algorithm's key and its bytes (RFC 8941, 3.1.2 and 3.3.5).
DIGEST_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")
# What a POSIX tar header holds of a path: the end of it, and what is before.
NAME_BYTES = 100
PREFIX_BYTES = 155


@dataclass(frozen=True)
class BundleLimits:
    """The largest bundle that is taken."""

    size: int = 4 * 1024 * MIB
    """Bytes of the archive, and so of all that is in it: it is not compressed."""
    manifest: int = 4 * MIB
    """Bytes."""
    files: int = 10_000
    """Folders count, too."""
    depth: int = 32
    """Parts of a path."""
    seconds: float = 900.0
    """From the first byte until it is checked and unpacked."""


def write_digest(sha256: bytes) -> str:
    """Return the value of `Content-Digest` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def read_digest(header: str) -> bytes:
    """Return the SHA-256 that a `Content-Digest` gives; `BundleRefused` where there is none, or it is malformed.

    Other algorithms may stand beside it.
    """
    members = [DIGEST_MEMBER.fullmatch(member.strip(" \t")) for member in header.split(",")]
    named = [(member[1], member[2]) for member in members if member]
    given = [value for key, value in named if key == "sha-256"]
    if len(named) < len(members) or len(given) != 1:
        _refuse_digest(header)
    try:
        sha256 = base64.b64decode(given[0], validate=True)
    except binascii.Error:
        _refuse_digest(header)
    if len(sha256) != SHA256_BYTES or write_digest(sha256) != f"sha-256=:{given[0]}:":
        _refuse_digest(header)
    return sha256


def _refuse_digest(header: str) -> NoReturn:
    raise BundleRefused(
        f"Content-Digest {show(header)} is not the SHA-256 of a bundle; send sha-256=:…: with its base64"
    )


def read_manifest(content: bytes, *, limits: BundleLimits) -> Manifest:
    """Return the manifest that stands for a bundle that may be unpacked, or raise what is wrong with it."""
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BundleRefused(f"the bundle's manifest is not valid: {explain(error)}") from None
    _require_one_reading(content)
    check_names(manifest.files, limits=limits)
    if sum(file.size for file in manifest.files.values()) > limits.size:
        raise BundleTooLarge(f"the bundle lists more than {limits.size / MIB:g} MiB; pack a smaller model")
    if manifest.requirements_digest != digest_lines(manifest.requirements):
        raise BundleRefused(
            "the bundle's requirements_digest is not that of its requirements; pack it with one Greenroom"
        )
    _require_model(manifest)
    return manifest


def digest_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def explain(error: ValidationError) -> str:
    """Return the first thing that is wrong, in one line."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    return " ".join(f"{where[:SHOWN_CHARACTERS]}: {first['msg']}".removeprefix(": ").split())


def _require_one_reading(content: bytes) -> None:
    """Refuse a document that another reader would take for another: a key given twice, a number that is none."""

    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        taken = dict(pairs)
        if len(taken) < len(pairs):
            raise BundleRefused("the bundle's manifest gives a key twice; write each once")
        return taken

    def refuse(constant: str) -> NoReturn:
        raise BundleRefused(f"the bundle's manifest holds {constant}, which is not JSON; write numbers")

    json.loads(content, object_pairs_hook=take, parse_constant=refuse)


def _require_model(manifest: Manifest) -> None:
    """Hold the model's digest against its files, where the Bento keeps them where Greenroom's does."""
    files = {name: file for name, file in manifest.files.items() if name.startswith(MODEL)}
    if files and manifest.model != _digest_listed(files):
        raise BundleRefused(
            f"the bundle's model is not {manifest.model[:12]}…, as its manifest says; pack the Bento of that model"
        )


def _digest_listed(files: Mapping[str, BundledFile]) -> str:
    """Return what `digest_folder` gives for these files, which are not there yet."""
    digest = hashlib.sha256()
    for path in sorted(files):
        name = path.removeprefix(MODEL).encode()
        digest.update(len(name).to_bytes(4, "big") + name + bytes.fromhex(files[path].sha256))
    return digest.hexdigest()


def check_names(names: Iterable[str], *, limits: BundleLimits) -> None:
    """Raise for a path that does not stay below the folder, or that some file system takes for another's."""
    files: set[str] = set()
    folders: dict[str, str] = {}
    for name in names:
        check_name(name, limits=limits)
        folded = fold(name)
        if name == MANIFEST or folded in files or folded == fold(MANIFEST):
            raise BundleRefused(f"the bundle has {show(name)} twice, as some file systems see it; rename one")
        files.add(folded)
        for folder in map(str, list(PurePosixPath(name).parents)[:-1]):
            if folders.setdefault(fold(folder), folder) != folder:
                raise BundleRefused(
                    f"the bundle has folder {show(folder)} twice, as some file systems see it; rename one"
                )
        if len(files) + len(folders) > limits.files:
            raise BundleTooLarge(f"the bundle has more than {limits.files} files and folders; pack fewer")
    both = files.intersection(folders)
    if both:
        raise BundleRefused(f"the bundle has {show(min(both))} as a file and as a folder; rename one")


def check_name(name: str, *, limits: BundleLimits) -> None:
    """Raise for what is no plain relative path of a file."""
    parts = name.split("/")
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        raise BundleRefused(f"the bundle has {show(name)}, an absolute path; pack relative ones")
    if ".." in parts:
        raise BundleRefused(f"the bundle has {show(name)}, a path that leaves its folder; pack without '..'")
    if "" in parts or "." in parts:
        raise BundleRefused(f"the bundle has {show(name)}, a path with an empty part; write it plainly")
    if "\\" in name or not name.isprintable():
        raise BundleRefused(
            f"the bundle has {show(name)}, a path with a backslash or a character that does not show; rename it"
        )
    if len(parts) > limits.depth or not _fits_header(name):
        raise BundleTooLarge(
            f"the bundle has {show(name)}, a path longer than {limits.depth} parts, {NAME_BYTES} bytes of a name or"
            f" {PREFIX_BYTES} before it; shorten it"
        )


def _fits_header(name: str) -> bool:
    encoded = name.encode()
    return len(encoded) <= NAME_BYTES or any(
        at <= PREFIX_BYTES and len(encoded) - at - 1 <= NAME_BYTES
        for at, byte in enumerate(encoded)
        if byte == ord("/")
    )


def fold(name: str) -> str:
    """Return what is the same for names that differ in case or composition alone (Unicode, D146)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def show(name: str) -> str:
    """Return a name that somebody else chose, so that it stays short and on its line."""
    return repr(name if len(name) <= SHOWN_CHARACTERS else f"{name[: SHOWN_CHARACTERS - 1]}…")
