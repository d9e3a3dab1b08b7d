"""The server that a run hands its bundle to, and the credential for it: read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from greenroom_pipeline.errors import SettingsError

# The portal, which asks no service itself, takes them from here.
from greenroom_services.host.names import is_loopback as is_loopback
from greenroom_services.host.names import read_name as read_name

SERVER = "GREENROOM_SERVER"
TOKEN = "GREENROOM_TOKEN"
REQUEST_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
CREDENTIALS = (TOKEN, REQUEST_TOKEN, REQUEST_URL, "GITHUB_TOKEN")
"""Variables that are Greenroom's alone: nothing that a run starts may inherit them."""
STEP_FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")
"""Variables that name the files by which a step in GitHub Actions changes those after it."""
PERMISSION = "`permissions: {contents: read, id-token: write}`"


@dataclass(frozen=True)
class JobIdentity:
    """A job in GitHub Actions that may ask at *url* for OIDC tokens, which prove who it is."""

    url: str
    token: str = field(repr=False)
    """What it asks with; good for nothing else, and for as long as the job."""


@dataclass(frozen=True)
class Access:
    """*address* is that of the server's portal, without a slash at its end, and the audience of OIDC tokens."""

    address: str
    credential: str | JobIdentity = field(repr=False)
    """A token of the server's own, or what sessions are traded for."""

    @property
    def is_near(self) -> bool:
        """Say whether it is on this machine, to which no proxy leads."""
        return is_near(self.address)


def is_near(address: str) -> bool:
    return is_loopback(urlsplit(address).hostname or "")


def find_access(environ: Mapping[str, str]) -> Access | None:
    """Return the server that the environment names, or None; `SettingsError` for one that cannot be used so."""
    address = environ.get(SERVER, "").rstrip("/")
    if not address:
        return None
    _require_address(address)
    if environ.get("MLFLOW_TRACKING_URI"):
        raise SettingsError(
            f"{SERVER} and MLFLOW_TRACKING_URI are both set, and the server keeps the runs; unset one of them"
        )
    return Access(address, _read_token(environ) or _read_identity(environ))


def _read_token(environ: Mapping[str, str]) -> str | None:
    token = environ.get(TOKEN, "").strip()
    if not (token.isascii() and token.isprintable()):
        raise SettingsError(
            f"{SERVER} is set, and {TOKEN} holds no token for it; `greenroom token create --scope deploy` there"
            " makes one"
        )
    return token or None


def _read_identity(environ: Mapping[str, str]) -> JobIdentity:
    url, token = environ.get(REQUEST_URL, "").strip(), environ.get(REQUEST_TOKEN, "").strip()
    if not (url and token):
        raise SettingsError(_explain_nothing(in_actions=environ.get("GITHUB_ACTIONS") == "true"))
    if not _is_private(url) or not (token.isascii() and token.isprintable()):
        raise SettingsError(
            f"{REQUEST_URL} and {REQUEST_TOKEN} are not as GitHub Actions sets them; run it as a step of a job"
        )
    return JobIdentity(url, token)


def _explain_nothing(*, in_actions: bool) -> str:
    way = (
        f"a job proves who it is by OIDC once it has {PERMISSION}, which a pull request from a fork never gets"
        if in_actions
        else f"a job in GitHub Actions needs none with {PERMISSION}"
    )
    return (
        f"{SERVER} is set, and {TOKEN} holds no token for it: {way}; elsewhere `greenroom token create --scope deploy`"
        " there makes one"
    )


def _require_address(address: str) -> None:
    """Refuse what is no address, and one to which the credential would travel in the open."""
    try:
        parts = urlsplit(address)
        name, _ = parts.hostname, parts.port
    except ValueError:
        name = None
    if not name or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise SettingsError(
            f"{SERVER} {address!r} is no address; write it like https://greenroom.example.com"
        )
    if not _is_private(address):
        raise SettingsError(
            f"{SERVER} {address!r} would send the token in the open; use https, which all but this machine needs"
        )


def _is_private(address: str) -> bool:
    """Say whether nobody on the way can read what is sent there."""
    try:
        parts = urlsplit(address)
        name = parts.hostname
    except ValueError:
        return False
    return bool(name) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(name or "")))
