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
    """Return a function that opens the list, or with `pull=` a review, of the desk so named.

    What further is given stands in the review's address, too.
    """

    def open_(
        desk: str, *, pull: int | str | None = None, project: str = "flight-delays", **further: str
    ) -> AppTest:
        monkeypatch.setenv("GREENROOM_DESK", name_desk(desk))
        app = AppTest.from_file(str(SCRIPT), default_timeout=20).run()
        if pull is None:
            return app
        app.switch_page("review.py")
        app.query_params["project"] = project
        app.query_params["pull"] = str(pull)
        for name, value in further.items():
            app.query_params[name] = value
        return app.run()

    return open_


def desk_in_use() -> MemoryDesk:
    """The desk that the page under test talks to."""
    return cast(MemoryDesk, get_desk())


@pytest.fixture
def golden() -> Path:
    return Path(__file__).parent.parent / "golden"
