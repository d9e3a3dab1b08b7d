from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from greenroom_portal import turns
from greenroom_portal.turns import AT_ONCE, take_turn


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def come(entered: Event) -> None:
    with take_turn():
        entered.set()


def test_who_comes_late_waits_for_a_turn(others: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every turn taken the next one waits, and goes on as soon as one is given back."""
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    entered = Event()
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(take_turn())
        waiting = others.submit(come, entered)
        assert not entered.wait(0.05)
    waiting.result(30)

    assert entered.is_set()


def test_nobody_waits_for_ever(others: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns that are kept keep nobody out, and one that was not taken is not given back."""
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(take_turn())
        for _ in range(3):
            others.submit(come, Event()).result(30)


def test_a_page_that_fails_gives_its_turn_back() -> None:
    """What ends a page ends its turn."""
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ValueError, match="broken"), take_turn():
            raise ValueError("broken")
    with take_turn():
        pass
