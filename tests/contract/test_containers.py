"""What a container lets a preview do, and what is left of it: nothing."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from greenroom_services.bento import PackagedBento, digest_folder
from greenroom_services.environments import Environment, evict_environments
from greenroom_services.errors import HostError
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.launch import temporary_host
from greenroom_services.runtimes.choice import RuntimeChoice
from greenroom_services.runtimes.engine import Engine, find_engine
from greenroom_services.runtimes.oci import HOST_LABEL, OciRuntime
from greenroom_services.runtimes.runtime import MIB, Limits, PreviewSpec, RunningPreview
from greenroom_services.runtimes.walls import FIRST_USER
from tests.containers import base_image
from tests.contract.example_models import Example
from tests.contract.processes import assert_ends
from tests.contract.runtime_previews import OBEDIENT, Starter, await_end, await_ready, starting, tell

SMALL = Limits(memory=512 * MIB, processes=40, open_files=256, file_bytes=32 * MIB)


@pytest.fixture(scope="module")
def podman() -> Engine:
    base_image()
    return find_engine("podman")


@pytest.fixture(scope="module")
def start(
    podman: Engine, environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Starter]:
    runtime = OciRuntime(podman, image=base_image(), owner=secrets.token_hex(8))
    with starting(runtime, environment, bentos=tmp_path_factory.mktemp("bentos")) as starter:
        yield starter
    runtime.close()


@pytest.fixture(scope="module")
def preview(start: Starter) -> RunningPreview:
    """One that each test may ask what it can do; it was started by a host with secrets in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GREENROOM_SECRET", "HTTPS_PROXY", "https_proxy", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "http://user:hunter2@proxy")
        running = start.obedient(limits=SMALL)
    await_ready(running)
    return running


def test_a_container_has_no_network(preview: RunningPreview) -> None:
    """There is no interface but its own loopback, so no address is reached."""
    names = tell(preview, "import socket; answer = [name for _, name in socket.if_nameindex()]")
    reached = tell(preview, "import socket; socket.create_connection(('1.1.1.1', 53), timeout=2)")

    assert names == "['lo']"
    assert reached.startswith("OSError: [Errno 101]")


WRITE = """
import os
from pathlib import Path
def writes(folder):
    path = Path(folder, "written")
    try:
        path.write_text("x")
    except OSError:
        return False
    path.unlink()
    return True
folders = {root for root, _, _ in os.walk("/") if not root.startswith(("/proc", "/sys"))}
answer = sorted(folder for folder in folders if writes(folder))
"""


def test_a_container_writes_to_memory_alone(preview: RunningPreview) -> None:
    """Of all folders that it sees only its home and those for passing files can be written to, up to a limit."""
    writable = tell(preview, WRITE)
    fill = (
        "from pathlib import Path\nfor at in range(99): Path({folder!r}, f'{{at}}').write_bytes(bytes(2**20))"
    )
    filled = [tell(preview, fill.format(folder=folder)) for folder in ("/preview/home", "/tmp")]
    large = tell(preview, "open('/dev/shm/x', 'wb').write(bytes(33 * 2**20))")

    home = {"/preview/home", "/tmp", "/dev/shm", "/dev/mqueue"}
    own = ("/preview/home/", "/dev/shm/")
    assert {folder for folder in eval(writable) if not folder.startswith(own)} <= home
    assert [answer.partition(":")[0] for answer in filled] == ["OSError", "OSError"]
    assert large == "OSError: [Errno 27] File too large"


def test_a_container_sees_nothing_of_the_host(preview: RunningPreview, start: Starter) -> None:
    """Neither the host's variables nor files beside its Bento nor processes are there."""
    environ = tell(preview, "import os; answer = dict(os.environ)")
    processes = tell(
        preview, "import os; answer = len([name for name in os.listdir('/proc') if name.isdigit()])"
    )
    outside = tell(preview, "import os; answer = os.listdir('/preview/outside')")
    private = tell(preview, f"import os; answer = os.path.exists({str(start.private)!r})")

    assert "hunter2" not in environ
    assert "GREENROOM" not in environ
    assert int(processes) <= 3
    assert outside.startswith("PermissionError")
    assert private == "False"


