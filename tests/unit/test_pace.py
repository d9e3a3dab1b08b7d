"""How often and how many at once, with a clock that the test sets."""

from __future__ import annotations

import pytest

from greenroom_services.host.pace import Crowd, Crowded, Pace


def test_a_burst_and_then_a_rate() -> None:
    """As many as the burst at once, then one whenever the rate has given it; the wait that is told suffices."""
    pace = Pace(rate=2, burst=3)

    assert [pace.take("a", now=10) for _ in range(4)] == [0, 0, 0, 0.5]
    assert pace.take("a", now=10.25) == pytest.approx(0.25)
    assert pace.take("a", now=10.5) == 0
    assert pace.take("a", now=10.5) > 0


def test_a_pause_fills_no_more_than_the_burst() -> None:
    """However long nobody asks, there is one burst."""
    pace = Pace(rate=2, burst=3)
    pace.take("a", now=0)

    assert [pace.take("a", now=1_000) for _ in range(4)] == [0, 0, 0, 0.5]


def test_keys_are_apart() -> None:
    """What one takes, another one does not lack."""
    pace = Pace(rate=1, burst=1)

    assert [pace.take("a", now=0), pace.take("b", now=0), pace.take("a", now=0)] == [0, 0, 1]


def test_a_clock_that_goes_back() -> None:
    """A clock that is set back gives nothing, and keeps nobody waiting longer than the rate says."""
    pace = Pace(rate=1, burst=2)
    pace.take("a", now=100)

    assert [pace.take("a", now=50), pace.take("a", now=50)] == [0, 1]
    assert pace.take("a", now=51) == 0


def test_a_crowd_has_an_end() -> None:
    """No more than so many of one key are inside; who leaves by an error leaves, too."""
    crowd = Crowd(most=2)

    with crowd.enter("a"):
        with pytest.raises(ZeroDivisionError), crowd.enter("a"):
            raise ZeroDivisionError
        with crowd.enter("a"), crowd.enter("b"), pytest.raises(Crowded), crowd.enter("a"):
            pass
    with crowd.enter("a"), crowd.enter("a"):
        pass
