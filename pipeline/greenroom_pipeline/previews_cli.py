"""The commands `greenroom previews …`: what runs for people to try, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenroom_pipeline.commandline import Directory
from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.errors import PreviewError
from greenroom_pipeline.places import find_places
from greenroom_pipeline.terminal import plain, print_log

if TYPE_CHECKING:
    from greenroom_services.client import HostClient
    from greenroom_services.previews import PreviewState

# What talks to the host is imported inside the commands: `greenroom --help` answers at once.

app = typer.Typer(help="The previews: what runs, what it said, and what becomes of it.", no_args_is_help=True)

MIB = 2**20
WIDTH = 1_000
SlotArgument = Annotated[
    str, typer.Argument(metavar="SLOT", help="A pull request's number, `production` or `staging`.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the states as JSON.")]


@app.command("list")
def list_previews(json: Json = False, directory: Directory = Path()) -> None:
    """Show every preview of the project: whether it is awake, what it is of, and what it takes."""
    with _asking(directory) as (client, project):
        states = [state for state in client.previews() if state.project == project]
    if json:
        _print_json(states)
    else:
        _print_states(states)


@app.command()
def logs(slot: SlotArgument, directory: Directory = Path()) -> None:
    """Print the last lines that the preview wrote, also when it sleeps or has failed."""
    with _asking(directory) as (client, project):
        typer.echo(plain(client.log(project, slot)), nl=False)


@app.command()
def wake(slot: SlotArgument, json: Json = False, directory: Directory = Path()) -> None:
    """Wake a preview, also one that has failed, and wait until it answers."""
    with _asking(directory) as (client, project):
        _show(client.wake(project, slot), json=json)


@app.command()
def sleep(slot: SlotArgument, json: Json = False, directory: Directory = Path()) -> None:
    """Put a preview to sleep; whoever asks for it wakes it."""
    with _asking(directory) as (client, project):
        _show(client.sleep(project, slot), json=json)


@app.command()
def stop(slot: SlotArgument, json: Json = False, directory: Directory = Path()) -> None:
    """Remove a preview; `greenroom run` brings it back."""
    with _asking(directory) as (client, project):
        _show(client.stop(project, slot), json=json)


@app.command()
def keep_awake(
    slot: SlotArgument,
    off: Annotated[bool, typer.Option("--off", help="Let it sleep again.")] = False,
    json: Json = False,
    directory: Directory = Path(),
) -> None:
    """Let a preview neither sleep for being idle nor expire."""
    with _asking(directory) as (client, project):
        state = client.let_sleep(project, slot) if off else client.keep_awake(project, slot)
        _show(state, json=json)


@app.command()
def sweep(json: Json = False, directory: Directory = Path()) -> None:
    """Remove the previews of pull requests that are no longer open; `greenroom serve` does so every 5 minutes."""
    from greenroom_pipeline.previews import sweep as sweep_previews
    from greenroom_pipeline.project import open_project

    with _translated():
        removed = sweep_previews(open_project(find_places(directory, os.environ)))
    if json:
        _print_json(removed)
    else:
        slots = ", ".join(state.slot for state in removed)
        typer.echo(f"Removed the previews in {slots}." if removed else "No preview is left over.")


@contextmanager
def _asking(directory: Path) -> Iterator[tuple[HostClient, str]]:
    """Give the host's client and the project's name."""
    from greenroom_services.client import HostClient

    places = find_places(directory, os.environ)
    project = load_settings(places.repository).project.name
    with _translated():
        yield HostClient(places.host), project


@contextmanager
def _translated() -> Iterator[None]:
    from greenroom_services.errors import ServiceError

    try:
        yield
    except ServiceError as error:
        print_log(Console(stderr=True), error.log)
        raise PreviewError(str(error), log=error.log) from error


def _show(state: PreviewState, *, json: bool) -> None:
    if json:
        typer.echo(state.model_dump_json(indent=2))
        return
    kept = ", kept awake" if state.keep_awake else ""
    typer.echo(f"{state.project}/{state.slot} is {state.state}{kept}.")


def _print_json(states: Sequence[PreviewState]) -> None:
    import json

    typer.echo(json.dumps({"previews": [state.model_dump(mode="json") for state in states]}, indent=2))


def _print_states(states: Sequence[PreviewState]) -> None:
    """Show the states, a line each, whole also where the terminal is narrower or there is none."""
    if not states:
        typer.echo("There are no previews.")
        return
    # A terminal that is narrower wraps whole lines, and a pipe none.
    Console(width=WIDTH).print(_make_table(states), crop=False, soft_wrap=True)


def _make_table(states: Sequence[PreviewState]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("slot", "state", "commit", "memory", "used", "expires", "address"):
        table.add_column(name, no_wrap=True)
    for state in states:
        table.add_row(
            state.slot,
            state.state + (", kept" if state.keep_awake else ""),
            (state.sha or "")[:7],
            "" if state.memory is None else f"{state.memory / MIB:.0f} MiB",
            f"{_span(state.last_used)} ago",
            "never" if state.expires is None else f"in {_span(state.expires)}",
            escape(plain(state.address or "")),
        )
    return table


def _span(seconds: float) -> str:
    """Return a span of time in its largest unit, rounded down."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
