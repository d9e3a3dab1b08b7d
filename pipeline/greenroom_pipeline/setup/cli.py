"""The command `greenroom init`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from greenroom_pipeline.access import is_loopback
from greenroom_pipeline.errors import RepositoryError, SettingsError
from greenroom_pipeline.forge.registration import FILE
from greenroom_pipeline.places import find_places, prepare_home
from greenroom_pipeline.report import Task
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.terminal import plain, print_line

if TYPE_CHECKING:
    from greenroom_pipeline.setup.detection import Detected
    from greenroom_pipeline.setup.init import Outcome

Directory = Annotated[
    Path,
    typer.Option("--directory", "-C", help="The project's folder, inside a git repository.", exists=True),
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="The project's name. Default: found.")]
TaskOption = Annotated[Task | None, typer.Option(help="Default: guessed from the holdout's target.")]
Command = Annotated[
    str | None,
    typer.Option(metavar="COMMAND", help="Trains the model, as a shell would run it. Default: found."),
]
HoldoutOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Frozen labelled rows, Parquet or CSV. Default: found by name."),
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column that the model predicts. Default: found.")
]
Server = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Public address of the Greenroom server that takes the bundles and publishes."
    ),
]
Action = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER/REPO@SHA",
        help="Greenroom's action. Default: at the commit on GitHub that this Greenroom was installed from.",
    ),
]
NoWorkflow = Annotated[
    bool, typer.Option("--no-workflow", help="Write greenroom.toml alone, for use without GitHub.")
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Write over files that are there; over a greenroom.toml that loads only where an option is about it.",
    ),
]
App = Annotated[
    bool,
    typer.Option("--app", help="Make the server's App on GitHub instead, and keep its keys in its home."),
]
Organisation = Annotated[
    str | None,
    typer.Option("--org", metavar="ORG", help="With --app: the organisation that owns it. Default: you."),
]
RepositoryOption = Annotated[
    str | None,
    typer.Option(
        "--repository", metavar="OWNER/NAME", help="With --app: where it is installed. Default: origin."
    ),
]
AppPort = Annotated[
    int,
    typer.Option(
        "--port", help="With --app: port of the page on this machine; 0 takes a free one.", min=0, max=65535
    ),
]
Merges = Annotated[
    bool,
    typer.Option(
        "--merges", help="With --app: also ask for the right to write, for Promote and Pin in the portal."
    ),
]
Rotate = Annotated[
    bool,
    typer.Option(
        "--rotate-webhook-secret", help="Give the App's webhook another secret; the old one is still taken."
    ),
]


def init(
    directory: Directory = Path(),
    name: Name = None,
    task: TaskOption = None,
    command: Command = None,
    holdout: HoldoutOption = None,
    target: Target = None,
    server: Server = None,
    action: Action = None,
    no_workflow: NoWorkflow = False,
    force: Force = False,
    app: App = False,
    org: Organisation = None,
    repository: RepositoryOption = None,
    port: AppPort = 0,
    merges: Merges = False,
    rotate_webhook_secret: Rotate = False,
) -> None:
    """Write greenroom.toml and a workflow for GitHub Actions into an ML repository.

    It looks for the training command, the holdout and the rest, and says what it found and what it left to you.
    A file that is there is never overwritten without --force: exit status 2, and nothing is written.
    `greenroom init --app --server URL` makes the App with which that server publishes.
    """
    if rotate_webhook_secret:
        _rotate(directory)
        return
    if app:
        if server is None:
            raise SettingsError("--app needs --server, the public address that GitHub's events are sent to")
        _make_app(
            directory, server=server, repository=repository, org=org, port=port, merges=merges, force=force
        )
        return
    from greenroom_pipeline.setup.detection import Given
    from greenroom_pipeline.setup.init import initialise

    outcome = initialise(
        _open(directory),
        Given(name=name, task=task, command=command, holdout=holdout, target=target),
        server=None if server is None else read_server(server),
        action=None if no_workflow else _choose_action(action),
        force=force,
    )
    _show(Console(), outcome)


def _open(directory: Path) -> Repository:
    repository = Repository(directory.resolve())
    if not repository.root.is_dir():
        raise RepositoryError(f"{repository.root} is no folder; name the project's folder")
    if not repository.asks("rev-parse", "--is-inside-work-tree"):
        raise RepositoryError(f"{repository.root} is not in a git repository; run `git init` first")
    return repository


def read_server(address: str) -> str:
    """Return a server's address without a slash at its end; `SettingsError` for what is none, or is in the open."""
    try:
        parts = urlsplit(address)
        name, _ = parts.hostname, parts.port
    except ValueError:
        name = None
    if not name or parts.query or parts.fragment or parts.username:
        raise SettingsError(
            f"--server {address!r} is no address; write it like https://greenroom.example.com"
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(name)):
        raise SettingsError(f"--server {address!r} must begin with https://, since credentials travel to it")
    return address.rstrip("/")


