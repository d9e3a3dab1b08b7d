"""Who sends: what a request's credential proves, whatever kind of credential it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from greenroom_services.tokens import ANY, TokenStore


@dataclass(frozen=True)
class Sender:
    """Someone whose credential was verified, and where their rights end; `*` stands for any."""

    project: str
    slot: str
    sha: str | None = None
    """The one commit that they may write about; None where the credential does not say."""

    def may_read(self, project: str) -> bool:
        """Say whether they may read a project's champion."""
        return self.project in (ANY, project)

    def may_write(self, project: str, pull: int) -> bool:
        return self.may_read(project) and self.slot in (ANY, str(pull))


class Senders(Protocol):
    """One way of proving who sends."""

    def find(self, credential: str) -> Sender | None:
        """Return whose bearer credential it is; None for one that is unknown, has expired or was revoked."""
        ...


class TokenSenders:
    """Those who hold a token of scope `deploy`."""

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def find(self, credential: str) -> Sender | None:
        token = self._tokens.find(credential)
        if token is None or token.scope != "deploy":
            return None
        return Sender(token.project, token.slot)


class KnownSenders:
    """Those of several *kinds*, each by what its credentials begin with, up to the first underscore."""

    def __init__(self, kinds: Mapping[str, Senders]) -> None:
        self._kinds = kinds

    def find(self, credential: str) -> Sender | None:
        kind = self._kinds.get(credential.partition("_")[0])
        return kind.find(credential) if kind else None


def read_bearer(authorization: str) -> str | None:
    """Return the credential of an Authorization header, or None where it has none of this scheme."""
    scheme, _, credential = authorization.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" and credential.strip() else None
