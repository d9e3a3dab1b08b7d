"""The command `greenroom run`: the loop for the checked-out commit, on a laptop or in CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from greenroom_pipeline.access import find_access
from greenroom_pipeline.commandline import Directory, exit_status, importing
from greenroom_pipeline.errors import GreenroomError, TrainingError
from greenroom_pipeline.jobs.actions import Actions, hide_credentials, read_actions, tell_warning
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.progress import Watch
from greenroom_pipeline.secrecy import close_process
from greenroom_pipeline.terminal import ConsoleProgress, plain, print_log, print_report

if TYPE_CHECKING:
    from greenroom_pipeline.access import Access
    from greenroom_pipeline.report import Report

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON, and progress on stderr.")]
Bundle = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="GREENROOM_BUNDLE",
        show_envvar=False,
        help="Leave the run's bundle in this file where no server takes it, as of a fork's pull request. Also"
        " `GREENROOM_BUNDLE`.",
    ),
]


def run(directory: Directory = Path(), json: Json = False, bundle: Bundle = None) -> None:
    """Take the checked-out commit through the loop: train, score, evaluate, gate, package, preview, report.

    In GitHub Actions its report becomes one comment, one check and one deployment, if the step has a `GITHUB_TOKEN`.
    With GREENROOM_SERVER set, the run is against that server's champion, and handed in there.
    Exit status: 0 passed (or inconclusive under `warn`), 1 the gate failed, 2 an expected error.
    """
    console, places = Console(stderr=json), find_places(directory, os.environ)
    actions = read_actions(os.environ)
    access = _find_access(actions)
    # From here on no process that is started inherits them, or reads them here.
    hide_credentials(os.environ)
    close_process()
    with importing():
        from greenroom_pipeline.configuration import load_settings
        from greenroom_pipeline.report import to_json

    watch = Watch(ConsoleProgress(console))
    report: Report | None
    try:
        if actions is None:
            report = _run_here(places, access, watch, bundle)
        else:
            report = _run_in_actions(actions, places, access, watch, bundle)
    except TrainingError:
        raise  # what training wrote has been shown while it ran
    except GreenroomError as error:
        print_log(console, error.log)
        raise
    if report is None:
        raise typer.Exit(0)
    if json:
        typer.echo(to_json(report))
    else:
        _show(console, report)
    gate = load_settings(places.repository).gate
    raise typer.Exit(exit_status(report.verdict, strict=gate.on_inconclusive == "fail"))


def _find_access(actions: Actions | None) -> Access | None:
    if actions is None:
        return find_access(os.environ)
    with importing():
        from greenroom_pipeline.jobs.job import find_job_access

    return find_job_access(actions, os.environ)


def _run_here(places: Places, access: Access | None, watch: Watch, bundle: Path | None) -> Report:
    with importing():
        from greenroom_pipeline.handover import run_for_server
        from greenroom_pipeline.local_run import run_locally

    if access is not None:
        return run_for_server(places, access, watch).report
    return run_locally(places, watch, bundle=bundle, warn=_warn)


def _run_in_actions(
    actions: Actions, places: Places, access: Access | None, watch: Watch, bundle: Path | None
) -> Report | None:
    with importing():
        from greenroom_pipeline.jobs.job import Job
        from greenroom_pipeline.jobs.workflow import run_job

    told: set[str] = set()

    def warn(message: str) -> None:
        if message not in told:
            told.add(message)
            _warn(message)
            # On stderr, which GitHub reads as well: stdout may be a report for a program.
            typer.echo(tell_warning(message), err=True)

    return run_job(Job(actions, places, access, os.environ, watch, _tell, warn, bundle))


def _show(console: Console, report: Report) -> None:
    print_report(console, report)
    if report.preview is not None and report.preview.address is not None:
        typer.echo(f"Preview: {report.preview.address}")


def _tell(message: str) -> None:
    typer.echo(f"greenroom: {_flatten(message)}", err=True)


def _warn(message: str) -> None:
    typer.echo(f"greenroom: warning: {_flatten(message)}", err=True)


def _flatten(message: str) -> str:
    return " ".join(plain(message).split())
