"""The command `greenroom`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from greenroom_pipeline import compare_cli, previews_cli, run_cli, token_cli
from greenroom_pipeline.commandline import Directory, exit_status, importing
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.examining import cli as doctor_cli
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.setup import cli as init_cli
from greenroom_pipeline.terminal import plain, print_report

if TYPE_CHECKING:
    from greenroom_pipeline.promotion import Promotion
    from greenroom_pipeline.serve import Server
    from greenroom_services.host.folder import Endpoints

app = typer.Typer(
    help="Review apps for machine-learning models: train, gate, preview, decide, promote.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(previews_cli.app, name="previews")
app.add_typer(token_cli.app, name="token")
app.command()(init_cli.init)
app.command()(doctor_cli.doctor)
app.command()(run_cli.run)
app.command()(compare_cli.compare)

_TRACEBACK = "--traceback"
By = Annotated[str | None, typer.Option("--by", help="Who promotes; default: git's user.name.")]
Address = Annotated[str, typer.Option("--host", help="Address to listen on; loopback only.")]
Port = Annotated[
    int, typer.Option("--port", help="Port of the portal; 0 takes a free one.", min=0, max=65535)
]
ApiPort = Annotated[
    int,
    typer.Option(
        help="Port on which a registered server answers its API alone, for a reverse proxy; 0 takes a free one.",
        min=0,
        max=65535,
    ),
]
GatewayHost = Annotated[
    str,
    typer.Option(help="Address that the previews' gateway listens on; beyond loopback it asks for tokens."),
]
GatewayPort = Annotated[int, typer.Option(help="Port of the gateway; 0 takes a free one.", min=0, max=65535)]
GatewayName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Public name of the gateway, such as models.example.com."),
]
PreviewDomain = Annotated[
    str | None,
    typer.Option(
        metavar="DOMAIN", help="Domain below which each preview has a name: 7--flight-delays.DOMAIN."
    ),
]


def _watch_until_stopped(server: Server, console: Console) -> None:
    try:
        server.watch(threading.Event())
    finally:
        console.print(
            "\nStopping; the demo is removed, and models' environments stay cached for the next one."
        )


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"greenroom {version('greenroom')}")
        raise typer.Exit


@app.callback()
def configure(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
    traceback: Annotated[
        bool,
        typer.Option(_TRACEBACK, help="Show the traceback of an expected error, before or after a command."),
    ] = False,
) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    # Its retries end in one line of ours.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # Whoever stops a command by SIGTERM gets the same cleaning up as by Ctrl-C, also when a shell that
    # started it in the background had it ignore SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)


@app.command()
def promote(directory: Directory = Path(), by: By = None) -> None:
    """Make the reviewed candidate of the checked-out commit the champion."""
    with importing():
        from greenroom_pipeline.project import open_project
        from greenroom_pipeline.promotion import promote_checkout

    project = open_project(_places(directory))
    done = promote_checkout(project, by=by or project.repository.user())
    typer.echo(f"Version {done.version.version} of {project.name} is in production{_say_before(done)}.")


@app.command()
def override(
    check: Annotated[str, typer.Argument(help="Code of the check, such as GR102.")],
    reason: Annotated[
        str, typer.Argument(help="Why it does not hold this commit back; the report shows it.")
    ],
    directory: Directory = Path(),
    by: Annotated[str | None, typer.Option("--by", help="Who says so; default: git's user.name.")] = None,
) -> None:
    """Let the checked-out commit through a failed or inconclusive check, with a reason and a name.

    It holds for this commit alone. Exit status: as `greenroom run` with the new verdict.
    """
    with importing():
        from greenroom_pipeline.override import override_check
        from greenroom_pipeline.project import open_project

    project = open_project(_places(directory))
    report = override_check(project, check, reason=reason, by=by or project.repository.user())
    print_report(Console(), report)
    raise typer.Exit(exit_status(report.verdict, strict=project.settings.gate.on_inconclusive == "fail"))


@app.command()
def serve(
    directory: Directory = Path(),
    host: Address = "127.0.0.1",
    port: Port = 8501,
    api_port: ApiPort = 8503,
    gateway_host: GatewayHost = "127.0.0.1",
    gateway_port: GatewayPort = 8502,
    gateway_name: GatewayName = None,
    preview_domain: PreviewDomain = None,
) -> None:
    """Run the portal and the preview host for this project until Ctrl-C."""
    with importing():
        from greenroom_pipeline.project import open_project
        from greenroom_pipeline.serve import serving
        from greenroom_services.host.names import Entrance

    project = open_project(_places(directory))
    entrance = Entrance(gateway_host, gateway_port, gateway_name, preview_domain)
    with serving(project, host=host, port=port, api_port=api_port, entrance=entrance) as server:
        typer.echo(f"Portal: {server.portal}\nGateway: {_tell_gateway(server.previews)}")
        if server.api is not None:
            typer.echo(f"API: {server.api} (for the reverse proxy of {server.public})")
        typer.echo("Press Ctrl-C to stop.")
        server.watch(threading.Event())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Prove that everything happened, then exit.")] = False,
    port: Port = 0,
) -> None:
    """Play the whole loop on real flights, on this machine, in a temporary folder that is gone afterwards."""
    with importing():
        from greenroom_pipeline.demo import play_demo, prove_demo, prove_promotion

    console = Console()
    with play_demo(console, os.environ, port=port) as stage:
        if once:
            prove_demo(stage.project, stage.server.portal, console)
            prove_promotion(stage.project, console)
        else:
            console.print(
                f"\n[bold]Open the portal: {stage.server.portal}[/]\nPress Ctrl-C to stop and clean up."
            )
            _watch_until_stopped(stage.server, console)


def _tell_gateway(previews: Endpoints) -> str:
    """Say where programs ask previews, and what a reverse proxy before a public name must reach."""
    if previews.gateway == previews.listens:
        return previews.gateway
    return f"{previews.gateway}, for which a reverse proxy must reach {previews.listens}"


def _say_before(done: Promotion) -> str:
    if done.previous is None:
        return ""
    same = done.previous.version == done.version.version
    return " already" if same else f", before it was version {done.previous.version}"


def main() -> None:
    """Run the command: an expected error becomes one line on stderr and exit status 2."""
    wanted = _TRACEBACK in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != _TRACEBACK]
    try:
        status = app(arguments or ["--help"], prog_name="greenroom", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except typer.TyperException as error:
        message = _describe_misuse(error).rstrip(".")
        if not message:
            sys.exit(2)  # a group without a command has shown its help
        _refuse(f"{message}; `{_name_command(error)} --help` says more")
    except GreenroomError as error:
        if wanted:
            traceback.print_exc()
        _refuse(str(error))
    except KeyboardInterrupt:
        typer.echo("\ngreenroom: stopped", err=True)
        sys.exit(130)


def _describe_misuse(error: typer.TyperException) -> str:
    """Say which option or argument is wrong, in Typer's own words."""
    message: str = getattr(error, "format_message", error.__str__)()
    message = message.replace("Value error, ", "", 1)
    return message[:1].lower() + message[1:]


def _name_command(error: typer.TyperException) -> str:
    """Return the command that was misused, such as `greenroom token create`."""
    return str(getattr(getattr(error, "ctx", None), "command_path", "greenroom"))


def _refuse(message: str) -> NoReturn:
    # A name in it may hold line breaks.
    typer.echo(f"greenroom: {' '.join(plain(message).split())}", err=True)
    sys.exit(2)


def _places(directory: Path) -> Places:
    return find_places(directory, os.environ)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
