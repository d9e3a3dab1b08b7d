"""Who sleeps, who expires, who makes room, and when a preview that died is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_services.host.life import (
    LONGEST_BACKOFF,
    MAX_DEATHS,
    USERS,
    Deaths,
    Standing,
    age_on_return,
    choose_evictions,
    choose_sleepers,
    choose_user,
    find_closed,
    find_expired,
    find_idle,
)
from greenroom_services.previews import Address


def at(slot: str, project: str = "flights") -> Address:
    return Address(project=project, slot=slot)


def awake(slot: str, idle: float, *, busy: bool = False, keep_awake: bool = False) -> Standing:
    return Standing(at(slot), idle, awake=True, busy=busy, keep_awake=keep_awake)


def asleep(slot: str, idle: float, *, stored: int = 100, keep_awake: bool = False) -> Standing:
    return Standing(at(slot), idle, stored=stored, keep_awake=keep_awake)


def test_who_is_idle() -> None:
    """Idle is who is awake, was not visited for long enough, and is not kept awake."""
    standings = [
        awake("1", 900),
        awake("2", 899),
        awake("3", 2_000, busy=True),
        awake("4", 2_000, keep_awake=True),
        awake("production", 2_000),
        awake("staging", 2_000),
        asleep("5", 2_000),
    ]

    assert find_idle(standings, idle=900) == [at("1"), at("staging")]


def test_the_least_recently_used_sleeps_first() -> None:
    """Over the cap those sleep whom nobody has visited for longest, those kept awake last, busy ones never."""
    standings = [
        awake("1", 10),
        awake("2", 30),
        awake("3", 20),
        awake("4", 99, busy=True),
        awake("5", 500, keep_awake=True),
        awake("production", 400),
    ]

    assert choose_sleepers(standings, max_awake=6) == []
    assert choose_sleepers(standings, max_awake=6, coming=1) == [at("2")]
    assert choose_sleepers(standings, max_awake=3) == [at("2"), at("3"), at("1")]
    order = [at("2"), at("3"), at("1"), at("5"), at("production")]
    assert choose_sleepers(standings, max_awake=0, coming=1) == order


def test_who_has_expired() -> None:
    """After the time to live everybody has expired but production, who is kept awake, and who is busy."""
    standings = [
        asleep("1", 100),
        asleep("2", 99),
        awake("3", 100),
        awake("4", 100, busy=True),
        asleep("5", 100, keep_awake=True),
        asleep("production", 100),
        asleep("staging", 100),
    ]

    assert find_expired(standings, ttl=100) == [at("1"), at("3"), at("staging")]
    assert find_expired(standings, ttl=0) == []


def test_bundles_make_room() -> None:
    """Over the cap the bundles go of those that sleep for longest, as many as needed, and never the newest one's."""
    standings = [
        asleep("1", 10),
        asleep("2", 30),
        asleep("3", 20),
        asleep("4", 99, stored=0),
        asleep("5", 99, keep_awake=True),
        asleep("production", 99),
        Standing(at("6"), 99, awake=True, stored=100),
        asleep("7", 99),
    ]

    assert choose_evictions(standings, max_bytes=700, sparing=at("7")) == []
    assert choose_evictions(standings, max_bytes=599, sparing=at("7")) == [at("2"), at("3")]
    assert choose_evictions(standings, max_bytes=0, sparing=at("7")) == [at("2"), at("3"), at("1")]


def test_what_a_sweep_finds() -> None:
    """Closed are the slots of the project's pull requests that are not open; no other project's, nor production."""
    slots = [at("1"), at("2"), at("production"), at("staging"), at("1", "irises"), at("3")]

    assert find_closed(slots, project="flights", open=["2", "7"]) == [at("1"), at("3")]


@given(st.sets(st.integers(1, USERS), max_size=50), st.integers(0, USERS))
def test_no_number_twice(taken: set[int], after: int) -> None:
    """A new slot's number is nobody's, and the next one after the last that was given."""
    number = choose_user(taken, after=after)

    assert 1 <= number <= USERS
    assert number not in taken
    passed = {(after + step) % USERS + 1 for step in range((number - after - 1) % USERS)}
    assert passed <= taken


def test_a_freed_number_rests() -> None:
    """The number of a slot that was just removed is not the next one's."""
    assert choose_user({1, 2}, after=3) == 4
    assert choose_user({1, 2}, after=USERS) == 3


@pytest.mark.parametrize(
    ("away", "age"),
    [(3_600.0, 3_610.0), (-1e9, 10.0), (1e9, 10.0 + 86_400)],
    ids=["an hour", "set back", "far ahead"],
)
def test_a_clock_that_jumps(away: float, age: float) -> None:
    """While no host ran a preview ages as the clock says, but neither backwards nor by years."""
    assert age_on_return(10, away=away) == age


def test_backoff() -> None:
    """Each death in a row doubles the wait from half a second to a minute; the fifth is a failure."""
    deaths, waits = Deaths(), []
    for count in range(1, 11):
        deaths = deaths.another(now=100, lived=3, error="it ended", log="bang")
        waits.append(deaths.wait(100))
        assert deaths.failed == (count >= MAX_DEATHS)

    assert waits[:8] == [0.5, 1, 2, 4, 8, 16, 32, LONGEST_BACKOFF]
    assert deaths.wait(159.5) == 0.5
    assert deaths.wait(200) == 0
    assert (deaths.error, deaths.log) == ("it ended", "bang")


def test_a_long_life_is_forgiven() -> None:
    """Who was well for five minutes starts to count anew."""
    deaths = Deaths().another(now=0, lived=1, error="", log="").another(now=1, lived=1, error="", log="")

    assert deaths.another(now=400, lived=300, error="", log="").count == 1
    assert deaths.another(now=400, lived=299, error="", log="").count == 3
    assert Deaths().wait(0) == 0
