"""What all tests share: an environment without settings of the user's own, or of a job that runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import ARGUMENTS, find_chromium
from tests.mlflow_server import mlflow_serving


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its module: Playwright keeps an event loop running, beside which no other test could run its own."""
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_serving(tmp_path_factory.mktemp("mlflow")) as address:
        yield address
