"""A live query in the portal, from the click until both answers stand there, beside a program that asks both."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from benchmarks.loop import propose
from benchmarks.portals import serve_portal
from benchmarks.processes import BenchmarkError, run_timed
from benchmarks.results import Result, compare
from greenroom_pipeline.places import find_places
from greenroom_pipeline.workspace import make_workspace
from greenroom_services.client import HostClient
from greenroom_services.host.launch import launch_host
from tests.chromium import ARGUMENTS, find_chromium

QUERIES, UNCOUNTED = 20, 3
FIELD, DISTANCES = "distance", (200, 2_600)


@dataclass(frozen=True)
class Stand:
    """A project with a pull request whose preview and production's are awake, and its portal."""

    project: str
    portal: str
    gateway: str
    row: dict[str, Any]


def bench_live(rounds: int) -> list[Result]:
    """Ask the example's candidate and champion about other rows again and again, by both ways in turn."""
    with (
        tempfile.TemporaryDirectory(prefix="greenroom-bench-", ignore_cleanup_errors=True) as folder,
        _stand(Path(folder).resolve()) as stand,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        query = {"project": stand.project, "pull": "1", "row": json.dumps(stand.row)}
        page.goto(f"{stand.portal}/try?{urlencode(query)}")
        page.wait_for_selector("[class*=st-key-champion-number]", timeout=60_000)
        pairs = [_ask_both(page, stand, turn) for turn in range(QUERIES * rounds + UNCOUNTED)]
        browser.close()
    counted = pairs[UNCOUNTED:]
    name = "portal: live query, from the click to both answers : a program that asks both previews"
    return [compare(name, [click for click, _ in counted], [program for _, program in counted])]


def _ask_both(page: Page, stand: Stand, turn: int) -> tuple[float, float]:
    """Return the seconds by a click and by a program; in turn about one distance and the other."""
    row = stand.row | {FIELD: DISTANCES[turn % 2]}
    return _click(page, row[FIELD]), _ask(stand, row)


def _click(page: Page, value: int) -> float:
    shown = page.locator("[class*=st-key-candidate-number]")
    before = shown.inner_text() if shown.count() else ""
    box = page.get_by_role("spinbutton", name=FIELD).first
    box.fill(str(value))
    box.press("Tab")
    start = time.perf_counter()
    page.locator("[class*=st-key-try-it] button").click()
    page.wait_for_function(
        "before => { const one = name => document.querySelector(`[class*=st-key-${name}-number]`);"
        " return one('candidate') && one('champion') && one('candidate').innerText !== before }",
        arg=before,
        timeout=30_000,
    )
    return time.perf_counter() - start


def _ask(stand: Stand, row: dict[str, Any]) -> float:
    start = time.perf_counter()
    for slot in ("1", "production"):
        connection = HTTPConnection(stand.gateway.removeprefix("http://"), timeout=60)
        body, headers = json.dumps({"rows": [row]}), {"Content-Type": "application/json"}
        connection.request("POST", f"/p/{stand.project}/{slot}/predict", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise BenchmarkError(f"{slot} answered {answer.status}: {text[:300].decode(errors='replace')}")
    return time.perf_counter() - start


@contextmanager
def _stand(root: Path) -> Iterator[Stand]:
    repository = make_workspace(root / "flight-delays", tools=root / "tools")
    places, project = find_places(repository.root, os.environ), repository.root.name
    host = launch_host(places.host, cache=places.environments)
    try:
        _greenroom(repository.root, "run", "--json")
        _greenroom(repository.root, "promote", "--by", "benchmark")
        propose(repository, 1)
        _greenroom(repository.root, "run", "--json")
        examples = HostClient(places.host).describe(project, "1")["profile"]["examples"]
        row = next(example for example in examples if None not in example.values())
        with serve_portal(repository.root) as portal:
            yield Stand(project, portal, host.endpoints.gateway, row)
    finally:
        host.stop()


def _greenroom(folder: Path, *arguments: str) -> None:
    run_timed([sys.executable, "-m", "greenroom_pipeline.cli", *arguments], folder=folder, fine=(0, 1))
