"""What stands between a candidate and the machine: each test plays a hostile one against the real kernel."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from greenroom_services.environments import Environment
from greenroom_services.runtimes.process import PreviewProcess, ProcessRuntime
from greenroom_services.runtimes.runtime import MIB, Limits, RunningPreview
from greenroom_services.runtimes.walls import (
    ENCLOSURE,
    Enclosure,
    Users,
    Walls,
    apply_walls,
    describe_walls,
    find_walls,
)
from tests.contract.processes import assert_ends
from tests.contract.runtime_previews import Starter, await_end, await_ready, starting, tell

SMALL = Limits(memory=256 * MIB, open_files=256, processes=24, file_bytes=8 * MIB)


@pytest.fixture(scope="module")
def bentos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bentos")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def runtime(bentos: Path) -> Iterator[ProcessRuntime]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GREENROOM_TOKEN", "grt_do_not_tell")
        made = ProcessRuntime(shown=[bentos])
        yield made
    made.close()


@pytest.fixture
def start(runtime: ProcessRuntime, environment: Environment, bentos: Path) -> Iterator[Starter]:
    with starting(runtime, environment, bentos=bentos) as starter:
        yield starter


def run(running: RunningPreview, code: str) -> str:
    return tell(running, textwrap.dedent(code))


def test_the_walls_of_this_machine_stand() -> None:
    """On Linux, with user namespaces allowed, every wall stands; `greenroom doctor` tells of each."""
    walls = find_walls()

    assert walls.namespaces, "this kernel lets us make no namespaces: see `greenroom doctor`"
    assert (walls.users is not None) == (os.geteuid() == 0)
    assert [name for name, stands, _ in describe_walls(walls) if not stands] in ([], ["own user"])


def test_a_candidate_sees_no_secret(start: Starter, tmp_path: Path) -> None:
    """No variable, file, process, socket or descriptor of the host's is there for a candidate to find."""
    secret = tmp_path / "mlflow.db"
    secret.write_text("secret")
    secret.chmod(0o644)
    running = start.obedient()
    neighbour = start.obedient()

    assert "grt_do_not_tell" not in run(running, "import os; answer = dict(os.environ)")
    assert "No such file" in run(running, f"open({str(secret)!r})")
    assert "No such file" in run(running, f"open({str(neighbour.socket)!r})")
    assert (
        run(running, "import os; answer = sorted(n for n in os.listdir('/proc') if n.isdigit())") == "['1']"
    )
    descriptors = run(
        running,
        """
        import os
        answer = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")]
        """,
    )
    if "Permission denied" not in descriptors:
        assert "pymp" not in descriptors
    assert run(running, "import os; answer = os.listdir('/preview/keeper')").startswith(
        ("PermissionError", "[]")
    )
    assert run(running, f"import os; answer = os.listdir({str(start.bentos)!r})").startswith(
        "PermissionError"
    ) or (run(running, f"import os; answer = os.listdir({str(start.bentos)!r})") == "[]")


def test_a_candidate_has_no_network(start: Starter) -> None:
    """Neither the machine's own servers nor anything beyond can be reached, not even by its address."""
    running = start.obedient()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"

        assert run(running, code).startswith("OSError") or "unreachable" in run(running, code)

    metadata = run(running, "import socket; socket.create_connection(('169.254.169.254', 80), timeout=5)")
    assert "unreachable" in metadata


def test_a_candidate_has_no_privilege(start: Starter) -> None:
    """It holds no capability, gains none from any file, becomes nobody else, and is a user of its own."""
    one, other = start.obedient(), start.obedient()
    status = run(one, "answer = open('/proc/self/status').read()")

    held = dict(
        line.split(":\t", 1) for line in status.replace("\\t", "\t").replace("\\n", "\n").splitlines()
    )
    assert int(held["CapEff"], 16) == int(held["CapPrm"], 16) == int(held["CapBnd"], 16) == 0
    assert held["NoNewPrivs"] == "1"
    assert run(one, "import os; os.setuid(0)").startswith("PermissionError")
    assert run(one, "import os; os.nice(-5)").startswith("PermissionError")
    if find_walls().users is not None:
        users = [run(running, "import os; answer = os.getuid()") for running in (one, other)]
        assert "0" not in users
        assert len(set(users)) == 2
        assert all(_outer_user(running) not in (0, os.getuid()) for running in (one, other))


