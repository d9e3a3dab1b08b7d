"""Which walls this machine lets a preview have: found out by trying them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ENCLOSURE = Path(__file__).with_name("enclosure.py")
# Above what systemd and container engines hand out (https://systemd.io/UIDS-GIDS).
FIRST_USER = 0x7000_0000
USERS = 0x1_0000
TRY_SECONDS = 20
LIMITS = "memory, open files, processes, file size; after everybody else on shared cores; no new privileges"


@dataclass(frozen=True)
class Users:
    """User ids that are nobody's on this machine."""

    first: int
    count: int


@dataclass(frozen=True)
class Walls:
    """What stands between previews and the rest of the machine."""

    namespaces: bool
    """Each preview sees its own processes and files alone, writes to memory only, and has no network."""
    users: Users | None
    """Previews run as these: with namespaces each as one of its own, else one for each environment."""


@dataclass(frozen=True)
class Enclosure:
    """What `enclosure.py` is told: the walls, what to show inside them, and the command to run there."""

    command: Sequence[str]
    environ: Mapping[str, str]
    socket: int
    """Descriptor that the command inherits; -1 for none."""
    room: str
    """An empty folder, on which the new root is mounted."""
    namespaces: bool
    users: Mapping[str, int] | None = None
    user: int | None = None
    """The user to become where there are no namespaces."""
    shown: Sequence[str] = ()
    """Paths outside the system's own that are there inside, too; to be read only."""
    points: Sequence[str] = ()
    """Folders that are made inside, for a preview to mount on."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By the kernel's names for them, such as NOFILE: of everything inside, each preview's own come on top."""
    scratch: Sequence[str] = ()
    """Those of them that the command itself may write to, in memory."""

    def arguments(self) -> list[str]:
        return [sys.executable, "-I", "-S", str(ENCLOSURE), json.dumps(asdict(self))]


@cache
def find_walls() -> Walls:
    """Return the strongest walls that stand here; tried once a process."""
    users = free_users() if os.geteuid() == 0 else None
    strongest = [Walls(True, users), Walls(True, None), Walls(False, users), Walls(False, None)]
    # Its namespaces alone would leave root itself inside.
    if os.geteuid() == 0:
        del strongest[1]
    return next((walls for walls in strongest if _stand(walls)), strongest[-1])


def describe_walls(walls: Walls) -> list[tuple[str, bool, str]]:
    """Return each wall with whether it stands, and in a sentence what that means."""
    own = "each preview as its own user" if walls.namespaces else "the previews of an environment as one user"
    return [
        ("own user", walls.users is not None, own if walls.users else "previews run as this user"),
        ("files", walls.namespaces, _say(walls, "no files but its own, and writing to memory alone")),
        ("network", walls.namespaces, _say(walls, "no network but its socket")),
        ("processes", walls.namespaces, _say(walls, "no processes but its own, which end with it")),
        ("limits", True, LIMITS),
    ]


def _say(walls: Walls, promise: str) -> str:
    mend = (
        "the kernel lets this user make no namespaces; allow user namespaces, or run previews in containers"
    )
    return promise if walls.namespaces else mend


def _stand(walls: Walls) -> bool:
    with tempfile.TemporaryDirectory(prefix="gr-walls-") as room:
        tried = Enclosure(
            command=["/usr/bin/env", "true"],
            environ={"PATH": "/usr/bin:/bin"},
            socket=-1,
            room=room,
            **apply_walls(walls, user=0),
        )
        try:
            done = subprocess.run(
                tried.arguments(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TRY_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def apply_walls(walls: Walls, *, user: int) -> dict[str, Any]:
    """Return how *walls* are told to the enclosure; *user* numbers the environment where there is one user each."""
    if walls.namespaces:
        return {"namespaces": True, "users": asdict(walls.users) if walls.users else None}
    one = walls.users.first + user % walls.users.count if walls.users else None
    return {"namespaces": False, "user": one}


def free_users() -> Users:
    """Return ids that this process can give: in a container it has fewer of them."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return Users(FIRST_USER, USERS)
    ranges = [(int(inside), int(count)) for inside, _, count in map(str.split, lines)]
    if any(inside <= FIRST_USER and inside + count >= FIRST_USER + USERS for inside, count in ranges):
        return Users(FIRST_USER, USERS)
    inside, count = max(ranges, key=lambda one: one[1])
    return Users(inside + count // 2, count - count // 2)
