"""Puts up walls around one environment, then runs a program of it inside: called by path, standard library alone.

Its one argument is a JSON document, `Enclosure` in `walls.py` says of what. What a model's environment holds is the
model's choice, and runs as soon as its Python starts: so the walls stand before that, and the program inside is
nobody outside. With users of their own it is root in a user namespace: over these users, and over nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

NEW_MOUNTS, NEW_USERS, NEW_PROCESSES = 0x00020000, 0x10000000, 0x20000000
# System V IPC, host name, and a network that has nothing in it.
NEW_REST = 0x08000000 | 0x04000000 | 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
DEVICES = ("null", "zero", "full", "random", "urandom")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
SYSTEM_FILES = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl")
libc = ctypes.CDLL(None, use_errno=True)


def main(request: dict[str, Any]) -> int:
    _leave_keyring()
    _limit(request["limits"])
    if request["namespaces"]:
        return _run_apart(request)
    if request["user"] is not None:
        _become(request["user"])
    # The caller may end while this process starts; what it runs then sees that its socket is closed.
    _start(request)
    return 1


def _leave_keyring() -> None:
    """Join a session keyring that is new: keys that the host's login holds are not for candidates."""
    _check(libc.syscall(ctypes.c_long(_KEYCTL), ctypes.c_long(1), None))


def _limit(limits: dict[str, int]) -> None:
    """Bound what runs before any preview does, and let the kernel that is short of memory look here first."""
    for name, most in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        given = [limit for limit in (*resource.getrlimit(which), most) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(which, (min(given), min(given)))
    Path("/proc/self/oom_score_adj").write_text("1000")


def _run_apart(request: dict[str, Any]) -> int:
    """Start the program as the first of its own processes, and wait for its end."""
    if request["users"] is None:
        _map_own_user()
    _check(libc.unshare(NEW_PROCESSES | NEW_REST))
    unshared, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(unshared[0])
        os.close(mapped[1])
        _go_inside(request, unshared[1], mapped[0])
    os.close(unshared[1])
    os.close(mapped[0])
    if request["socket"] >= 0:
        os.close(request["socket"])
    if request["users"] is not None and os.read(unshared[0], 1):
        _map_users(child, **request["users"])
    os.close(mapped[1])
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _go_inside(request: dict[str, Any], unshared: int, mapped: int) -> None:
    _check(libc.unshare(NEW_MOUNTS))
    _build_root(request)
    if request["users"] is not None:
        _check(libc.unshare(NEW_USERS))
        os.write(unshared, b"1")
        os.close(unshared)
        # Closed by the parent once the users are mapped, and in any case when it ends.
        _wait_for_end(mapped)
        _become(0)
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _start(request)


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _wait_for_end(pipe: int) -> None:
    while os.read(pipe, 1):
        pass


def _map_own_user() -> None:
    user, group = os.getuid(), os.getgid()
    _check(libc.unshare(NEW_USERS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _map_users(child: int, *, first: int, count: int) -> None:
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{child}/{name}").write_text(f"0 {first} {count}")


def _build_root(request: dict[str, Any]) -> None:
    """Make a root that holds the system's programs, the environment, and what the host shows; all read-only."""
    room = request["room"]
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("root", room, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    for folder in ("/proc", "/dev/shm", "/tmp", *request["points"]):
        Path(room + folder).mkdir(parents=True, exist_ok=True)
    _mount("proc", f"{room}/proc", "proc", MS_NOSUID | MS_NODEV)
    # For the program inside; what previews write goes elsewhere.
    for folder in ("/dev/shm", *request["scratch"]):
        _mount("tmp", room + folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=1777")
    for name in DEVICES:
        _bind(f"/dev/{name}", f"{room}/dev/{name}", MS_NOSUID)
    # What holds others comes first, and these are in it then.
    for path in sorted((*SYSTEM, *SYSTEM_FILES, *request["shown"]), key=len):
        _show(path, room)
    _swap_root(room)


def _show(path: str, room: str) -> None:
    """Let *path* be at the same place in the new root; a link stays one, and what is not there stays away."""
    target = Path(room + path)
    if Path(path).is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            target.symlink_to(Path(path).readlink())
    elif Path(path).exists() and not target.exists():
        _bind(path, str(target), MS_NOSUID | MS_NODEV | MS_RDONLY)


def _bind(source: str, target: str, flags: int) -> None:
    place = Path(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    _mount(source, target, None, MS_BIND | MS_REC)
    # A bind takes other flags only when it is mounted again; those it has, it must keep.
    given = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_RDONLY | os.ST_NOEXEC | os.ST_NOATIME)
    _mount(None, target, None, MS_BIND | MS_REMOUNT | flags | given)


def _swap_root(room: str) -> None:
    os.chdir(room)
    _check(libc.syscall(ctypes.c_long(_PIVOT_ROOT), b".", b"."))
    _check(libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    _mount(None, "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


# By machine, since the C library has no functions for them.
_PIVOT_ROOT, _KEYCTL = {"x86_64": (155, 250), "aarch64": (41, 219)}.get(os.uname().machine, (-1, -1))


def _start(request: dict[str, Any]) -> None:
    os.execve(request["command"][0], request["command"], request["environ"])


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    names = [name and name.encode() for name in (source, target, kind)]
    result = libc.mount(names[0], names[1], names[2], ctypes.c_ulong(flags), data.encode() or None)
    _check(result, target)


def _check(result: int, *about: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *about)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
