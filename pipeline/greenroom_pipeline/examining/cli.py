"""The command `greenroom doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from greenroom_pipeline.commandline import Directory
from greenroom_pipeline.places import find_places
from greenroom_pipeline.terminal import print_findings


def doctor(
    directory: Directory = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at what Greenroom needs, and say how to mend what is missing or wrong.

    Where the project is on GitHub, at the workflow, the job's token, the server's App and the branch's rules as well.
    Exit status: 0 when all that it needs is there, 2 otherwise; what can be done without is told only.
    """
    from greenroom_pipeline.examining.doctor import examine, is_well
    from greenroom_pipeline.examining.github import examine_github

    places = find_places(directory, os.environ)
    findings = [*examine(places), *examine_github(places)]
    if json:
        typer.echo(dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print_findings(Console(), findings)
    raise typer.Exit(0 if is_well(findings) else 2)
