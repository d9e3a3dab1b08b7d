"""Requirements become environments: normalised, completed for serving, and refused where they are none."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from greenroom_services.environments import (
    Environment,
    build_environment,
    digest_requirements,
    evict_environments,
    held,
    model_requirements,
    normalise,
    serving_requirements,
)
from greenroom_services.errors import RequirementsError


def test_normalise() -> None:
    """Order, blank lines, comments and spaces make no difference."""
    lines = ["", "# pinned by hand", "scikit-learn == 1.7.2  # the trees", "numpy>=2", "numpy>=2"]

    assert normalise(lines) == ["numpy>=2", "scikit-learn==1.7.2"]


@pytest.mark.parametrize(
    "line", ["--index-url https://evil.example", "-e .", "-r other.txt", "--find-links=/tmp", "--hash=x"]
)
def test_options_of_pip_are_refused(line: str) -> None:
    """A requirement may name packages, and not where they come from."""
    with pytest.raises(RequirementsError, match="is an option of pip"):
        normalise(["numpy", line])


@pytest.mark.parametrize("line", ["./local", "numpy==", "numpy 2", "https://evil.example/x.whl"])
def test_other_lines_are_refused(line: str) -> None:
    """A line that is no requirement is named in the message."""
    with pytest.raises(RequirementsError, match="is not a package with a version"):
        normalise([line])


@pytest.mark.parametrize(
    "line",
    [
        "evil @ https://evil.example/evil-1.tar.gz",
        "evil @ git+https://evil.example/evil",
        "evil @ file:///tmp/evil ; python_version > '3'",
    ],
)
def test_direct_references_are_refused(line: str) -> None:
    """A requirement that says where its package is, is refused: what is there could run code."""
    with pytest.raises(RequirementsError, match=r"is a direct reference; name packages from an index"):
        normalise(["numpy", line])


def test_the_digest_stands_for_requirements_and_python() -> None:
    """Equal requirements share an environment; another version or Python does not."""
    lines = normalise(["b==1", "a==1"])

    assert digest_requirements(lines) == digest_requirements(normalise(["a==1", "b==1"]))
    assert digest_requirements(lines) != digest_requirements(normalise(["a==1", "b==2"]))
    assert digest_requirements(lines) != digest_requirements(lines, python="3.9")


def test_serving_adds_what_is_missing() -> None:
    """Serving adds its own needs, in the version of MLflow that the model was saved with."""
    assert serving_requirements(["scikit-learn==1.7.2"], mlflow_version="3.17.2") == [
        f"bentoml=={version('bentoml')}", "mlflow-skinny==3.17.2", "pandas", "pyarrow", "scikit-learn==1.7.2",
    ]  # fmt: skip


def test_serving_keeps_the_models_pins() -> None:
    """What the model pins itself, in whatever spelling, stays as it is."""
    own = ["MLflow==3.1", "PyArrow==20", "bentoml==1.4.30", "pandas<3"]

    assert serving_requirements(own, mlflow_version="3.17.2") == sorted(own)
    assert serving_requirements(["mlflow-skinny==3.1"])[1:2] == ["mlflow-skinny==3.1"]


def test_model_requirements(tmp_path: Path) -> None:
    """A model's folder says what it needs, and which MLflow saved it."""
    (tmp_path / "MLmodel").write_text("flavors: {}\nmlflow_version: 3.17.2\n")
    with pytest.raises(RequirementsError, match=r"has no requirements\.txt"):
        model_requirements(tmp_path)
    (tmp_path / "requirements.txt").write_text("numpy==2.3\n")

    assert {"mlflow-skinny==3.17.2", "numpy==2.3"} <= set(model_requirements(tmp_path))


