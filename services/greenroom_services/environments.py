"""Python environments for models: one for each set of requirements, built by uv and shared by digest."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

import uv
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from greenroom_services.bytecode import compile_packages
from greenroom_services.errors import RequirementsError

LOG_CHARACTERS = 8_000
KEPT_VARIABLES = frozenset({"HOME", "LANG", "PATH", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"})
# Where packages are and how uv gets there. An index's credentials are among them: they meet no model's code,
# since wheels alone are installed, and neither installing nor compiling one runs what is in it.
KEPT_VARIABLE = re.compile(
    r"UV_(DEFAULT_INDEX|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|INDEX(_.+)?|INSECURE_HOST|EXCLUDE_NEWER)"
    r"|UV_(CACHE_DIR|OFFLINE|NATIVE_TLS|SYSTEM_CERTS|HTTP_TIMEOUT|PYTHON(_.+)?)"
    r"|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL|NO)_PROXY",
    re.IGNORECASE,
)
BUILD_SECONDS = 1_800.0


@dataclass(frozen=True)
class Environment:
    """A finished environment; *digest* stands for its requirements, Python version and platform."""

    path: Path
    python: Path
    digest: str


def build_environment(
    requirements: Sequence[str], *, cache: Path, python: str | None = None, timeout: float = BUILD_SECONDS
) -> Environment:
    """Return the environment that holds *requirements*, building it below *cache* if it is not there yet.

    *python* is a version such as `3.12`; default: this interpreter. Of two processes that build the same
    environment one waits. Only wheels are installed. Raises `RequirementsError` with uv's own words as log,
    also when uv takes longer than *timeout* seconds.
    """
    lines = normalise(requirements)
    digest = digest_requirements(lines, python=python)
    path = cache.resolve() / digest
    environment = Environment(path, path / "bin" / "python", digest)
    if _runs(environment):
        os.utime(path / "pyvenv.cfg")
        return environment
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(path) as lock:
        if not _runs(environment):
            _build(path, lines, python=python, lock=lock, timeout=timeout)
    return environment


@contextmanager
def held(environment: Environment) -> Iterator[None]:
    """Keep the environment from being evicted, and note that it is used."""
    os.utime(environment.path / "pyvenv.cfg")
    with _lock_file(environment.path) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def evict_environments(cache: Path, *, before: float) -> list[str]:
    """Remove the environments that were last used *before* a time of the epoch and that nobody holds.

    Returns their digests. They are built again when they are needed.
    """
    evicted = []
    for config in cache.glob("*/pyvenv.cfg"):
        path = config.parent
        with _lock_file(path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                unused = config.stat().st_mtime < before
            except OSError:
                continue
            if unused:
                shutil.rmtree(path)
                evicted.append(path.name)
    return evicted


def normalise(requirements: Sequence[str]) -> list[str]:
    """Return *requirements* as sorted PEP 508 lines, or raise `RequirementsError` for one that is none."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in requirements)
    return sorted({_parse(line) for line in lines if line})


def digest_requirements(lines: Sequence[str], *, python: str | None = None) -> str:
    key = "\n".join([*lines, python or _own_version(), sysconfig.get_platform()])
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def serving_requirements(requirements: Sequence[str], *, mlflow_version: str | None = None) -> list[str]:
    """Return a model's *requirements* with what serving and scoring it need besides.

    That is this process's BentoML, pandas and pyarrow, and mlflow-skinny in *mlflow_version* where
    the model names no MLflow. What the model pins itself stays as it is, but for the telemetry of MLflow and
    BentoML: a lock that knows of the one alone often excludes the other, and no prediction depends on it.
    """
    lines = [_loosen(line) for line in normalise(requirements)]
    named = {canonicalize_name(Requirement(line).name) for line in lines}
    wanted = {"bentoml": f"bentoml=={version('bentoml')}", "pandas": "pandas", "pyarrow": "pyarrow"}
    if "mlflow" not in named:
        wanted["mlflow-skinny"] = f"mlflow-skinny=={mlflow_version}" if mlflow_version else "mlflow-skinny"
    return sorted([*lines, *(line for name, line in wanted.items() if name not in named)])


def _loosen(line: str) -> str:
    requirement = Requirement(line)
    if canonicalize_name(requirement.name).startswith("opentelemetry-"):
        requirement.specifier = SpecifierSet()
    return str(requirement)


def model_requirements(model_dir: Path) -> list[str]:
    """Return what the environment of the model in *model_dir* must hold: what it names, and serving's."""
    path = model_dir / "requirements.txt"
    if not path.is_file():
        raise RequirementsError(
            f"the model in {model_dir} has no requirements.txt; log it with pip_requirements=[…]"
        )
    mlmodel = (model_dir / "MLmodel").read_text(encoding="utf-8")
    found = re.search(r"^mlflow_version:\s*['\"]?([\w.+]+)", mlmodel, re.MULTILINE)
    return serving_requirements(
        path.read_text(encoding="utf-8").splitlines(), mlflow_version=found[1] if found else None
    )


