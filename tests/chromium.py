"""Makes sure of a Chromium for the browser tests, and prints where it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine: the system's, or Playwright's own."""
    return next(iter([*_system(), *_playwrights_own()]), None)


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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return iter([path] if Path(path).exists() else [])


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
