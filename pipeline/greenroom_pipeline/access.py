"""The server that a run hands its bundle to, and the credential for it: read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from greenroom_pipeline.errors import SettingsError

# The portal, which asks no service itself, takes it from here.
from greenroom_services.host.names import is_loopback as is_loopback

SERVER = "GREENROOM_SERVER"
TOKEN = "GREENROOM_TOKEN"


@dataclass(frozen=True)
class Access:
    """*address* is that of the server's portal, without a slash at its end."""

    address: str
    token: str = field(repr=False)

    @property
    def is_near(self) -> bool:
        """Say whether it is on this machine, to which no proxy leads."""
        return is_loopback(urlsplit(self.address).hostname or "")


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
    token = environ.get(TOKEN, "").strip()
    if not token or not (token.isascii() and token.isprintable()):
        raise SettingsError(
            f"{SERVER} is set, and {TOKEN} holds no token for it; `greenroom token create --scope deploy` there"
            " makes one"
        )
    return Access(address, token)


def _require_address(address: str) -> None:
    """Refuse what is no address, and one to which the token would travel in the open."""
    try:
        parts = urlsplit(address)
        name, _ = parts.hostname, parts.port
    except ValueError:
        name = None
    if not name or parts.scheme not in ("http", "https") or parts.username or parts.query or parts.fragment:
        raise SettingsError(
            f"{SERVER} {address!r} is no address; write it like https://greenroom.example.com"
        )
    if parts.scheme == "http" and not is_loopback(name):
        raise SettingsError(
            f"{SERVER} {address!r} would send the token in the open; use https, which all but this machine needs"
        )
