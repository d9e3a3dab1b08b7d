"""How `greenroom previews list` looks where there is little room."""

from __future__ import annotations

import pytest

from greenroom_pipeline.previews_cli import _print_states
from greenroom_services.previews import PreviewState


def test_a_preview_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At 80 columns and in a pipe each preview is one line, with its slot, state and address whole."""
    monkeypatch.setenv("COLUMNS", "80")
    address = "http://127.0.0.1:8502/p/a-project-with-a-name-that-is-rather-long/production"
    states = [
        PreviewState(
            project="p", slot="production", state="awake", bento="", keep_awake=True, address=address
        ),
        PreviewState(project="p", slot="7", state="asleep", bento="", sha="a" * 40, expires=90_000),
    ]

    _print_states(states)

    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["slot", "state", "commit", "memory", "used", "expires", "address"]
    assert first.startswith("production  awake, kept")
    assert first.split()[-1] == address
    assert second.split() == ["7", "asleep", "a" * 7, "0", "s", "ago", "in", "1", "d"]
