"""What the command says to who misuses it: one line, or its help."""

from __future__ import annotations

import subprocess
import sys

import pytest

CREATE = ("token", "create", "--project", "flights", "--slot", "7")


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "greenroom_pipeline.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("group", ["previews", "token"])
def test_a_group_alone_shows_its_help(group: str) -> None:
    """Without a command its commands are listed, and no line says nothing."""
    done = call(group)

    assert done.returncode == 2
    assert "list" in done.stdout + done.stderr
    assert "greenroom: " not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (*CREATE, "--scope", "foo"),
            "'--scope': 'foo' is not one of 'query', 'deploy'; `greenroom token create",
        ),
        (("token", "create"), "; `greenroom token create --help` says more"),
        (("runn",), "; `greenroom --help` says more"),
    ],
)
def test_misuse_names_the_command(arguments: tuple[str, ...], said: str) -> None:
    """A wrong or missing option names the command whose help says more, and nothing of how it was read."""
    done = call(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
