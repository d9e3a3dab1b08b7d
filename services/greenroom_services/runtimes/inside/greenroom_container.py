"""First Python code in a preview's container: opens its socket, becomes a user of its own, starts the preview.

Run by path, isolated and without site packages, as the container's root: what the model's environment holds runs
once that is given up, and finds the socket open. So a preview needs no folder of the host's to write to.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from pathlib import Path

WAITING = 128


def main(path: str, user: int, command: list[str]) -> None:
    """Listen on the socket *path*, then run *command* as *user*, with its descriptor as last argument."""
    listener = _listen(Path(path))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    listener.set_inheritable(True)
    os.execv(command[0], [*command, str(listener.fileno())])


def _listen(path: Path) -> socket.socket:
    """Return a socket that is there under its name only once callers may connect."""
    unready = path.with_name(f"{path.name}.new")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(unready))
    unready.chmod(0o600)
    # Who calls is whose folder it is, and that need not be this root.
    owner = path.parent.stat()
    if owner.st_uid != os.geteuid():
        os.chown(unready, owner.st_uid, owner.st_gid)
    listener.listen(WAITING)
    unready.rename(path)
    return listener


def serve_bento(bento: str, listening: str) -> None:
    """Serve the Bento, in the environment's own Python."""
    # Importing makes much that stays; the server turns it on again.
    gc.disable()
    import greenroom_preview  # beside this file, on the path inside

    greenroom_preview.serve(bento, int(listening))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
