"""The portal in Chromium against an empty Streamlit app, with few and many pull requests and rows, and with a crowd."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.crowd import visit
from benchmarks.portals import serve_empty, serve_portal
from benchmarks.processes import BenchmarkError
from benchmarks.results import Result, compare
from benchmarks.stage import NAME, make_stage
from tests.chromium import ARGUMENTS, find_chromium

SIZES = ((10, 10_000), (1_000, 10_000), (10, 10_000_000))
VISITS = 7
PEOPLE = 30
TARGET = 1.5
VERDICT = "[class*=st-key-verdict]"
SENTENCE = "text=Nothing here."


@dataclass(frozen=True)
class Side:
    """A page, and what of it must be there to be read."""

    address: str
    shows: str


def bench_portal(rounds: int) -> list[Result]:
    """Open the review page of three projects and an empty app in turn, then the first with many people at once."""
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        empty = Side(stack.enter_context(serve_empty(folder)), SENTENCE)
        sides = {}
        for pulls, rows in SIZES:
            stage = make_stage(folder / f"{pulls}-{rows}" / NAME, pulls=pulls, rows=rows)
            address = stack.enter_context(serve_portal(stage.repository))
            sides[pulls, rows] = Side(f"{address}/review?project={NAME}&pull={stage.pull}", VERDICT)
        seconds = _visit_in_turn([empty, *sides.values()], rounds)
        crowded = [_visit_together(sides[10, 10_000], empty) for _ in range(rounds)]
    return tell(dict(zip(sides, seconds[1:], strict=True)), seconds[0], crowded)


def tell(
    ours: dict[tuple[int, int], list[float]], empty: Sequence[float], crowded: Sequence[tuple[float, float]]
) -> list[Result]:
    """Return a row for each project, and one for the crowd."""
    rows = [
        compare(
            f"portal: verdict readable, {pulls:,} pull requests, {holdout:,} holdout rows : empty Streamlit app",
            seconds,
            empty,
            target=TARGET,
        )
        for (pulls, holdout), seconds in ours.items()
    ]
    many = f"portal: verdict sent to {PEOPLE} people at once : empty Streamlit app"
    return [*rows, compare(many, [our for our, _ in crowded], [their for _, their in crowded])]


def _visit_in_turn(sides: Sequence[Side], rounds: int) -> list[list[float]]:
    """Visit each side once uncounted, and then all in turn, each time as somebody new."""
    seconds: list[list[float]] = [[] for _ in sides]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        for _ in range(1 + VISITS * rounds):
            for side, found in zip(sides, seconds, strict=True):
                found.append(_visit(browser, side))
        browser.close()
    return [found[1:] for found in seconds]


def _visit(browser: Browser, side: Side) -> float:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    start = time.perf_counter()
    page.goto(side.address, wait_until="commit")
    page.wait_for_selector(side.shows, timeout=60_000)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def _visit_together(ours: Side, empty: Side) -> tuple[float, float]:
    address, _, place = ours.address.partition("/review?")
    if not place:
        raise BenchmarkError(f"{ours.address} is no address of a review")
    return (
        visit(address, page="review", query=place, people=PEOPLE, until="verdict"),
        visit(empty.address, page="", query="", people=PEOPLE, until="Nothing here."),
    )
