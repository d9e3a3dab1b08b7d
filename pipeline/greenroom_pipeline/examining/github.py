"""What the doctor says of GitHub: the workflow, and a job's variables, token and identity."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.errors import ForgeError, GreenroomError
from greenroom_pipeline.examining.app import examine_app
from greenroom_pipeline.examining.doctor import Finding
from greenroom_pipeline.examining.workflow import examine_workflow
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import Places
from greenroom_pipeline.publishing.place import Place
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.setup.remote import find_origin
from greenroom_pipeline.setup.workflow_file import place_workflow

_VARIABLES = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_SHA")


def examine_github(places: Places, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look at everything that has to do with GitHub; nothing where nothing does."""
    repository = Repository(places.repository)
    if not repository.asks("rev-parse", "--is-inside-work-tree"):
        return []
    try:
        registration = read_registration(places.home)
    except GreenroomError as error:
        return [Finding("github: App", False, str(error))]
    in_actions = environ.get("GITHUB_ACTIONS") == "true"
    findings = list(_look_at_workflow(repository))
    if not (in_actions or registration or findings):
        return []
    if in_actions:
        findings += _look_at_job(environ)
    if registration is not None and registration.app is not None:
        findings += examine_app(registration, registration.app, _check_name(repository))
    return findings


def _look_at_workflow(repository: Repository) -> Iterator[Finding]:
    """Look at the file where there is one, or where the remote says that there should be one."""
    folder = _folder(repository)
    place = place_workflow(_project(repository), folder)
    path = Path(repository.git("rev-parse", "--show-toplevel")) / place
    host, _ = find_origin(repository)
    if path.is_file() or (host is not None and ("github" in host or host.endswith(".ghe.com"))):
        yield from examine_workflow(path, shown=place)


def _folder(repository: Repository) -> str:
    return repository.git("rev-parse", "--show-prefix").rstrip("/")


def _project(repository: Repository) -> str:
    try:
        return load_settings(repository.root).project.name
    except GreenroomError:
        return repository.root.name


def _check_name(repository: Repository) -> str:
    return Place(project=_project(repository), folder=_folder(repository), sha="", pull=None).check_name


def _look_at_job(environ: Mapping[str, str]) -> Iterator[Finding]:
    missing = [name for name in _VARIABLES if not environ.get(name)]
    if missing:
        yield Finding(
            "github: variables", False, f"{', '.join(missing)} is not set; run it in a job of GitHub Actions"
        )
        return
    yield Finding(
        "github: variables", True, f"{environ['GITHUB_EVENT_NAME']} in {environ['GITHUB_REPOSITORY']}"
    )
    if environ.get("GREENROOM_SERVER"):
        yield _look_at_identity(environ)
    else:
        yield _look_at_token(environ)


def _look_at_identity(environ: Mapping[str, str]) -> Finding:
    if environ.get("GREENROOM_TOKEN"):
        return Finding("github: identity", True, "GREENROOM_TOKEN is set")
    if not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return Finding(
            "github: identity",
            False,
            "the job cannot prove to the server whose it is; add `id-token: write` under `permissions:` of the job"
            " (a fork's job never can, and leaves its bundle as an artifact)",
        )
    return Finding("github: identity", True, "the job proves whose it is to GREENROOM_SERVER")


def _look_at_token(environ: Mapping[str, str]) -> Finding:
    from greenroom_pipeline.forge.github_doctor import look_at_token

    token = environ.get("GITHUB_TOKEN")
    if not token:
        line = "GITHUB_TOKEN: ${{ github.token }}"
        return Finding(
            "github: token", False, f"GITHUB_TOKEN is not set; add `{line}` under `env:` of the step"
        )
    try:
        seen = look_at_token(environ["GITHUB_API_URL"], token=token, name=environ["GITHUB_REPOSITORY"])
    except ForgeError as error:
        return Finding("github: token", False, str(error))
    return Finding("github: token", True, f"GITHUB_TOKEN sees {seen}")