def _outer_user(running: RunningPreview) -> int:
    assert isinstance(running, PreviewProcess)
    assert running.usage() is not None
    assert running._pid is not None
    return psutil.Process(running._pid).children()[0].uids().real


@pytest.mark.parametrize("where", ["/", "/preview/bento", "/usr", "/etc", "{environment}", "/preview"])
def test_a_candidate_writes_to_memory_alone(start: Starter, environment: Environment, where: str) -> None:
    """Nothing that others read can be written, the Bento and the environment least of all."""
    running = start.obedient()
    path = where.format(environment=environment.path)

    written = run(running, f"open({path!r} + '/left', 'w')")

    assert written.startswith(("OSError: [Errno 30]", "PermissionError")), written


def test_what_a_candidate_writes_has_an_end(start: Starter) -> None:
    """Home and temporary files are full at their limit, and gone with the preview; the host's disk sees none."""
    running = start.obedient(limits=SMALL)
    code = """
    import os, tempfile
    written = 0
    try:
        while True:
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(b"x" * 2**20)
            written += 1
    except OSError as error:
        answer = (written, os.strerror(error.errno))
    """

    written, reason = eval(json.loads(json.dumps(run(running, code))))

    assert reason == "No space left on device"
    assert written <= 8
    private = running.socket.parent
    assert sum(path.stat().st_size for path in private.rglob("*") if path.is_file()) < MIB
    assert "File too large" in run(running, "import os; fd = os.memfd_create('x'); os.ftruncate(fd, 2**30)")


def test_a_candidate_that_takes_memory_is_stopped_at_its_limit(start: Starter) -> None:
    """A leak ends in a MemoryError of its own, and the preview goes on."""
    running = start.obedient(limits=SMALL)
    code = """
    held = []
    try:
        while True:
            held.append(bytearray(16 * 2**20))
    except MemoryError:
        answer = len(held) * 16
    """

    assert int(run(running, code)) <= 256
    assert run(running, "answer = 1 + 1") == "2"


GREEDY = {
    "shared mappings": """
    import builtins, mmap
    builtins.held = mmap.mmap(-1, 400 * 2**20)
    for start in range(0, len(builtins.held), 4096):
        builtins.held[start] = 1
    """,
    "children": """
    import builtins, os, time
    for _ in range(4):
        if os.fork() == 0:
            held = b"x" * (100 * 2**20)
            time.sleep(600)
            os._exit(0)
    """,
}


@pytest.mark.parametrize("way", GREEDY)
def test_memory_that_its_limit_does_not_count_is_seen(start: Starter, way: str) -> None:
    """What a candidate takes in other ways than for itself alone shows in its usage, by which the host ends it."""
    running = start.obedient(limits=SMALL)

    run(running, GREEDY[way])

    deadline = time.monotonic() + 30
    while True:
        usage = running.usage()
        assert usage is not None
        if usage.memory > SMALL.memory:
            break
        assert time.monotonic() < deadline, usage
        time.sleep(0.05)


def test_a_preview_that_is_killed_says_so(start: Starter) -> None:
    """Who ends without a last word has it said for it."""
    running = start.obedient()
    await_ready(running)
    assert isinstance(running, PreviewProcess)
    assert running.usage() is not None
    assert running._pid is not None

    psutil.Process(running._pid).children()[0].kill()

    await_end(running)
    assert "the preview was killed" in running.log()


def test_a_gigabyte_of_words_has_an_end(start: Starter) -> None:
    """All of it is taken, little of it is kept, and no file of the host's is in the candidate's hands."""
    running = start.obedient(limits=SMALL)

    said = run(
        running,
        "import os\nfor _ in range(1024):\n    os.write(1, b'word ' * 200_000 + b'\\n')\nanswer = 'said'",
    )

    assert said == "said"
    assert "word word" in running.log()
    logs = list(running.socket.parent.glob("log*"))
    assert sum(path.stat().st_blocks * 512 for path in logs) < 10 * MIB
    grown = "import os; os.posix_fallocate(1, 0, 2**20)"
    assert run(running, grown).startswith("OSError")


