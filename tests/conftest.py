"""What all tests share: an environment without settings of the user's own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what would point tests at a store or a home of the user's."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "GREENROOM_HOME", "GREENROOM_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    # Compiled modules make every start of a process several times faster.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
