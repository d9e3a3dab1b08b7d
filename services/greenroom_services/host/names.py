"""The names that the gateway answers to, and whether it is another site's page that asks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from greenroom_services.previews import Address

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
LOOPBACK = "127.0.0.1"
HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+?))\.?(?::[0-9]{1,5})?")
DOMAIN = re.compile(r"(?=.{1,190}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
DIVIDER = "--"


@dataclass(frozen=True)
class Entrance:
    """Where the gateway listens, and the names by which it is known."""

    host: str = LOOPBACK
    port: int = 0
    name: str | None = None
    """Its public name, such as models.example.com."""
    preview_domain: str | None = None
    """Each preview has a name below it, such as 7--flight-delays.previews.example.com."""

    @property
    def loopback(self) -> bool:
        """Say whether nobody but this machine reaches it."""
        return is_loopback(self.host)

    def address(self, port: int) -> str:
        """Return the address that programs are told; before a public name there is a proxy with its certificate."""
        if self.name is not None:
            return f"https://{self.name}"
        host = self.host if self.loopback else LOOPBACK
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def listens(self, port: int) -> str:
        """Return the address that a proxy before the gateway must reach."""
        return f"http://[{self.host}]:{port}" if ":" in self.host else f"http://{self.host}:{port}"

    def read(self, host: str) -> Named:
        """Return what a Host header names."""
        name = read_name(host)
        if name is None:
            return Named(known=False, plain=False)
        if name in LOOPBACK_NAMES or name == self.name:
            return Named(known=True)
        label, _, domain = name.partition(".")
        if self.preview_domain is not None and domain == self.preview_domain:
            return Named(known=True, preview=_read_label(label), of_preview=True)
        return Named(known=False)


@dataclass(frozen=True)
class Named:
    """What a Host header stands for."""

    known: bool
    plain: bool = True
    """False for what is no host at all."""
    of_preview: bool = False
    preview: Address | None = None
    """The preview that the name is of; None also where no preview can have it."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_name(host: str) -> str | None:
    """Return the name in a Host header without its port, in small letters; None for what is no host."""
    found = HOST.fullmatch(host)
    return None if found is None else (found["six"] or found["name"]).lower()


def is_domain(name: str) -> bool:
    return DOMAIN.fullmatch(name) is not None


def is_foreign(headers: Mapping[str, str], *, method: str) -> bool:
    """Say whether another site's page asks; that a person follows a link from there is fine.

    A browser tells on its own. A program does not say anything, and so passes.
    """
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        return True
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (followed and method in ("GET", "HEAD"))


def _read_label(label: str) -> Address | None:
    slot, divider, project = label.partition(DIVIDER)
    try:
        return Address(project=project, slot=slot) if divider else None
    except ValidationError:
        return None