def test_a_candidate_that_forks_is_stopped_at_its_limit(start: Starter) -> None:
    """A fork bomb ends at the number of processes; the neighbour can still start some."""
    running, neighbour = start.obedient(limits=SMALL), start.obedient(limits=SMALL)
    code = """
    import os, time
    children = []
    try:
        while len(children) < 1000:
            child = os.fork()
            if child == 0:
                time.sleep(600)
                os._exit(0)
            children.append(child)
    except OSError as error:
        answer = len(children)
    """

    assert int(run(running, code)) <= 24
    assert run(neighbour, "import subprocess; answer = subprocess.run(['true']).returncode") == "0"


def test_a_candidate_has_so_many_files(start: Starter) -> None:
    """Open files have their limit, too."""
    running = start.obedient(limits=SMALL)

    assert "Too many open files" in run(running, "held = [open('/dev/null') for _ in range(1000)]")


def test_a_candidate_that_spins_stops(start: Starter) -> None:
    """One that computes without end, and hears no signal, is ended all the same."""
    running = start.obedient()
    code = """
    import signal, threading
    def spin():
        while True:
            pass
    for _ in range(4):
        threading.Thread(target=spin, daemon=True).start()
    """
    run(running, code)
    assert isinstance(running, PreviewProcess)
    assert running.usage() is not None
    pid = running._pid
    assert pid is not None

    running.stop(grace=0.2)

    assert_ends(pid)


def test_a_candidate_cannot_touch_its_neighbour(start: Starter) -> None:
    """Signals sent to everybody reach nobody else, and no other process can be looked into."""
    one, other = start.obedient(), start.obedient()
    assert run(other, "answer = 'here'") == "here"

    code = """
    import os, signal
    for pid in range(2, 5000):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    answer = "tried"
    """
    assert run(one, code) == "tried"

    assert run(other, "answer = 'here'") == "here"
    assert other.alive()


KEYS = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]


def test_the_keys_of_the_host_are_not_there(start: Starter) -> None:
    """What the host's session keeps in the kernel, a preview cannot find; nor does it see another preview's."""
    libc = ctypes.CDLL(None, use_errno=True)
    add, control = KEYS
    secret = b"grt_do_not_tell"
    libc.syscall(ctypes.c_long(add), b"user", b"greenroom-test", secret, ctypes.c_size_t(len(secret)), -3)
    code = f"""
    import ctypes
    answer = ctypes.CDLL(None).syscall({control}, 10, -3, b"user", b"greenroom-test", 0)
    """

    assert run(start.obedient(), code) == "-1"


def test_previews_do_not_meet_in_the_network(start: Starter) -> None:
    """A socket without a path, which every process of one network sees, is not there for a neighbour."""
    one, other = start.obedient(), start.obedient()
    run(
        one,
        """
        import builtins, socket
        builtins.held = socket.socket(socket.AF_UNIX)
        builtins.held.bind("\\0meeting")
        builtins.held.listen()
        """,
    )

    met = run(other, "import socket; socket.socket(socket.AF_UNIX).connect('\\0meeting')")

    assert met.startswith("ConnectionRefusedError")


def test_a_signal_to_its_group_stops_nobody_else(environment: Environment, bentos: Path) -> None:
    """Where previews share one user, one that stops all of its group can be ended, and its neighbour goes on."""
    runtime = ProcessRuntime(shown=[bentos], walls=Walls(True, None))
    try:
        with starting(runtime, environment, bentos=bentos) as start:
            one, other = start.obedient(), start.obedient()
            assert run(other, "answer = 'here'") == "here"
            run(
                one,
                "import os, signal, threading; threading.Timer(0.1, os.kill, (0, signal.SIGSTOP)).start()",
            )

            one.stop(grace=0.5)

            assert not one.alive()
            assert run(other, "answer = 'here'") == "here"
    finally:
        runtime.close()


