from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias, cast

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from greenroom_portal.data import get_desk
from greenroom_portal.router import SCRIPT
from tests.portal.desk_in_memory import MemoryDesk
from tests.portal.front_process import name_desk

OpenPage: TypeAlias = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """Nothing that one test's desk said reaches the next test."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens the list, a review (`pull=`), or the page of a script (*view*), of a desk.

    With `pull=` it opens a review, with `view=` the page of that script; what else is given stands in the address.
    """

    def open_(
        desk: str,
        *,
        pull: int | str | None = None,
        project: str = "flight-delays",
        view: str | None = None,
        **address: str,
    ) -> AppTest:
        monkeypatch.setenv("GREENROOM_DESK", name_desk(desk))
        app = AppTest.from_file(str(SCRIPT), default_timeout=20)
        app.query_params.update(address if view is None and pull is None else {})
        app.run()
        if view is None and pull is None:
            return app
        app.switch_page(view or "review.py")
        review = {} if pull is None else {"project": project, "pull": str(pull)}
        app.query_params.update(review | address)
        return app.run()

    return open_


def desk_in_use() -> MemoryDesk:
    """The desk that the page under test talks to."""
    return cast(MemoryDesk, get_desk())


@pytest.fixture
def golden() -> Path:
    return Path(__file__).parent.parent / "golden"


@pytest.fixture
def open_try_it(monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens *Try it* of the desk `module:function`, by default of `desk_in_memory`."""

    def open_(desk: str, *, pull: int | str = 7, **parameters: str) -> AppTest:
        monkeypatch.setenv("GREENROOM_DESK", name_desk(desk))
        app = AppTest.from_file(str(SCRIPT), default_timeout=20).run()
        app.switch_page("tryit.py")
        for key, value in {"project": "flight-delays", "pull": str(pull), **parameters}.items():
            app.query_params[key] = value
        return app.run()

    return open_
