"""Tokens open what they were made for, until they expire or are revoked, and nothing else opens it."""

from __future__ import annotations

import json
import random
import re
import stat
import string
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from greenroom_pipeline.cli import app
from greenroom_pipeline.errors import TokenRefused
from greenroom_services.errors import TokenError
from greenroom_services.tokens import Scope, TokenStore

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json", now=clock)


def create(
    store: TokenStore, *, scope: Scope = "query", project: str = "flights", slot: str = "7", days: int = 1
) -> tuple[str, str]:
    return store.create(scope=scope, project=project, slot=slot, expires=START + timedelta(days=days))


@pytest.mark.parametrize(
    ("project", "slot", "scope", "asked", "allowed"),
    [
        ("flights", "7", "query", ("query", "flights", "7"), True),
        ("flights", "*", "query", ("query", "flights", "production"), True),
        ("*", "*", "query", ("query", "churn", "1"), True),
        ("flights", "7", "query", ("query", "flights", "8"), False),
        ("flights", "*", "query", ("query", "churn", "7"), False),
        ("flights", "7", "query", ("deploy", "flights", "7"), False),
        ("flights", "7", "deploy", ("query", "flights", "7"), False),
        ("flights", "7", "query", ("query", "*", "*"), False),
    ],
)
def test_a_token_is_bound(
    store: TokenStore, project: str, slot: str, scope: Scope, asked: tuple[Scope, str, str], allowed: bool
) -> None:
    """A token opens the one scope, project and slot that it was made for, or all where it says so (threat 6)."""
    number, text = create(store, scope=scope, project=project, slot=slot)

    found = store.verify(text, *asked)

    assert (found is not None) is allowed
    assert found is None or found.id == number


def test_a_token_ends(store: TokenStore, clock: Clock) -> None:
    """From the moment of its expiry a token opens nothing; one that never lives is not made."""
    _, text = create(store, days=1)

    clock.now = START + timedelta(days=1) - timedelta(seconds=1)
    assert store.verify(text, "query", "flights", "7")
    assert store.living("query")
    clock.now = START + timedelta(days=1)
    assert store.verify(text, "query", "flights", "7") is None
    assert not store.living("query")
    with pytest.raises(TokenError, match="of no use"):
        create(store, days=1)


def test_a_running_store_notices(store: TokenStore, tmp_path: Path, clock: Clock) -> None:
    """What another process makes or revokes counts at once for one that has read the file before."""
    other = TokenStore(tmp_path / "tokens.json", now=clock)
    number, text = create(store)

    assert other.verify(text, "query", "flights", "7")
    store.revoke(number)
    assert other.verify(text, "query", "flights", "7") is None
    _, again = create(store)
    assert other.verify(again, "query", "flights", "7")
    with pytest.raises(TokenError, match="greenroom token list"):
        other.revoke(number)


def test_no_secret_is_kept(store: TokenStore, tmp_path: Path) -> None:
    """On disk there is a hash, in a file of the user's alone (threat 6)."""
    _, text = create(store)
    path = tmp_path / "tokens.json"

    assert text.split("_", 2)[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text.startswith("grt_")


def malform(text: str, random: random.Random) -> str:
    """Return something like the token, and never the token itself."""
    kind = random.randrange(7)
    at = random.randrange(len(text))
    other = random.choice(string.ascii_letters + string.digits + "_-. \n\0é*")
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + other + text[at:]
    if kind == 2:
        return text[:at] + text[at + 1 :]
    if kind == 3:
        swapped = text[at].swapcase() if text[at].swapcase() != text[at] else other + text[at]
        return text[:at] + swapped + text[at + 1 :]
    if kind == 4:
        return "".join(random.choices(string.printable, k=random.randrange(200)))
    if kind == 5:
        return text + other * random.randrange(1, 10_000)
    return "grt_" + "0" * 12 + text[16:]


def test_a_thousand_malformed_tokens(store: TokenStore) -> None:
    """A token that is cut, changed, grown or made up opens nothing, and breaks nothing (threat 6)."""
    _, text = create(store)
    seeded = random.Random(7)

    for _ in range(1_000):
        broken = malform(text, seeded)
        assert store.verify(broken, "query", "flights", "7") is None, broken
    assert store.verify(text, "query", "flights", "7")


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2}', b'{"tokens": [{}]}', b"\xff"])
def test_a_damaged_file_lets_nobody_in(store: TokenStore, tmp_path: Path, content: bytes) -> None:
    """A file that cannot be read opens nothing, and whoever would change it is told."""
    _, text = create(store)
    (tmp_path / "tokens.json").write_bytes(content)

    assert store.verify(text, "query", "flights", "7") is None
    for change in (store.list, lambda: create(store), lambda: store.revoke("0" * 12)):
        with pytest.raises(TokenError, match=r"tokens\.json cannot be read .* make new tokens"):
            change()


