"""What a fork does to become a preview: put itself behind its walls, then serve the Bento."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

# Mounts, System V IPC, processes, and a network, whose abstract sockets are its own.
NEW_NAMESPACES = 0x00020000 | 0x08000000 | 0x20000000 | 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND = 2, 4, 4096
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
LAST_CAPABILITY = 63
CAPABILITIES_3 = 0x20080522
NICE = 5
KEYCTL = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, -1)
libc = ctypes.CDLL(None, use_errno=True)


def begin(order: dict[str, Any], listener: Any, log: Any) -> None:
    """Become the preview that *order* describes; *listener* and *log* are its socket and its log, handed over."""
    listening, logging = listener.detach(), log.detach()
    os.setsid()
    _keep_only(listening, logging)
    _print_to(logging)
    os.environ.clear()
    os.environ.update(order["environ"])
    if order["namespaces"]:
        # Keys of the forkserver's session would be seen by all its previews.
        _check(min(0, libc.syscall(ctypes.c_long(KEYCTL), ctypes.c_long(1), None)))
        _check(libc.unshare(NEW_NAMESPACES))
    child = _fork_attended()
    if child != 0:
        code = _attend(child)
        if not order["namespaces"]:
            _end_left()
        os._exit(code)
    if order["namespaces"]:
        _wall_in(order)
    _limit(order["limits"])
    _drop_capabilities()
    if order["user"] is not None:
        _become(order["user"])
    _renounce()
    serve(order["bento"], listening)


def _keep_only(*descriptors: int) -> None:
    """Close what the forkserver and its client talk over: a candidate that writes there speaks in their name."""
    start = 3
    for kept in (*sorted(descriptors), resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
        os.closerange(start, kept)
        start = kept + 1


def _print_to(log: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _fork_attended() -> int:
    """Fork the preview proper, and return what `os.fork` does.

    With namespaces it is the first process of its own: what it starts ends with it by the kernel's hand.
    """
    held = (signal.SIGTERM, signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    child = os.fork()
    if child == 0:
        # A group of its own: signals that a candidate sends to its group do not reach who attends it.
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)
    return child


def _attend(child: int) -> int:
    """Pass on what ends the preview, wait for it, and return the exit status that says how it ended."""
    _check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0))
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(child, signal.SIGTERM))
    signal.signal(signal.SIGUSR1, lambda number, frame: os.kill(child, signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGUSR1))
    _, status = os.waitpid(child, 0)
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _end_left() -> None:
    """End what the preview has left: whoever lost its parent has become a child of this process."""
    while left := _children():
        for each in left:
            os.kill(each, signal.SIGKILL)
            os.waitpid(each, 0)


def _children() -> list[int]:
    own = os.getpid()
    return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_text().split()]


def _wall_in(order: dict[str, Any]) -> None:
    """Leave the preview its Bento, read-only, a home in memory, and its own processes alone to see."""
    room = order["room"]
    _mount(order["bento_source"], f"{room}/bento", None, MS_BIND)
    size = f"size={order['limits']['FSIZE']},nr_inodes=20000"
    owner = f"uid={order['user'] or 0},gid={order['user'] or 0}"
    flags = MS_NOSUID | MS_NODEV
    _mount("home", order["environ"]["HOME"], "tmpfs", flags, f"{size},mode=0700,{owner}")
    for hidden in order["hide"]:
        _mount("nothing", hidden, "tmpfs", flags, "size=4k,mode=0500")
    for folder in order["scratch"]:
        _mount("own", folder, "tmpfs", flags, f"{size},mode=0700,{owner}")
    _mount("proc", "/proc", "proc", flags)


def _limit(limits: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("NOFILE", "NPROC", "FSIZE"):
        _set_limit(getattr(resource, f"RLIMIT_{name}"), limits[name])
    # What the forkserver has loaded counts, too, and is no fault of the candidate's.
    _set_limit(resource.RLIMIT_DATA, limits["DATA"] + _data_bytes())
    os.nice(NICE)


def _set_limit(which: int, value: int) -> None:
    given = [limit for limit in (*resource.getrlimit(which), value) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(which, (min(given), min(given)))


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData"))


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _drop_capabilities() -> None:
    """Let no file that is started give any back; what is held goes with `_renounce`."""
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def _renounce() -> None:
    """Hold no privilege, take none on from any file that is started, and end with what started this."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    # Last, since a change of user forgets it.
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind and kind.encode(), flags, data.encode())
    _check(libc.mount(arguments[0], arguments[1], arguments[2], ctypes.c_ulong(flags), arguments[4]), target)


def _check(result: int, *about: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *about)


def serve(bento: str, listening: int) -> None:
    """Serve the Bento's own application on the socket until SIGTERM, or until the keeper has gone."""
    import bentoml
    import uvicorn

    class Server(uvicorn.Server):
        """Gives back what loading the model has left; what is there then stays, and is not looked through again."""

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            gc.collect()
            gc.freeze()
            libc.malloc_trim(0)

    for name in ("TMPDIR", "PROMETHEUS_MULTIPROC_DIR"):
        Path(os.environ[name]).mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chdir(os.environ["HOME"])
    # What the forkserver has imported is frozen: little is left to look through.
    gc.enable()
    service: Any = bentoml.load(bento)
    _introduce(service)
    config = uvicorn.Config(service.to_asgi(), access_log=False, timeout_graceful_shutdown=10)
    Server(config).run(sockets=[socket.socket(fileno=listening)])


def _introduce(service: Any) -> None:
    """Say which service this process is, as BentoML's own worker does: its metrics are labelled with it."""
    from bentoml._internal.context import server_context

    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    server_context.service_routes = [api.route for api in service.apis.values()]
    tag = service.bento.tag if service.bento is not None else None
    server_context.bento_name = tag.name if tag else service.name
    server_context.bento_version = (tag and tag.version) or "not available"