def test_the_forkserver_holds_nothing(start: Starter) -> None:
    """It has one thread, no variable of the host's, and no right to leave its own users."""
    running = start.obedient()
    await_ready(running)
    assert isinstance(running, PreviewProcess)
    below = psutil.Process(running.server.process.pid).children(recursive=True)
    (forkserver,) = [each for each in below if "multiprocessing.forkserver" in " ".join(each.cmdline())][:1]

    assert forkserver.num_threads() == 1
    assert "grt_do_not_tell" not in str(forkserver.environ())
    if find_walls().users is not None:
        assert forkserver.uids().real != os.getuid()


def test_a_forkserver_that_dies_is_followed_by_another(start: Starter) -> None:
    """Its previews end with it, which shows at once; the next preview starts a new one."""
    running = start.obedient()
    await_ready(running)
    assert isinstance(running, PreviewProcess)

    running.server.process.kill()

    await_end(running)
    assert run(start.obedient(), "answer = 'again'") == "again"


def test_an_environment_that_runs_code_at_its_start_stays_inside(
    environment: Environment, bentos: Path, tmp_path: Path
) -> None:
    """A package with a start-up hook runs in the keeper and the forkserver: behind the walls, not before them."""
    hooked = tmp_path / "hooked"
    with (tmp_path / "proof").open("w"):
        pass
    subprocess.run(["cp", "-al", str(environment.path), str(hooked)], check=True)
    site = next(hooked.glob("lib/python*/site-packages"))
    (site / "zz_hook.pth").write_text(
        "import os, sys; sys.stderr.write(f'hook: {os.getuid()} {os.path.exists(\""
        + str(tmp_path / "proof")
        + "\")}\\n')\n"
    )
    runtime = ProcessRuntime(shown=[bentos])
    try:
        with starting(
            runtime, replace(environment, path=hooked, python=hooked / "bin" / "python"), bentos=bentos
        ) as start:
            running = start.obedient()
            await_ready(running)
            assert isinstance(running, PreviewProcess)
            log = running.server.log()
    finally:
        runtime.close()

    assert "hook: " in log
    assert "True" not in log
    if find_walls().users is not None:
        assert "hook: 0 False" in log


def test_a_user_without_rights_gets_namespaces_too(tmp_path: Path) -> None:
    """Nobody in particular, who may not change users, has its previews without network and foreign files."""
    if os.geteuid() != 0:
        assert find_walls() == Walls(True, None)
        return
    with tempfile.TemporaryDirectory(prefix="gr-nobody-") as folder:
        script = Path(shutil.copy(ENCLOSURE, folder))
        room = Path(folder) / "room"
        room.mkdir()
        for path in (Path(folder), room):
            os.chown(path, 65534, 65534)
        told = Enclosure(
            command=["/bin/sh", "-c", "id -u; cat /proc/net/dev | wc -l; ls /; test -e /root && echo seen"],
            environ={"PATH": "/usr/bin:/bin"},
            socket=-1,
            room=str(room),
            **apply_walls(Walls(True, None), user=0),
        )
        request = told.arguments()[-1]
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *_python(), str(script), request],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert "seen" not in done.stdout
    assert done.stdout.split()[:2] == ["0", "3"], done.stderr


def _python() -> list[str]:
    return ["/usr/bin/python3", "-I", "-S"]


def test_without_namespaces_an_environment_has_one_user() -> None:
    """Where the host may change its user alone, the forkserver and its previews are somebody else, all the same."""
    if os.geteuid() != 0:
        pytest.fail("run the tests as root, or in a container as its root: nobody else may change users")
    told = Enclosure(
        command=["/usr/bin/id", "-u"],
        environ={},
        socket=-1,
        room="/nonexistent",
        **apply_walls(Walls(False, Users(1_000_000, 1_000)), user=1_017),
    )

    done = subprocess.run(told.arguments(), capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.strip() == "1000017"