def _parse(line: str) -> str:
    if line.startswith("-"):
        raise RequirementsError(
            f"requirement {line!r} is an option of pip, which Greenroom does not pass on; name packages only,"
            " and set indexes for uv on the server"
        )
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        raise RequirementsError(
            f"requirement {line!r} is not a package with a version, such as 'scikit-learn==1.7.2'"
        ) from None
    if requirement.url is not None:
        raise RequirementsError(
            f"requirement {line!r} is a direct reference; name packages from an index with a version"
        )
    return str(requirement)


def _own_version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _runs(environment: Environment) -> bool:
    """Say whether it is there with its Python, which is a link to one that may have been uninstalled."""
    return environment.python.exists()


def _build(path: Path, lines: Sequence[str], *, python: str | None, lock: int, timeout: float) -> None:
    """Build beside *path* and rename, so that what is there is whole. The caller holds the lock."""
    sibling = path.with_name(f".{path.name}.building")
    shutil.rmtree(sibling, ignore_errors=True)
    try:
        venv = ["venv", "--relocatable", "--python", python or sys.executable, str(sibling)]
        _call_uv(venv, lines, lock=lock, timeout=timeout)
        made = _read_foundation(sibling)
        # Building a source distribution would run whatever code the model's requirements name, and so would
        # compiling with the environment's own Python.
        install = [
            "pip",
            "install",
            "--only-binary",
            ":all:",
            "--no-compile-bytecode",
            "--link-mode=hardlink",
        ]
        install += ["--python", str(sibling / "bin" / "python"), "-r", "-"]
        _call_uv(install, lines, lock=lock, timeout=timeout)
        if _read_foundation(sibling) != made:
            raise RequirementsError(
                "the model's environment is refused: one of its packages replaces the environment's own Python or"
                " pyvenv.cfg; name packages that leave them alone"
            )
        compile_packages(sibling, python=made.python, final=path, timeout=timeout)
        shutil.rmtree(path, ignore_errors=True)
        sibling.rename(path)
    finally:
        shutil.rmtree(sibling, ignore_errors=True)


@dataclass(frozen=True)
class _Foundation:
    """What an environment stands on, before anything is installed: no package may change it."""

    python: Path
    link: Path
    config: bytes


def _read_foundation(path: Path) -> _Foundation:
    """Raises `RequirementsError` where a package has put something else in its place."""
    link = path / "bin" / "python"
    try:
        return _Foundation(link.resolve(strict=True), link.readlink(), (path / "pyvenv.cfg").read_bytes())
    except OSError as error:
        raise RequirementsError(
            f"the model's environment is refused: a package breaks its Python ({error.strerror}); name others"
        ) from None


def _call_uv(arguments: Sequence[str], lines: Sequence[str], *, lock: int, timeout: float) -> None:
    try:
        done = subprocess.run(
            [uv.find_uv_bin(), "--no-progress", "--color=never", "--no-config", *arguments],
            input="\n".join(lines),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_scrub(os.environ),
            # It outlives a process that is killed; until it has ended, nobody else may build in its folder.
            pass_fds=[lock],
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RequirementsError(
            f"the model's environment was not built within {timeout:g} seconds; see whether the package index"
            " answers, or give the model fewer requirements"
        ) from None
    if done.returncode != 0:
        raise RequirementsError(_explain(done.stdout, lines), log=done.stdout[-LOG_CHARACTERS:])


def _scrub(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave uv what it needs to find packages, and nothing that is no business of an index."""
    kept = {
        key: value for key, value in environ.items() if key in KEPT_VARIABLES or KEPT_VARIABLE.fullmatch(key)
    }
    return kept | {"UV_PYTHON_DOWNLOADS": environ.get("UV_PYTHON_DOWNLOADS", "automatic")}


def _explain(output: str, lines: Sequence[str]) -> str:
    source_only = re.search(r"Wheels are required for `([^`]+)`", output)
    if source_only:
        return (
            f"the model's environment cannot be built: package {source_only[1]!r} has no wheel for this Python"
            " and platform, and Greenroom builds none, since that runs the package's code; name a version with one"
        )
    named = next((line for line in lines if _mentions(output, Requirement(line).name)), None)
    if named is not None and Requirement(named).name == "bentoml":
        return (
            f"the model's environment cannot be built: its pins and Greenroom's {named} exclude each other; log the"
            " model with pip_requirements=[…] that name only what it needs, or add bentoml to your project's lock"
        )
    subject = f"requirement {named!r}" if named else "one of the requirements"
    return f"the model's environment cannot be built: uv could not install {subject}; correct it in the model"


def _mentions(output: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", output, re.IGNORECASE) is not None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    with _lock_file(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _lock_file(path: Path) -> IO[str]:
    return path.with_name(f".{path.name}.lock").open("w")
