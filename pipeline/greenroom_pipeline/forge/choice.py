"""Which forge a project has: GitHub where its server is registered there with an App, else the local one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.local import LocalForge
from greenroom_pipeline.forge.registration import AppKeys, Registration, read_registration
from greenroom_pipeline.places import Places
from greenroom_pipeline.repository import Repository

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github import GitHubForge
    from greenroom_pipeline.forge.github_server import GitHubServer

# PyGithub is imported where it is needed: a run on a laptop would wait for it.


def choose_forge(repository: Repository, places: Places) -> Forge:
    registration = read_registration(places.home)
    if registration is None or registration.app is None:
        return LocalForge(repository)
    return _open_app_forge(repository, registration, registration.app)


def open_actions_forge(
    repository: Repository, *, api: str, token: str, name: str, checkout: int | None
) -> GitHubForge:
    """Return the forge of a job in Actions; *checkout* is the pull request that the event is about."""
    from greenroom_pipeline.forge.github import GitHubForge
    from greenroom_pipeline.forge.github_session import open_job_session

    return GitHubForge(open_job_session(api, token=token, name=name), repository, checkout)


def open_github_server(registration: Registration) -> GitHubServer:
    """Return what the server asks of GitHub beyond a forge; `SettingsError` where it has no App."""
    from greenroom_pipeline.forge.github_app import open_app_session
    from greenroom_pipeline.forge.github_server import GitHubServer

    if registration.app is None:
        raise SettingsError("this server has no App on GitHub; make one with `greenroom init --app`")
    return GitHubServer(open_app_session(registration, registration.app), registration)


def _open_app_forge(repository: Repository, registration: Registration, keys: AppKeys) -> GitHubForge:
    from greenroom_pipeline.forge.github import GitHubForge
    from greenroom_pipeline.forge.github_app import open_app_session

    return GitHubForge(open_app_session(registration, keys), repository)