def test_a_container_has_no_privilege(preview: RunningPreview) -> None:
    """It is a user that nobody else is, without capabilities or a way to some, and cannot touch its first process."""
    status = tell(preview, "answer = open('/proc/self/status').read()")
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert set(said["Uid"].split()) == set(said["Gid"].split())
    assert FIRST_USER <= int(said["Uid"].split()[0]) < FIRST_USER + 65_536
    assert said["Groups"].strip() == ""
    assert int(said["CapPrm"], 16) == int(said["CapEff"], 16) == int(said["CapAmb"], 16) == 0
    assert said["NoNewPrivs"] == "1"
    assert said["Seccomp"] == "2"
    assert tell(preview, "import os; os.kill(1, 9)").startswith("PermissionError")
    assert tell(preview, "import os; os.setuid(0)").startswith("PermissionError")


def test_previews_are_users_of_their_own(preview: RunningPreview, start: Starter) -> None:
    """Two previews run as two users."""
    other = start.obedient()

    one, two = (tell(running, "import os; answer = os.getuid()") for running in (preview, other))

    assert one != two
    other.stop()


FORK = """
import subprocess, time
started = []
try:
    while len(started) < 500:
        started.append(subprocess.Popen(["/bin/sleep", "60"]))
except OSError:
    pass
answer = len(started)
for process in started:
    process.kill()
    process.wait()
"""


def test_a_container_starts_so_many_processes(preview: RunningPreview) -> None:
    """One that forks without end gets as far as its limit, and goes on answering."""
    assert 1 < int(tell(preview, FORK)) < SMALL.processes
    assert tell(preview, "answer = 1 + 1") == "2"


def test_a_container_opens_so_many_files(preview: RunningPreview) -> None:
    """The limit on open files holds."""
    assert tell(preview, "held = [open('/dev/null') for _ in range(300)]").startswith("OSError: [Errno 24]")


def test_a_container_that_takes_too_much_memory_ends(start: Starter) -> None:
    """It ends by itself, nothing of the host's does, and its log says why."""
    running = start.obedient(limits=SMALL)
    await_ready(running)

    with pytest.raises(httpx.TransportError):
        tell(running, "held = [b'x' * 2**24 for _ in range(64)]")

    await_end(running)
    assert "the preview was killed, as one is that takes more memory" in running.log()
    assert running.usage() is None
    running.stop()
    assert "the preview was killed, as one is that takes more memory" in running.log()


def list_containers(engine: Engine, owner: str) -> list[str]:
    return engine.call("ps", "--all", "--quiet", "--filter", f"label={HOST_LABEL}={owner}").split()


STARTER = """
import json, sys
from pathlib import Path
from greenroom_services.bento import PackagedBento, digest_folder
from greenroom_services.environments import Environment
from greenroom_services.runtimes.engine import find_engine
from greenroom_services.runtimes.oci import OciRuntime
from greenroom_services.runtimes.runtime import PreviewSpec

bento, environment, folder = map(Path, sys.argv[1:4])
spec = PreviewSpec(bento, Environment(environment, environment / "bin" / "python", ""), folder, folder / "log")
running = OciRuntime(find_engine("podman"), image=sys.argv[4], owner=sys.argv[5]).start(spec)
print(running.pid, flush=True)
sys.stdin.read()
"""