def test_an_environment_is_built_once_and_runs(tmp_path: Path) -> None:
    """An environment holds its packages compiled, works where it was moved to, and is found again."""
    first = build_environment(["six==1.17.0"], cache=tmp_path)

    answer = subprocess.run(
        [str(first.python), "-I", "-c", "import six; print(six.__version__, six.__cached__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    six, cached = answer.stdout.split()
    assert six == "1.17.0"
    assert Path(cached).is_file()
    assert Path(cached).is_relative_to(first.path)
    before = first.path.stat().st_mtime_ns
    assert build_environment(["six == 1.17.0"], cache=tmp_path) == first
    assert first.path.stat().st_mtime_ns == before


def test_an_environment_without_its_python_is_built_again(tmp_path: Path) -> None:
    """An environment whose Python was uninstalled is not handed out; it is built again in its place."""
    first = build_environment(["six==1.17.0"], cache=tmp_path)
    first.python.unlink()
    first.python.symlink_to(tmp_path / "uninstalled" / "python")

    again = build_environment(["six==1.17.0"], cache=tmp_path)

    assert again == first
    subprocess.run([str(again.python), "-I", "-c", "import six"], check=True)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == [first.digest]


class WaitingIndex(ThreadingHTTPServer):
    """A package index with the package `waiting`, which it tells of when *go* is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WaitingHandler)
        self.began, self.go = threading.Event(), threading.Event()
        with zipfile.ZipFile(wheel := io.BytesIO(), "w") as archive:
            archive.writestr("waiting.py", "")
            for name, content in WHEEL.items():
                archive.writestr(f"waiting-1.dist-info/{name}", content)
        self.wheel = wheel.getvalue()


WHEEL = {
    "METADATA": "Metadata-Version: 2.1\nName: waiting\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}


class WaitingHandler(BaseHTTPRequestHandler):
    server: WaitingIndex

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        wheel = self.path.endswith(".whl")
        if not wheel:
            self.server.began.set()
            self.server.go.wait(60)
        body = self.server.wheel if wheel else b'<a href="waiting-1-py3-none-any.whl">waiting</a>'
        self.send_response(200)
        self.send_header("Content-Type", "application/zip" if wheel else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # The uv that asked may have been ended.
        with suppress(ConnectionError):
            if self.command == "HEAD":
                return
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WaitingIndex]:
    """The index that uv asks."""
    with WaitingIndex() as server:
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.go.set()
        server.shutdown()
        serving.join()


BUILDER = """
import sys
from pathlib import Path
from greenroom_services.environments import build_environment

build_environment([sys.argv[1]], cache=Path(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_build_that_was_broken_off(number: signal.Signals, tmp_path: Path, index: WaitingIndex) -> None:
    """Nobody builds where the uv of a killed process still writes; after it the environment is built whole."""
    cache = tmp_path / "cache"
    with subprocess.Popen([sys.executable, "-c", BUILDER, "waiting==1", str(cache)]) as builder:
        assert index.began.wait(60)
        builder.send_signal(number)
    (lock,) = cache.glob(".*.lock")

    with lock.open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        index.go.set()
        fcntl.flock(file, fcntl.LOCK_EX)
    environment = build_environment(["waiting==1"], cache=cache)

    subprocess.run([str(environment.python), "-I", "-c", "import waiting"], check=True)
    assert [path.name for path in cache.iterdir() if path != lock] == [environment.digest]


def test_a_build_that_takes_too_long(tmp_path: Path, index: WaitingIndex) -> None:
    """A build ends with its time limit, in one line, and leaves nothing half-built."""
    cache = tmp_path / "cache"

    with pytest.raises(
        RequirementsError, match=r"not built within 2 seconds; see whether .* index"
    ) as caught:
        build_environment(["waiting==1"], cache=cache, timeout=2)

    assert index.began.is_set()
    assert "\n" not in str(caught.value)
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == []


def test_no_package_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is only there as source is refused by name, and none of its code runs."""
    ran = tmp_path / "ran"
    with tarfile.open(tmp_path / "onlysource-1.tar.gz", "w:gz") as archive:
        for name, content in {
            "setup.py": f"open({str(ran)!r}, 'w')",
            "PKG-INFO": "Metadata-Version: 2.1\nName: onlysource\nVersion: 1\n",
        }.items():
            entry = tarfile.TarInfo(f"onlysource-1/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))

    with pytest.raises(RequirementsError, match=r"package 'onlysource' has no wheel") as caught:
        build_environment(["onlysource==1"], cache=tmp_path / "cache")

    assert not ran.exists()
    assert "\n" not in str(caught.value)


def test_uv_sees_where_packages_are_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the settings for uv those pass that lead to packages; those to publish, and all tokens, stay here."""
    index = {"UV_INDEX_URL", "UV_INDEX_OURS_PASSWORD", "UV_EXTRA_INDEX_URL", "UV_PYTHON_INSTALL_DIR"}
    secret = {"UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD", "UV_GITHUB_TOKEN", "GITHUB_TOKEN"}
    for name in index | secret:
        monkeypatch.setenv(name, "hush")
    spy = tmp_path / "uv"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path / 'seen'}\nexit 1\n")
    spy.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(spy))

    with pytest.raises(RequirementsError):
        build_environment(["six"], cache=tmp_path / "cache")

    seen = {line.partition("=")[0] for line in (tmp_path / "seen").read_text().splitlines()}
    assert index <= seen
    assert not secret & seen


def test_a_package_that_is_not_there(tmp_path: Path) -> None:
    """The error names the requirement and carries uv's words; nothing half-built stays."""
    with pytest.raises(RequirementsError, match="'greenroom-has-no-such-package==1'") as caught:
        build_environment(["six", "greenroom-has-no-such-package==1"], cache=tmp_path)

    assert "greenroom-has-no-such-package" in caught.value.log
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_the_telemetry_of_a_lock_does_not_exclude_serving() -> None:
    """MLflow writes a project's whole lock down; the telemetry in it would exclude BentoML's."""
    lines = serving_requirements(
        ["mlflow==3.17.2", "opentelemetry-semantic-conventions==0.66b2", "numpy==2.4.6"]
    )

    assert "opentelemetry-semantic-conventions" in lines
    assert {"mlflow==3.17.2", "numpy==2.4.6"} < set(lines)


def make_used(cache: Path, name: str, *, at: float) -> Environment:
    """Lay out what stands for a built environment, last used at a time of the epoch."""
    path = cache / name
    path.mkdir(parents=True)
    (path / "pyvenv.cfg").touch()
    os.utime(path / "pyvenv.cfg", (at, at))
    return Environment(path, path / "bin" / "python", name)


def test_unused_environments_are_evicted(tmp_path: Path) -> None:
    """What nobody has used for long goes; what is held stays, and counts as used from then on."""
    for name, used in (("old", 1_000.0), ("newer", 3_000.0)):
        make_used(tmp_path, name, at=used)
    kept = make_used(tmp_path, "held", at=1_000.0)

    with held(kept):
        os.utime(kept.path / "pyvenv.cfg", (1_000.0, 1_000.0))
        assert evict_environments(tmp_path, before=2_000.0) == ["old"]
        assert sorted(path.name for path in tmp_path.glob("[a-z]*")) == ["held", "newer"]

    assert evict_environments(tmp_path, before=2_000.0) == ["held"]
    again = make_used(tmp_path, "again", at=1_000.0)
    with held(again):
        pass
    assert evict_environments(tmp_path, before=2_000.0) == []


def test_an_environment_that_is_asked_for_counts_as_used(tmp_path: Path) -> None:
    """Finding one that is built already is a use of it."""
    digest = digest_requirements(normalise(["six==1.16.0"]))
    found = make_used(tmp_path, digest, at=1_000.0)
    found.python.parent.mkdir()
    found.python.touch()

    build_environment(["six==1.16.0"], cache=tmp_path)

    assert evict_environments(tmp_path, before=2_000.0) == []


def make_wheel(folder: Path, name: str, files: dict[str, str]) -> None:
    """Write a wheel that holds *files*, by their paths in it."""
    about = f"{name}-1.0.dist-info"
    metadata = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, content in (files | metadata).items():
            wheel.writestr(path, content)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


def test_building_an_environment_runs_nothing_of_it(tmp_path: Path, wheels: Path) -> None:
    """A package whose files run at the start of a Python waits for the walls; its modules are compiled all the same."""
    mark = tmp_path / "mark"
    hook = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    make_wheel(wheels, "hooked", {"hooked.pth": hook, "sitecustomize.py": hook, "hooked.py": "x = 1\n"})

    built = build_environment(["hooked==1.0"], cache=tmp_path / "cache")

    assert not mark.exists()
    assert list(built.path.glob("lib/python*/site-packages/__pycache__/hooked.*.pyc"))
    subprocess.run([built.python, "-c", ""], check=True)
    assert mark.exists()


@pytest.mark.parametrize("name", ["pyvenv.cfg", "bin/python"])
def test_a_package_may_not_replace_what_an_environment_stands_on(
    tmp_path: Path, wheels: Path, name: str
) -> None:
    """A package that brings a pyvenv.cfg or a Python of its own is refused, and nothing of it is left."""
    make_wheel(wheels, "grabbing", {f"grabbing-1.0.data/data/{name}": "home = /elsewhere/bin\n"})

    with pytest.raises(RequirementsError):
        build_environment(["grabbing==1.0"], cache=tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("[!.]*"))
