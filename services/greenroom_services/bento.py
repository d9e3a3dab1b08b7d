"""Packages a model as a Bento: built once, and the same bytes run everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom_services.errors import BundlingError
from greenroom_services.scoring import Task

SCRIPT = Path(__file__).with_name("bento_script.py")
SERVICE = Path(__file__).with_name("inference.py")
LOG_CHARACTERS = 8_000
# Python and the Finder leave these behind in a folder that was only read.
TRACES = frozenset({"__pycache__", ".DS_Store"})
NOUNS = {"digest": "model", "positive": "positive class"}


@dataclass(frozen=True)
class PackagedBento:
    """A Bento in the store: *tag* is `name:version`, *path* its folder."""

    tag: str
    path: Path


def digest_folder(folder: Path) -> str:
    """Return the SHA-256 over the sorted relative paths and the bytes of every file in *folder*.

    Raises `BundlingError` for a link or anything else that is no file, since it would not travel.
    """
    digest = hashlib.sha256()
    for path in plain_files(folder):
        name = path.relative_to(folder).as_posix().encode()
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(len(name).to_bytes(4, "big") + name + content)
    return digest.hexdigest()


def package(
    model_dir: Path,
    *,
    name: str,
    version: str,
    digest: str,
    task: Task,
    profile: Mapping[str, Any],
    requirements: Sequence[str],
    store: Path,
    labels: Mapping[str, str],
    classes: Sequence[str] = (),
    positive: str | None = None,
) -> PackagedBento:
    """Build the Bento *name*:*version* of the MLflow model in *model_dir*, and keep it in *store*.

    *digest* is `digest_folder(model_dir)`; the copy in the Bento is held against it. *store* is what BentoML
    calls BENTOML_HOME. A tag that the store already holds with this identity and *profile* is returned as
    it is, and built anew in its place when its service is not this Greenroom's; with others it is taken, and
    raises `BundlingError`.
    """
    packaged = PackagedBento(f"{name}:{version}", store.resolve() / "bentos" / name / version)
    identity = {
        "name": name,
        "version": version,
        "digest": digest,
        "task": task,
        "classes": list(classes),
        "positive": positive,
    }
    if packaged.path.is_dir() and _is_current(packaged, identity=identity, profile=profile):
        return packaged
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=store) as folder:
        context = Path(folder) / "context"
        _assemble(context, model_dir, identity=identity, profile=profile)
        request = {
            "name": name,
            "version": version,
            "labels": dict(labels),
            "requirements": list(requirements),
            "context": str(context),
        }
        _run_script(request, home=Path(folder) / "home")
        built = Path(folder) / "home" / "bentos" / name / version
        _require_same_model(built, digest=digest, source=model_dir)
        _move_in(built, packaged.path, aside=Path(folder) / "replaced")
    return packaged


def _require_same_model(built: Path, *, digest: str, source: Path) -> None:
    if digest_folder(built / "src" / "model") != digest:
        raise BundlingError(
            f"the model's files in the Bento {built.parent.name}:{built.name} differ from digest {digest[:12]}…; give"
            f" the digest of {source} as it is now, and keep .bentoignore, venv/ and .git/ out of it"
        )


def _is_current(packaged: PackagedBento, *, identity: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
    """Say whether the Bento in the store has the present service; `BundlingError` when it is of something else."""
    source = packaged.path / "src"
    wanted = {**identity, "profile": _as_read(profile)}
    try:
        found = {**_read_json(source / "identity.json"), "profile": _read_json(source / "profile.json")}
        service = (source / "service.py").read_bytes()
    except (OSError, ValueError, TypeError) as error:
        raise BundlingError(
            f"Bento {packaged.tag} is damaged ({error}); remove {packaged.path} and try again"
        ) from error
    other = next((key for key in wanted | found if found.get(key) != wanted.get(key)), None)
    if other is not None:
        raise BundlingError(
            f"Bento {packaged.tag} is there with another {NOUNS.get(other, other)}; give this one its own version"
        )
    return service == SERVICE.read_bytes()


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _as_read(content: Any) -> Any:
    """Return *content* as JSON gives it back: tuples as lists, keys as texts."""
    return json.loads(json.dumps(content))


def plain_files(folder: Path) -> Iterator[Path]:
    """Give the files below *folder* in the order of their paths; `BundlingError` for what would not travel."""
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if TRACES.intersection(path.relative_to(folder).parts):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BundlingError(f"{path} is a link or a special file; log the model with plain files only")
        if path.is_file():
            yield path


def _assemble(
    context: Path, model_dir: Path, *, identity: Mapping[str, Any], profile: Mapping[str, Any]
) -> None:
    for path in plain_files(model_dir):
        target = context / "model" / path.relative_to(model_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(path, target)
    shutil.copyfile(SERVICE, context / "service.py")
    for name, content in (("identity.json", identity), ("profile.json", profile)):
        (context / name).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another device, or a file system without hard links.
        shutil.copyfile(source, target)


def _run_script(request: Mapping[str, Any], *, home: Path) -> None:
    """Call BentoML in a process of its own: which store it uses is the process's, not the call's."""
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", str(SCRIPT)],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true"},
        check=False,
    )
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BundlingError(
            f"BentoML could not build the Bento: {lines[-1]}", log=done.stdout[-LOG_CHARACTERS:]
        )


def _move_in(built: Path, path: Path, *, aside: Path) -> None:
    """Put the finished Bento into the store, so that a kill leaves no half of one; what is there goes *aside*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.rename(aside)
    try:
        built.rename(path)
    except OSError:
        # Another process built the same tag in the meantime.
        if not path.is_dir():
            raise
        return
    latest = built.parent / "latest"
    latest.write_text(path.name, encoding="utf-8")
    latest.replace(path.parent / "latest")
