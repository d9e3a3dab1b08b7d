"""What all tests share: an environment without settings of the user's own, or of a job that runs them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import ARGUMENTS, find_chromium
from tests.mlflow_server import mlflow_serving
from tests.projects import Command, Finished


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what would point tests at a store or a home of the user's."""
    for name in (
        "MLFLOW_TRACKING_URI",
        "MLFLOW_RUN_ID",
        "GREENROOM_HOME",
        "GREENROOM_REPOSITORY",
        "GREENROOM_SERVER",
        "GREENROOM_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in [each for each in os.environ if each.startswith(("GITHUB_", "ACTIONS_"))]:
        monkeypatch.delenv(name)
    # Compiled modules make every start of a process several times faster.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """`greenroom` as the shell calls it, but in this process, where a warning is an error."""
    # Imported late: most tests want nothing of it.
    from greenroom_pipeline.cli import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["greenroom", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Finished(int(ended.value.code or 0), said.out, said.err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its module: Playwright keeps an event loop running, beside which no other test could run its own."""
    chromium = find_chromium()
    # Five seconds are too few on a machine with other work.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_serving(tmp_path_factory.mktemp("mlflow")) as address:
        yield address
