"""Making an App on GitHub: a person's agreement is traded for its keys, and its installation is waited for."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from github import GithubException, UnknownObjectException
from github.Auth import AppAuth
from pydantic import BaseModel, SecretStr, ValidationError

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge.github_faults import app_credential, find_wait, translated
from greenroom_pipeline.forge.github_pages import read_page
from greenroom_pipeline.forge.github_requester import PATIENCE, open_requester
from greenroom_pipeline.forge.registration import AppKeys

_SECONDS = 30


@dataclass(frozen=True)
class NewApp:
    keys: AppKeys
    link: str
    """Its page, from which it is installed."""


@dataclass(frozen=True)
class Installed:
    """A repository that the App sees."""

    name: str
    repository_id: int
    owner_id: int


class _Conversion(BaseModel):
    """What GitHub answers, as far as it is kept."""

    id: int
    slug: str
    html_url: str
    pem: SecretStr
    webhook_secret: SecretStr
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")


def convert_code(api: str, code: str) -> NewApp:
    """Trade the code of a manifest for the App's keys: once, since GitHub gives them a single time."""
    try:
        # Nobody is signed in yet, and PyGithub wants somebody.
        answer = httpx.post(f"{api}/app-manifests/{code}/conversions", headers=_HEADERS, timeout=_SECONDS)
        answer.raise_for_status()
        made = _Conversion.model_validate_json(answer.content)
    except httpx.HTTPStatusError as error:
        raise ForgeError(
            f"GitHub gives no App for this code ({error.response.status_code}); it is good once and for an hour,"
            " so begin again"
        ) from None
    except httpx.HTTPError as error:
        raise ForgeError(
            f"{api} does not answer ({type(error).__name__}); see that it is reachable"
        ) from None
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise ForgeError(
            f"{api} answers with an App that lacks {place}; see that it is GitHub's API"
        ) from None
    page = read_page(made.html_url, api=api)
    if page is None:
        raise ForgeError(f"{api} answers with an App whose page is elsewhere; see that it is GitHub's API")
    keys = AppKeys(
        id=made.id,
        slug=made.slug,
        private_key=made.pem,
        webhook_secrets=(made.webhook_secret,),
        client_id=made.client_id,
        client_secret=made.client_secret,
    )
    return NewApp(keys, page)


_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def find_installed(api: str, keys: AppKeys, name: str) -> Installed | None:
    """Return the repository when the App is installed on it, else None."""
    auth = AppAuth(keys.id, keys.private_key.get_secret_value())
    with translated(f"the installation on {name}", app_credential(keys.slug), api):
        as_app = open_requester(auth, api, PATIENCE)
        try:
            _, installation = as_app.requestJsonAndCheck("GET", f"/repos/{name}/installation")
        except UnknownObjectException:
            return None
        except GithubException as error:
            if find_wait(error) is None:
                raise
            return None
        there = open_requester(
            auth.get_installation_auth(installation["id"], requester=as_app), api, PATIENCE
        )
        _, repository = there.requestJsonAndCheck("GET", f"/repos/{name}")
    return Installed(repository["full_name"], repository["id"], repository["owner"]["id"])


def replace_webhook_secret(api: str, keys: AppKeys, secret: SecretStr) -> None:
    """Have GitHub sign with another secret from now on."""
    auth = AppAuth(keys.id, keys.private_key.get_secret_value())
    with translated("the webhook's secret", app_credential(keys.slug), api):
        open_requester(auth, api, PATIENCE).requestJsonAndCheck(
            "PATCH", "/app/hook/config", input={"secret": secret.get_secret_value()}
        )
