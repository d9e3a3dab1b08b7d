"""The commands `greenroom token …`: programs' tokens are made, listed and revoked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenroom_pipeline.commandline import Directory
from greenroom_pipeline.errors import TokenRefused
from greenroom_pipeline.places import Places, find_places, prepare_home
from greenroom_services.errors import TokenError
from greenroom_services.tokens import Scope, Token, TokenStore

app = typer.Typer(help="Tokens with which programs query previews, or deploy them.", no_args_is_help=True)

LIFE = re.compile(r"([1-9][0-9]{0,3})([hdw])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@app.command()
def create(
    scope: Annotated[
        Scope, typer.Option(help="What it allows: `query` previews on the gateway, or `deploy` bundles.")
    ],
    project: Annotated[str, typer.Option(metavar="NAME", help="Project that it is for; `*` for all.")],
    slot: Annotated[
        str,
        typer.Option(
            metavar="SLOT", help="A pull request's number, `production` or `staging`; `*` for all of them."
        ),
    ],
    expires: Annotated[
        str,
        typer.Option(metavar="TIME", help="How long it lives: hours, days or weeks, such as 12h, 30d, 8w."),
    ] = "30d",
    name: Annotated[str, typer.Option(metavar="TEXT", help="What it is for; `list` shows it.")] = "",
    directory: Directory = Path(),
) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    now = datetime.now(UTC)
    places = _places(directory)
    prepare_home(places)
    with _translated():
        number, text = TokenStore(places.tokens).create(
            scope=scope, project=project, slot=slot, expires=now + read_life(expires), name=name
        )
    typer.echo(f"Token {number}; keep what follows, for it is not shown again:", err=True)
    typer.echo(text)


@app.command("list")
def list_tokens(
    json: Annotated[
        bool, typer.Option("--json", help="Print the tokens as JSON, without their hashes.")
    ] = False,
    directory: Directory = Path(),
) -> None:
    """Show the tokens: what each is for, and until when."""
    with _translated():
        tokens = TokenStore(_places(directory).tokens).list()
    if json:
        typer.echo(_to_json(tokens))
    else:
        Console(soft_wrap=True).print(
            _make_table(tokens, now=datetime.now(UTC)) if tokens else "There are no tokens."
        )


@app.command()
def revoke(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The token's id, as `greenroom token list` shows it.")
    ],
    directory: Directory = Path(),
) -> None:
    """Take a token back; a running server refuses it from then on."""
    with _translated():
        token = TokenStore(_places(directory).tokens).revoke(id)
    typer.echo(f"Token {token.id} is revoked.")


def read_life(text: str) -> timedelta:
    """Return how long `12h`, `30d` or `8w` is."""
    found = LIFE.fullmatch(text)
    if found is None:
        raise TokenRefused(
            f"--expires {text!r} is no time; give hours, days or weeks, such as 12h, 30d or 8w"
        )
    return int(found[1]) * UNITS[found[2]]


def _to_json(tokens: list[Token]) -> str:
    import json

    shown = [token.model_dump(mode="json", exclude={"sha256"}) for token in tokens]
    return json.dumps({"tokens": shown}, indent=2)


def _make_table(tokens: list[Token], *, now: datetime) -> Table:
    table = Table("id", "scope", "project", "slot", "expires", "name", box=None, padding=(0, 2, 0, 0))
    for token in tokens:
        ended = "" if token.expires > now else " (expired)"
        expires = f"{token.expires:%Y-%m-%d %H:%M}{ended}"
        table.add_row(token.id, token.scope, token.project, token.slot, expires, escape(token.name))
    return table


def _places(directory: Path) -> Places:
    return find_places(directory, os.environ)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TokenError as error:
        raise TokenRefused(str(error)) from error
