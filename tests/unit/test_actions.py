"""GitHub Actions as a run meets it: what is read, what is left, and what cannot be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from greenroom_pipeline.access import CREDENTIALS
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.jobs.actions import (
    SUMMARY_BYTES,
    Actions,
    hide_credentials,
    read_actions,
    tell_warning,
    write_outputs,
    write_summary,
)
from greenroom_pipeline.jobs.event import read_default_branch, read_group, read_pull

HEAD, BASE = "a" * 40, "b" * 40
PULL = {
    "action": "opened",
    "number": 7,
    "pull_request": {
        "head": {"sha": HEAD, "repo": {"id": 1}},
        "base": {"sha": BASE, "repo": {"id": 1}},
    },
}


def make_environ(folder: Path, payload: Any = PULL, **others: str) -> dict[str, str]:
    event = folder / "event.json"
    event.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "ada/flights",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SHA": "c" * 40,
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
        **others,
    }


def read(folder: Path, payload: Any = PULL, **others: str) -> Actions:
    actions = read_actions(make_environ(folder, payload, **others))
    assert actions is not None
    return actions


def test_elsewhere_there_is_none(tmp_path: Path) -> None:
    """Without GITHUB_ACTIONS=true nothing is read, whatever else is set."""
    assert read_actions({**make_environ(tmp_path), "GITHUB_ACTIONS": "false"}) is None


def test_a_job_is_read(tmp_path: Path) -> None:
    """github.com is meant where nothing else is said; the token is shown nowhere."""
    actions = read(tmp_path, GITHUB_TOKEN="ghs_secret", GITHUB_RUN_ID="41")

    assert (actions.api, actions.job) == (
        "https://api.github.com",
        "https://github.com/ada/flights/actions/runs/41",
    )
    assert actions.token == "ghs_secret"
    assert "ghs_secret" not in repr(actions)


def test_an_enterprise_server_is_read(tmp_path: Path) -> None:
    """Its own addresses are used; without that of its pages, there is no link to the job."""
    api = {"GITHUB_API_URL": "https://git.example.com/api/v3/", "GITHUB_RUN_ID": "41"}

    assert read(tmp_path, **api).api == "https://git.example.com/api/v3"
    assert read(tmp_path, **api).job is None
    with_pages = read(tmp_path, **api, GITHUB_SERVER_URL="https://git.example.com")
    assert with_pages.job == "https://git.example.com/ada/flights/actions/runs/41"
    assert read(tmp_path).job is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY is not set"),
        ({"GITHUB_REPOSITORY": "flights"}, "GITHUB_REPOSITORY is 'flights', which it cannot be"),
        ({"GITHUB_REPOSITORY": "ada/flights/../x"}, "which it cannot be"),
        ({"GITHUB_EVENT_NAME": ""}, "GITHUB_EVENT_NAME is not set"),
        ({"GITHUB_EVENT_PATH": ""}, "GITHUB_EVENT_PATH is not set"),
        ({"GITHUB_EVENT_PATH": "/nowhere/event.json"}, "cannot be read: No such file"),
        ({"GITHUB_API_URL": "file:///etc"}, "GITHUB_API_URL is 'file:///etc', which is no address"),
        ({"GITHUB_SERVER_URL": "https://[x"}, "GITHUB_SERVER_URL is 'https://[x', which is no address"),
        ({"GITHUB_TOKEN": "two\nlines"}, "GITHUB_TOKEN holds what no token is"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    """A variable that is missing or wrong is named with its value, on one line."""
    with pytest.raises(SettingsError, match=re.escape(said)) as told:
        read(tmp_path, PULL, **variables)
    assert "\n" not in str(told.value)
    assert "two" not in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udcff", '"pull_request"', "[" * 100_000])
def test_an_event_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """A damaged file of the event is a line about that file, never a traceback."""
    environ = make_environ(tmp_path)
    Path(environ["GITHUB_EVENT_PATH"]).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=r"the event in GITHUB_EVENT_PATH .*event\.json"):
        read_actions(environ)


def test_a_pull_request_is_read() -> None:
    """Its number, head and base, and whether it is from a fork: by id, and a fork that is gone is one."""
    pull = read_pull(PULL)

    assert (pull.number, pull.action, pull.head, pull.base, pull.is_fork) == (7, "opened", HEAD, BASE, False)
    for repository in ({"id": 2}, None, {}, "ada/flights", {"id": True}):
        forked = {**PULL["pull_request"], "head": {"sha": HEAD, "repo": repository}}  # type: ignore[dict-item]
        assert read_pull({**PULL, "pull_request": forked}).is_fork


@pytest.mark.parametrize(
    "payload", [{}, {"number": 7}, {"pull_request": None}, {"number": "7"}, {"number": True}]
)
def test_a_pull_request_without_a_name_is_told(payload: dict[str, Any]) -> None:
    """An event that does not say which pull request, or which commit, is refused in words."""
    with pytest.raises(SettingsError, match="names no pull request with its head"):
        read_pull({"pull_request": {"head": {"sha": HEAD}}, **payload} if payload == {} else payload)


@pytest.mark.parametrize("strange", [None, 1, "x", [], {}, True, {"sha": [1], "repo": "x"}])
def test_a_strange_event_is_words_at_worst(strange: object) -> None:
    """Whatever stands where something is looked for, it is read as missing, or refused as an expected error."""
    known = PULL["pull_request"]
    assert isinstance(known, dict)
    for place in ("action", "number", "repository", "pull_request", "merge_group"):
        payload = {**PULL, place: strange}
        if place == "pull_request" or (place == "number" and type(strange) is not int):
            with pytest.raises(SettingsError, match="names no pull request"):
                read_pull(payload)
        else:
            assert read_pull(payload).head == HEAD
        with pytest.raises(SettingsError, match="names no commit of a merge group"):
            read_group(payload)
        assert read_default_branch(payload) == ""
    assert read_pull({**PULL, "pull_request": {**known, "base": strange}}).base == ""


def test_credentials_are_hidden() -> None:
    """Nothing that is started afterwards inherits them; what else is set stays."""
    environ = {**dict.fromkeys(CREDENTIALS, "secret"), "GITHUB_SHA": HEAD}
    hide_credentials(environ)

    assert environ == {"GITHUB_SHA": HEAD}


def read_outputs(path: Path) -> dict[str, str]:
    """Read the file as the runner does."""
    found, lines = {}, iter(path.read_text().splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for each in lines:
            if each == end:
                break
            value.append(each)
        found[name] = "\n".join(value)
    return found


def test_no_value_begins_another_output(tmp_path: Path) -> None:
    """A value that looks like the end of one is part of it, and outputs of before stay."""
    actions = read(tmp_path)
    hostile = "x\ngreenroom\nEOF\nverdict<<E\npass\nE"
    (tmp_path / "output").write_text("before<<E\n1\nE\n")
    write_outputs(actions, {"verdict": "fail", "preview-url": hostile, "report": "\udcff"})

    assert read_outputs(tmp_path / "output") == {
        "before": "1",
        "verdict": "fail",
        "preview-url": hostile,
        "report": "?",
    }


def test_a_summary_fits(tmp_path: Path) -> None:
    """It is added to what is there, and ends with a whole line where it is too long."""
    actions = read(tmp_path)
    (tmp_path / "summary.md").write_text("before\n")
    write_summary(actions, "ä" * 99 + "\n" + ("é" * 100 + "\n") * 10_000)
    text = (tmp_path / "summary.md").read_text()

    assert text.startswith("before\nää")
    assert len(text.encode()) <= SUMMARY_BYTES + len("before\n")
    assert set(map(len, text.splitlines()[2:])) == {100}


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file that is not there to be written is named; where none is given, nothing is written."""
    lost = read(tmp_path, GITHUB_OUTPUT=str(tmp_path / "no" / "output"), GITHUB_STEP_SUMMARY="")
    write_summary(lost, "text")
    with pytest.raises(SettingsError, match=r"GITHUB_OUTPUT is .*which cannot be written: No such file"):
        write_outputs(lost, {"verdict": "pass"})


def test_a_warning_is_one_command() -> None:
    """Whatever a message holds, it begins no command of its own."""
    assert tell_warning("50 % of\r\n::error::x") == "::warning title=Greenroom::50 %25 of%0D%0A::error::x"
