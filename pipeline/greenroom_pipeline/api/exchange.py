"""The exchange: a job's OIDC token for a session, on the one repository that the server is registered for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from greenroom_pipeline.api.documents import SessionGrant
from greenroom_pipeline.api.identity import Sender
from greenroom_pipeline.api.keys import Keys
from greenroom_pipeline.api.oidc import (
    LEEWAY,
    Claims,
    Proof,
    read_claims,
    read_kid,
    read_number,
    require_issued,
    require_newest,
    require_pull,
    require_repository,
)
from greenroom_pipeline.api.replays import FILE, Replays
from greenroom_pipeline.api.sessions import Sessions
from greenroom_pipeline.errors import ProofUnfit, RepositoryError
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.forge.registration import Registration, find_issuer
from greenroom_services.tokens import read_clock


class Exchange:
    """Verifies in the order in which a lie costs least, and the forge is asked last."""

    def __init__(
        self,
        registration: Registration,
        *,
        keys: Keys,
        replays: Replays,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self._registration = registration
        self._issuer = find_issuer(registration)
        self._keys = keys
        self._replays = replays
        self._now = now
        self.sessions = Sessions(now=now)

    @property
    def publishes(self) -> bool:
        """Say whether the server posts on the forge, so that its jobs need not."""
        return self._registration.app is not None

    def verify(self, token: str) -> Claims:
        """Return what a genuine, fresh and unused token of a job in the registered repository says.

        Whatever the job may do then follows from its claims alone. Raises `ProofError`, `ProofUnfit`, and
        `ForgeError` or `StoreError` when that cannot be found out now.
        """
        claims = read_claims(token, self._keys.find(read_kid(token)))
        known, now = self._registration, self._now().timestamp()
        require_issued(claims, issuer=self._issuer, audience=known.server, now=now)
        # Before anything is written: anybody on GitHub may have a token made for this audience.
        require_repository(claims, repository_id=known.repository_id, owner_id=known.owner_id)
        self._replays.use(claims.jti, until=claims.exp + LEEWAY, now=now)
        return claims

    def authorize_pull(self, claims: Claims, forge: Forge, *, commit: str | None) -> Proof:
        """Return the pull request that a job may write, with the newest commit that the forge knows of it.

        *commit* is the one that the job says it has checked out. Raises `ProofUnfit`, or `ForgeError` when the
        forge does not answer.
        """
        number = read_number(claims)
        try:
            pull = _find_pull(forge, claims, number, commit=commit)
            require_pull(claims, pull, commit=commit)
            require_newest(claims, pull, parents=forge.parents(claims.sha))
        except RepositoryError as error:
            raise ProofUnfit(str(error)) from None
        return Proof(number, pull.head)

    def open(self, proof: Proof, *, project: str) -> SessionGrant:
        sender = Sender(project, str(proof.number), proof.sha)
        token, expires = self.sessions.open(sender)
        return SessionGrant(
            token=token, expires=expires, project=project, slot=sender.slot, publishes=self.publishes
        )


def _find_pull(forge: Forge, claims: Claims, number: int, *, commit: str | None) -> PullRequest:
    try:
        return forge.pull(number)
    except RepositoryError:
        if commit is None:
            raise
    # Where branches are pull requests, one that was pushed since becomes that of its job.
    return forge.admit(number, branch=claims.head_ref or None, head=commit)


def open_exchange(
    registration: Registration, home: Path, *, now: Callable[[], datetime] = read_clock
) -> Exchange:
    """Open the exchange of a server whose state is in *home*."""
    return Exchange(registration, keys=Keys(find_issuer(registration)), replays=Replays(home / FILE), now=now)