def test_many_at_once(store: TokenStore, tmp_path: Path, clock: Clock) -> None:
    """Tokens made by several at the same time are all kept."""
    stores = [TokenStore(tmp_path / "tokens.json", now=clock) for _ in range(8)]
    threads = [threading.Thread(target=create, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.list()) == 8


@pytest.mark.parametrize(
    ("project", "slot"), [("Flights", "7"), ("flights", "main"), ("", "7"), ("../x", "7")]
)
def test_a_token_for_nothing(store: TokenStore, project: str, slot: str) -> None:
    """A token for a name that no preview can have is not made."""
    with pytest.raises(TokenError, match="of a token cannot be"):
        create(store, project=project, slot=slot)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is made, shown without its secret, and revoked from the command line."""
    monkeypatch.setenv("GREENROOM_HOME", str(tmp_path))
    runner = CliRunner()
    arguments = ["--scope", "query", "--project", "flights", "--slot", "*", "--name", "nightly [job]"]

    made = runner.invoke(app, ["token", "create", *arguments, "--expires", "12h"])
    text = made.stdout.strip()
    shown = json.loads(runner.invoke(app, ["token", "list", "--json"]).stdout)["tokens"]
    table = runner.invoke(app, ["token", "list"]).stdout
    store = TokenStore(tmp_path / "host" / "tokens.json")

    assert store.verify(text, "query", "flights", "3")
    assert [(each["name"], each["slot"]) for each in shown] == [("nightly [job]", "*")]
    assert "sha256" not in shown[0]
    assert "nightly [job]" in table
    revoked = runner.invoke(app, ["token", "revoke", shown[0]["id"]])
    assert revoked.exit_code == 0
    assert store.verify(text, "query", "flights", "3") is None


@pytest.mark.parametrize("expires", ["", "30", "0d", "1m", "-1d", "1.5d", "99999d"])
def test_a_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expires: str) -> None:
    """A life that is none is refused with the ones that are."""
    monkeypatch.setenv("GREENROOM_HOME", str(tmp_path))
    arguments = ["--scope", "query", "--project", "flights", "--slot", "7", "--expires", expires]

    done = CliRunner().invoke(app, ["token", "create", *arguments])

    assert isinstance(done.exception, TokenRefused)
    assert "12h, 30d or 8w" in str(done.exception)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"project": "Flight"},
            "project 'Flight' of a token cannot be; give its name as greenroom.toml has it",
        ),
        ({"slot": "main"}, "slot 'main' of a token cannot be; give a pull request's number, `production`"),
    ],
)
def test_what_a_token_can_be_bound_to_is_told_in_words(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    """Who names a project or slot that none can be reads which can, and no pattern."""
    given: dict[str, Any] = {"scope": "query", "project": "flights", "slot": "7"} | changes
    with pytest.raises(TokenError, match=re.escape(said)):
        TokenStore(tmp_path / "tokens.json").create(expires=datetime.now(UTC) + timedelta(hours=1), **given)
