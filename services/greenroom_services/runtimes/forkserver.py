"""One environment's forkserver as the host sees it: it starts previews, and tells when they end."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom_services.environments import Environment, held
from greenroom_services.runtimes.piped_log import PipedLog
from greenroom_services.runtimes.walls import Enclosure, Walls, apply_walls
from greenroom_services.sandbox import scrubbed_environ, tail

INSIDE = Path(__file__).with_name("inside")
ROOM = "/preview"
KEEPER = f"{ROOM}/keeper"
MESSAGE_BYTES = 2**16
# What an environment's own start may take: it has previews below it, whose limits are their own.
LIMITS = {"NPROC": 8_192, "NOFILE": 4_096, "FSIZE": 4 * 2**30, "DATA": 16 * 2**30, "CORE": 0}
PROGRAM = "from greenroom_keeper import main; main()"


@dataclass
class Fork:
    """A preview's process: *pid* is its number among the forkserver's own, None before it is started."""

    number: int
    pid: int | None = None
    status: int | None = None
    """Its exit status; 128 and the signal's number where one ended it."""
    ended: threading.Event = field(default_factory=threading.Event)


class ForkServer:
    """Runs until `close`, or until the model's environment ends it; it ends with this process in any case.

    *shown* are the folders below which Bentos are.
    """

    def __init__(self, environment: Environment, *, walls: Walls, shown: Sequence[Path], log: Path) -> None:
        self.environment = environment
        self.walls = walls
        self.shown = [str(path) for path in (*shown, *find_python(environment), environment.path, INSIDE)]
        self.hidden = [str(path) for path in shown]
        self.log_file = log
        self._walls = apply_walls(walls, user=int(environment.digest[:8] or "0", 16))
        self.user: int | None = self._walls.get("user")
        self._numbers = itertools.count()
        self._forks: dict[int, Fork] = {}
        self._sending = threading.Lock()
        self._kept = ExitStack()
        self._kept.enter_context(held(environment))
        self._room = self._kept.enter_context(tempfile.TemporaryDirectory(prefix="gr-room-"))
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = self._launch(theirs.fileno())
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def alive(self) -> bool:
        return self.process.poll() is None

    def scratch(self) -> list[str]:
        """Return where a preview may write besides its home: /tmp only while nothing that it needs is below."""
        taken = any(path.startswith("/tmp/") for path in self.shown)
        return ["/dev/shm"] if taken else ["/dev/shm", "/tmp"]

    def busy(self) -> bool:
        """Say whether a preview of it runs."""
        return bool(self._forks)

    def start(self, order: Mapping[str, Any], *, listener: socket.socket, log: int) -> Fork:
        """Fork a preview; what the forkserver cannot do any more shows as its end."""
        fork = Fork(next(self._numbers))
        self._forks[fork.number] = fork
        message = {**order, "do": "start", "number": fork.number, "namespaces": self.walls.namespaces}
        self._send(message, [listener.fileno(), log])
        if not self.alive():
            # Its last word came before this fork was known.
            fork.ended.set()
        return fork

    def terminate(self, fork: Fork) -> None:
        self._send({"do": "SIGTERM", "number": fork.number})

    def kill(self, fork: Fork) -> None:
        self._send({"do": "SIGUSR1", "number": fork.number})

    def log(self) -> str:
        return tail(self.log_file)

    def close(self) -> None:
        """End it with all that it has started."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self._socket.close()
        self._kept.close()

    def _launch(self, theirs: int) -> subprocess.Popen[bytes]:
        enclosure = Enclosure(
            command=[str(self.environment.python), "-P", "-s", "-c", PROGRAM, str(theirs)],
            environ=self._environ(),
            socket=theirs,
            room=self._room,
            shown=self.shown,
            points=[f"{ROOM}/bento", f"{ROOM}/home", KEEPER],
            scratch=[KEEPER],
            limits=LIMITS,
            **self._walls,
        )
        with PipedLog(self.log_file).writing() as sink:
            return subprocess.Popen(
                enclosure.arguments(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs],
                start_new_session=True,
                cwd="/",
            )

    def _environ(self) -> dict[str, str]:
        folder = Path(KEEPER) if self.walls.namespaces else Path(self._room)
        return {
            **scrubbed_environ(self.environment, folder=folder),
            "TMPDIR": str(folder),
            "PYTHONPATH": str(INSIDE),
            # A fork has the thread that calls it and no other; Arrow's allocator would start one.
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
        }

    def _send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        with self._sending, suppress(OSError):
            socket.send_fds(self._socket, [json.dumps(message).encode()], list(descriptors))

    def _listen(self) -> None:
        """Read until the keeper ends, or says what is no message: then it is as good as ended."""
        try:
            while message := self._socket.recv(MESSAGE_BYTES):
                self._note(json.loads(message))
        except Exception:
            self.process.kill()
        finally:
            for fork in list(self._forks.values()):
                fork.ended.set()

    def _note(self, told: dict[str, Any]) -> None:
        """The environment may say anything, and harms only its own previews with it."""
        fork = self._forks.get(told["number"])
        if fork is not None and "ended" in told:
            fork.status = told["ended"]
            fork.ended.set()
            del self._forks[fork.number]
        elif fork is not None and isinstance(told.get("pid"), int):
            fork.pid = told["pid"]


def find_python(environment: Environment) -> list[str]:
    """Return where the Python is that the environment's own is a link to."""
    # Told by the links alone: the environment's pyvenv.cfg names a folder, but a package may have written it.
    hops = [environment.python]
    while hops[-1].is_symlink():
        hops.append(hops[-1].parent / hops[-1].readlink())
    prefixes = {str(hop.parent.parent) for hop in hops[1:]}
    return sorted({*prefixes, str(environment.python.resolve().parent.parent)})
