"""A GitHub App of our own: how its server signs in at GitHub, as the App itself and where it is installed."""

from __future__ import annotations

from functools import cache

from github.Auth import AppAuth
from github.GithubIntegration import GithubIntegration
from github.Requester import Requester

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge.github_faults import absence_as, app_credential
from greenroom_pipeline.forge.github_requester import PATIENCE, Patience, open_requester
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.registration import AppKeys, Registration


@cache
def open_app_session(
    registration: Registration, keys: AppKeys, patience: Patience = PATIENCE
) -> GitHubSession:
    """Open the registered repository as the App, once something is asked.

    A process has one: the portal's pages and the worker share one token, GitHub's limits and what is known already.
    """
    return GitHubSession(
        name=registration.repository,
        api=registration.api,
        credential=app_credential(keys.slug),
        connect=lambda: _sign_in(registration, keys, patience),
        repository_id=registration.repository_id,
        known_login=f"{keys.slug}[bot]",
        patience=patience,
    )


def open_app_requester(registration: Registration, keys: AppKeys, patience: Patience) -> Requester:
    """Return how the App asks as itself, which is what its own settings and deliveries need."""
    auth = AppAuth(keys.id, keys.private_key.get_secret_value())
    return open_requester(auth, registration.api, patience)


def _sign_in(registration: Registration, keys: AppKeys, patience: Patience) -> Requester:
    as_app = open_app_requester(registration, keys, patience)
    owner, _, name = registration.repository.partition("/")
    absent = ForgeError(
        f"the App {keys.slug} is not installed on {registration.repository}; install it on its page on GitHub"
    )
    with absence_as(absent):
        installation = GithubIntegration(**as_app.kwargs).get_repo_installation(owner, name)
    auth = AppAuth(keys.id, keys.private_key.get_secret_value()).get_installation_auth(installation.id)
    return open_requester(auth, registration.api, patience)
