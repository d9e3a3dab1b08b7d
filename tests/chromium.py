"""Makes sure of a Chromium for the browser tests, and prints where it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing that calls out: tests speak to this machine alone.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine: the system's, or Playwright's own."""
    return next(chain(_system(), _playwrights_own()), None)


def install_chromium() -> None:
    """Install the distribution's package where that is allowed, or else Playwright's own build."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=False, env=environment)
        subprocess.run(["apt-get", "install", "-qy", "chromium"], check=False, env=environment)
    if find_chromium() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def _system() -> Iterator[str]:
    return (found for found in map(shutil.which, NAMES) if found)


def _playwrights_own() -> Iterator[str]:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if Path(path).exists():
        yield path


def main() -> int:
    if find_chromium() is None:
        install_chromium()
    found = find_chromium()
    if found is None:
        sys.stderr.write(
            "no Chromium for the browser tests: install your distribution's package `chromium`,"
            " or run `.venv/bin/playwright install --with-deps chromium`\n"
        )
        return 1
    sys.stdout.write(f"Chromium: {found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
