"""Setting a server up as an App on GitHub: made by a person, kept at once, and written down when it is installed."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError

from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.errors import ForgeError, SettingsError
from greenroom_pipeline.forge.app_conversion import (
    Installed,
    convert_code,
    find_installed,
    replace_webhook_secret,
)
from greenroom_pipeline.forge.registration import (
    FILE,
    PUBLIC_API,
    AppKeys,
    Registration,
    read_registration,
    write_private,
    write_registration,
)
from greenroom_pipeline.observations import Document
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.setup.app_manifest import Form, ask_for_app, build_manifest
from greenroom_pipeline.setup.remote import find_origin
from greenroom_pipeline.setup.workflow_file import place_workflow

PENDING = "github-app.json"
"""Keys of an App that is not installed yet: GitHub gives them a single time."""
PUBLIC_WEB = "https://github.com"


class PendingApp(Document):
    api: str
    link: str
    keys: AppKeys


@dataclass(frozen=True)
class AppWish:
    """The App that is wanted."""

    server: str
    repository: str
    web: str = PUBLIC_WEB
    api: str = PUBLIC_API
    organisation: str | None = None
    merges: bool = False
    workflow: str = ".github/workflows/greenroom.yml"
    port: int = 0
    """Of the page on this machine; 0 takes a free one."""


@dataclass(frozen=True)
class Waiting:
    """How long to wait for the installation, in seconds."""

    most: float = 1800.0
    pause: float = 2.0


def find_api(web: str) -> str:
    """Return the API of GitHub's pages at *web*: the public one, an Enterprise server's, or a data residency's."""
    if web == PUBLIC_WEB:
        return PUBLIC_API
    scheme, _, host = web.partition("://")
    return f"{scheme}://api.{host}" if host.endswith(".ghe.com") else f"{web}/api/v3"


def find_wish(
    repository: Repository,
    environ: Mapping[str, str],
    *,
    server: str,
    repository_name: str | None,
    organisation: str | None,
    port: int,
    merges: bool,
) -> AppWish:
    """Return the App that a project wants: where its remote `origin` is, unless the person says otherwise."""
    host, origin = find_origin(repository)
    name = repository_name or origin
    if name is None or not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise SettingsError(
            f"--repository {name or '(none)'} is no repository on GitHub; write it like owner/name"
        )
    web = environ.get("GITHUB_SERVER_URL") or (PUBLIC_WEB if host is None else f"https://{host}")
    return AppWish(
        server=server,
        repository=name,
        web=web.rstrip("/"),
        api=(environ.get("GITHUB_API_URL") or find_api(web)).rstrip("/"),
        organisation=organisation,
        merges=merges,
        workflow=_find_workflow(repository),
        port=port,
    )


def _find_workflow(repository: Repository) -> str:
    """Return the path of the workflow that `greenroom init` writes for this project."""
    folder = repository.git("rev-parse", "--show-prefix").rstrip("/")
    name = load_settings(repository.root).project.name
    return place_workflow(name, folder)


def set_up_app(
    home: Path, wish: AppWish, tell: Callable[[str], None], *, waiting: Waiting = Waiting()
) -> Path:
    """Have the App made and installed, and return the path of its registration.

    An App that was made and never installed is taken up again: its keys are kept from the moment GitHub gives them.
    """
    pending = _read_pending(home) or _make_app(home, wish, tell)
    tell(f"Install it on {wish.repository}: {pending.link}/installations/new")
    installed = _wait_until_installed(pending, wish.repository, waiting)
    path = write_registration(
        home,
        Registration(
            api=pending.api,
            server=wish.server,
            repository=installed.name,
            repository_id=installed.repository_id,
            owner_id=installed.owner_id,
            app=pending.keys,
            issuer=None,
            workflow=wish.workflow,
        ),
    )
    (home / PENDING).unlink()
    return path


def _make_app(home: Path, wish: AppWish, tell: Callable[[str], None]) -> PendingApp:
    def convert(code: str) -> str:
        made = convert_code(wish.api, code)
        pending = PendingApp(api=wish.api, link=made.link, keys=made.keys)
        write_private(home / PENDING, pending.model_dump_json(indent=2) + "\n")
        return made.link

    name = f"Greenroom {wish.repository.partition('/')[2]}"
    form = Form(
        web=wish.web,
        organisation=wish.organisation,
        describe=lambda redirect: build_manifest(
            wish.server, name=name, redirect=redirect, merges=wish.merges
        ),
        convert=convert,
    )
    ask_for_app(form, port=wish.port, tell=lambda address: tell(f"Open in your browser: {address}"))
    made = _read_pending(home)
    assert made is not None
    return made


def _read_pending(home: Path) -> PendingApp | None:
    path = home / PENDING
    try:
        return PendingApp.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise SettingsError(
            f"{path} is damaged; remove it, delete the App on GitHub, and begin again"
        ) from None


def _wait_until_installed(pending: PendingApp, repository: str, waiting: Waiting) -> Installed:
    end = time.monotonic() + waiting.most
    while (installed := find_installed(pending.api, pending.keys, repository)) is None:
        if time.monotonic() > end:
            raise ForgeError(
                f"the App {pending.keys.slug} is not installed on {repository} yet; install it from {pending.link},"
                " then run the same command again"
            )
        time.sleep(waiting.pause)
    return installed


def rotate_webhook_secret(home: Path) -> Path:
    """Give the webhook another secret; events that were signed with the old one are still taken."""
    registration = read_registration(home)
    if registration is None or registration.app is None:
        raise SettingsError(f"there is no App in {home / FILE}; make one with `greenroom init --app`")
    new = SecretStr(secrets.token_hex(32))
    keys = registration.app.model_copy(update={"webhook_secrets": (new, registration.app.webhook_secrets[0])})
    # Written first: what GitHub signs with must be known here.
    path = write_registration(home, registration.model_copy(update={"app": keys}))
    try:
        replace_webhook_secret(registration.api, keys, new)
    except ForgeError:
        write_registration(home, registration)
        raise
    return path