def test_a_container_ends_with_its_host(podman: Engine, environment: Environment) -> None:
    """A host that is killed leaves no container behind, not even one whose preview is just loading."""
    owner = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="gr-") as private:
        command = [sys.executable, "-c", STARTER, str(OBEDIENT), str(environment.path), private]
        with subprocess.Popen(
            [*command, base_image(), owner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as host:
            assert host.stdout is not None
            pid = int(host.stdout.readline())

            host.send_signal(signal.SIGKILL)

        assert_ends(pid)
        deadline = time.monotonic() + 20
        while list_containers(podman, owner):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_host_removes_what_it_left_before(podman: Engine) -> None:
    """What an earlier host on the same folder has left is gone when the next one has started; others' stays."""
    owner, other = secrets.token_hex(8), secrets.token_hex(8)
    for name in (owner, other):
        options = ["--detach", "--network", "none", "--label", f"{HOST_LABEL}={name}", "--stop-timeout", "0"]
        options += ["--ulimit", "nofile=99:99", "--ulimit", "nproc=4096:4096"]
        podman.call("run", *options, base_image(), "sleep", "600")

    runtime = OciRuntime(podman, image=base_image(), owner=owner)
    runtime.close()

    assert list_containers(podman, owner) == []
    left = list_containers(podman, other)
    podman.call("rm", "--force", *left)
    assert len(left) == 1


def test_a_host_runs_its_previews_in_containers(
    podman: Engine,
    cache: Path,
    examples: dict[str, Example],
    pack: Callable[..., PackagedBento],
    requirements: list[str],
    tmp_path: Path,
) -> None:
    """What a host of that choice has deployed answers from a container, sleeps without one, and ends with the host."""
    example, owner = examples["irises"], HostFolder(tmp_path).digest()
    choice = RuntimeChoice("podman", base_image())
    with temporary_host(tmp_path, cache=cache, runtime=choice) as host:
        deployed = host.client.deploy(
            example.name,
            "7",
            bento=pack(example).path,
            requirements=requirements,
            sha="a" * 40,
            model=digest_folder(example.path),
            probe=example.records[0],
        )
        running = list_containers(podman, owner)
        answer = host.client.predict(example.name, "7", example.records)
        host.client.sleep(example.name, "7")
        asleep = list_containers(podman, owner)

    assert deployed.state == "awake"
    assert len(running) == 1
    assert answer["predictions"] == example.expected
    assert asleep == []


def test_a_host_without_its_engine_does_not_start(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is to use containers, and cannot, says so at its start."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(HostError, match=r"did not start: there is no docker on this machine; install it"),
        temporary_host(tmp_path, cache=cache, runtime=RuntimeChoice("docker", "base")),
    ):
        pass


def make_spec(environment: Environment, private: Path) -> PreviewSpec:
    folder = Path(tempfile.mkdtemp(dir=private))
    return PreviewSpec(OBEDIENT, environment, folder, folder / "log")


def test_an_image_that_is_not_there_is_told(podman: Engine, environment: Environment, tmp_path: Path) -> None:
    """It is one line with the engine's own words, and no container stays."""
    owner = secrets.token_hex(8)
    with (
        closing(OciRuntime(podman, image="localhost/no-such-image:none", owner=owner)) as runtime,
        pytest.raises(HostError, match=r"^podman run failed: .*no-such-image") as failure,
    ):
        runtime.start(make_spec(environment, tmp_path))

    assert "\n" not in str(failure.value)
    assert list_containers(podman, owner) == []


def make_broken_environment(folder: Path) -> Environment:
    """Make one whose Python cannot start."""
    path = folder / "environment"
    (path / "bin").mkdir(parents=True)
    (path / "pyvenv.cfg").write_text(f"home = {folder}/python/bin\n")
    (folder / "python" / "bin").mkdir(parents=True)
    python = path / "bin" / "python"
    python.write_text("#!/no/such/interpreter\n")
    python.chmod(0o755)
    return Environment(path, python, "")


def test_a_python_that_does_not_start_is_told(start: Starter, tmp_path: Path) -> None:
    """Where the image has not what the environment's Python needs, the log says so."""
    environment = make_broken_environment(tmp_path)

    running = start.runtime.start(make_spec(environment, start.private))

    await_end(running)
    assert f"{environment.python}: not found" in running.log()
    running.stop()


def test_an_environment_stays_while_a_container_shows_it(start: Starter, tmp_path: Path) -> None:
    """An environment is not evicted before the last of its previews has been stopped."""
    running = start.runtime.start(make_spec(make_broken_environment(tmp_path), start.private))

    kept = evict_environments(tmp_path, before=float("inf"))
    running.stop()
    evicted = evict_environments(tmp_path, before=float("inf"))

    assert kept == []
    assert evicted == ["environment"]
