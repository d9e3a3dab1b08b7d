"""What a preview's container is made of: its walls, its limits, its files and what runs in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from greenroom_services.environments import Environment
from greenroom_services.runtimes.engine import Engine
from greenroom_services.runtimes.forkserver import INSIDE, find_python
from greenroom_services.runtimes.runtime import PreviewSpec
from greenroom_services.runtimes.walls import Users, free_users
from greenroom_services.sandbox import scrubbed_environ

ROOM = Path("/preview")
HOME = ROOM / "home"
BENTO = ROOM / "bento"
SCRIPTS = ROOM / "inside"
OUTSIDE = ROOM / "outside"
LOG = ROOM / "log"
SOCKET = "s"
PROGRAM = "import sys; from greenroom_container import serve_bento; serve_bento(*sys.argv[1:])"
# What an engine without root may give away.
ROOTLESS = Users(1, 60_000)
# An engine's own defaults may be more than this machine lets it give.
TASKS = 4_096
# Engines hand these on from their user's settings, and they may hold a password.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
# Folders of an image that hold what runs there, or that everybody may enter.
SYSTEM = frozenset({"bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "tmp", "usr"})


def describe(spec: PreviewSpec, *, engine: Engine, image: str) -> list[str]:
    """Return what `run` is told after its own options: the container's, the image, and what runs in it."""
    users = ROOTLESS if engine.rootless else free_users()
    user = users.first + spec.user % users.count
    python = str(spec.environment.python)
    start = [python, "-I", "-S", str(SCRIPTS / "greenroom_container.py"), str(OUTSIDE / SOCKET), str(user)]
    serve = [python, "-P", "-s", "-c", PROGRAM, str(BENTO)]
    return [
        *("--init", "--hostname", "preview", "--workdir", "/", "--log-driver", "none", "--no-healthcheck"),
        *_describe_walls(engine),
        *_describe_limits(spec),
        *_describe_files(spec),
        *_describe_environ(spec),
        *("--entrypoint", "/bin/sh", image),
        # What keeps Python from starting at all is told in the log, too.
        *("-c", 'exec "$@" >>"$0" 2>&1', str(LOG), *start, *serve),
    ]


def _describe_walls(engine: Engine) -> list[str]:
    """Return what keeps a preview in: no network, no file to write to, no privilege but to become its user."""
    walls = ["--network", "none", "--read-only", "--security-opt", "no-new-privileges", "--user", "0:0"]
    # Where files carry labels, shared ones keep theirs; the other walls stand.
    walls += ["--security-opt", "label=disable"]
    # What ends the first process, it passes on to one that is of another user by then.
    capabilities = ["SETUID", "SETGID", "KILL"]
    if os.geteuid() != 0 and not engine.rootless:
        # Its root is not the owner of the host's folder.
        capabilities += ["DAC_OVERRIDE", "CHOWN"]
    walls += ["--cap-drop", "all", *(part for name in capabilities for part in ("--cap-add", name))]
    if engine.name == "podman":
        walls += ["--read-only-tmpfs=false", "--http-proxy=false", "--env-host=false", "--stop-timeout", "0"]
    return walls


def _describe_limits(spec: PreviewSpec) -> list[str]:
    limits = spec.limits
    ulimits = {"nofile": limits.open_files, "nproc": TASKS, "core": 0, "fsize": limits.file_bytes}
    return [
        # As much with swap as without.
        *("--memory", str(limits.memory), "--memory-swap", str(limits.memory)),
        *("--cpus", str(limits.cpus), "--pids-limit", str(limits.processes)),
        *(part for name, value in ulimits.items() for part in ("--ulimit", f"{name}={value}:{value}")),
    ]


def _describe_files(spec: PreviewSpec) -> Iterator[str]:
    """Give what a preview sees: environment and Python where they are on the host, all else in one room."""
    writable = f"rw,exec,nosuid,nodev,size={spec.limits.file_bytes},mode=1777"
    yield from ("--tmpfs", f"{HOME}:{writable}", "--tmpfs", f"/tmp:{writable}")
    shared = sorted({*_share_python(spec.environment), str(spec.environment.path)})
    for way in _make_ways(spec.folder / "ways", shared):
        yield from _bind(way, f"/{way.name}")
    for path in shared:
        yield from _bind(path, path)
    yield from _bind(spec.bento, BENTO)
    yield from _bind(INSIDE, SCRIPTS)
    yield from _bind(spec.folder, OUTSIDE, access=())
    yield from _bind(spec.log, LOG, access=())


def _share_python(environment: Environment) -> Iterator[str]:
    """Give the folders of the environment's Python; of one that is the system's, no more than is Python."""
    real = Path(os.path.realpath(environment.python))
    for prefix in find_python(environment):
        if prefix == "/usr":
            parts = [real, *(Path(prefix, lib, real.name) for lib in ("lib", "lib64"))]
            yield from (str(part) for part in parts if part.exists())
        else:
            yield prefix


def _make_ways(folder: Path, paths: Iterable[str]) -> list[Path]:
    """Make empty folders that lead to *paths*, and return the first of each way.

    They cover an image's own that are for its root alone, such as root's home.
    """
    folder.mkdir()
    for path in paths:
        if Path(path).parts[1] not in SYSTEM:
            (folder / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return sorted(folder.iterdir())


def _bind(source: Path | str, target: Path | str, *, access: tuple[str, ...] = ("readonly",)) -> list[str]:
    """Return the option that shows *source* at *target*."""
    fields = ["type=bind", f"source={source}", f"target={target}", *access]
    # It is a line of CSV, and a path may hold a comma.
    return ["--mount", ",".join('"' + field.replace('"', '""') + '"' for field in fields)]


def _describe_environ(spec: PreviewSpec) -> list[str]:
    environ = dict.fromkeys((*PROXIES, *map(str.lower, PROXIES)), "")
    environ |= scrubbed_environ(spec.environment, folder=HOME)
    environ |= {"PYTHONPATH": str(SCRIPTS), "PROMETHEUS_MULTIPROC_DIR": "/dev/shm/metrics"}
    return [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