def _choose_action(action: str | None) -> str:
    """Return the action that is given, or else our own; what it names may write, so nobody has to guess whose it is."""
    from greenroom_pipeline.setup.init import find_action, read_origin

    action = action or find_action(read_origin())
    if action is None:
        raise SettingsError(
            "which action the workflow is to use is not known, as this Greenroom was not installed from a commit on"
            " GitHub; pass --action OWNER/REPO@SHA, or --no-workflow"
        )
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(/[\w.-]+)*@[\w./-]+", action):
        raise SettingsError(f"--action {action!r} is no action; write it like OWNER/REPO@SHA")
    return action


def _make_app(
    directory: Path,
    *,
    server: str,
    repository: str | None,
    org: str | None,
    port: int,
    merges: bool,
    force: bool,
) -> None:
    from greenroom_pipeline.setup.app_setup import find_wish, set_up_app

    places = find_places(directory, os.environ)
    if (places.home / FILE).exists() and not force:
        raise SettingsError(f"{places.home / FILE} is there already; pass --force to make another App")
    prepare_home(places)
    wish = find_wish(
        _open(directory),
        os.environ,
        server=read_server(server),
        repository_name=repository,
        organisation=org,
        port=port,
        merges=merges,
    )
    path = set_up_app(places.home, wish, typer.echo)
    typer.echo(
        f"Wrote {path}, for this user alone. Now run `greenroom serve`, and `greenroom doctor` looks at it all."
    )


def _rotate(directory: Path) -> None:
    from greenroom_pipeline.setup.app_setup import rotate_webhook_secret

    path = rotate_webhook_secret(find_places(directory, os.environ).home)
    typer.echo(
        f"Wrote {path}: GitHub signs with the new secret, and the old one is taken until the next change."
    )


def _show(console: Console, outcome: Outcome) -> None:
    print_line(console, ("Found", "bold"))
    for subject, value, why in _facts(outcome.found):
        mark = ("  ✓ ", "green") if value else ("  – ", "yellow")
        print_line(console, mark, f"{subject:<10}", plain(value or "none"), (f"  {plain(why)}", "dim"))
    for title, paths in (("Wrote", outcome.written), ("Kept", outcome.kept)):
        for path in paths:
            print_line(console, (title, "bold"), f" {_shorten(path, outcome.found.top)}")
    if outcome.left:
        print_line(console, ("Left for you", "bold"))
        for each in outcome.left:
            print_line(console, f"  - {plain(each)}")
    print_line(console, "Then commit, try `greenroom run` on a branch, and open a pull request.")


def _facts(found: Detected) -> list[tuple[str, str | None, str]]:
    training, origin = found.training, f"{found.host}/{found.origin}" if found.origin else None
    guesses = {
        "name": found.name,
        "command": training.command,
        "holdout": found.holdout,
        "target": found.target,
        "task": found.task,
    }
    facts = [(subject, guess.value, guess.why) for subject, guess in guesses.items()]
    if training.model:
        facts.append(("model", training.model, "the training code names it, and no MLflow"))
    if found.train:
        facts.append(("train rows", found.train, "beside the holdout, with the same columns"))
    if found.slices:
        facts.append(("slices", ", ".join(found.slices), "columns of few values"))
    if found.dvc:
        facts.append(("data", f"{found.dvc.command} pull", found.dvc.why))
    if found.lfs:
        facts.append(("data", "Git LFS", ".gitattributes"))
    return [
        *facts,
        ("remote", origin, "origin" if origin else "no remote `origin` on a host of git repositories"),
    ]


def _shorten(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)
