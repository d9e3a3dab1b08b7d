"""What a run proves itself with: a token that it was given, or sessions that it trades its job's OIDC tokens for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import httpx
from pydantic import BaseModel, Field, ValidationError

from greenroom_pipeline.access import PERMISSION, Access, JobIdentity, is_near
from greenroom_pipeline.api.calls import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Unanswered,
    asking,
    read,
    read_refusal,
    read_some,
)
from greenroom_pipeline.api.documents import SessionGrant
from greenroom_pipeline.errors import ServerError
from greenroom_services.tokens import read_clock

# A bundle that is begun within the session is taken; until it is, there are answers to wait for.
MARGIN = timedelta(minutes=2)


class Credential(Protocol):
    def text(self) -> str:
        """Return what to send now; raises as a request to the server does."""
        ...

    def renew(self) -> bool:
        """Give up what was sent, and say whether there may be another."""
        ...


class GivenToken:
    """A token that somebody made on the server."""

    def __init__(self, token: str) -> None:
        self._token = token

    def text(self) -> str:
        return self._token

    def renew(self) -> bool:
        return False


class TradedSession:
    """A session for the commit that the job has checked out, traded for again whenever it is over."""

    def __init__(
        self,
        access: Access,
        job: JobIdentity,
        *,
        commit: str | None,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self._access = access
        self._job = job
        self._commit = commit
        self._now = now
        self._grant: SessionGrant | None = None

    def text(self) -> str:
        if self._grant is None or self._now() >= self._grant.expires - MARGIN:
            self._grant = trade(self._access, fetch_oidc_token(self._job, self._access.address), self._commit)
        return self._grant.token

    def renew(self) -> bool:
        self._grant = None
        return True


def open_credential(access: Access, *, commit: str | None) -> Credential:
    """Return the credential of a run of the commit; nothing is asked yet."""
    if isinstance(access.credential, str):
        return GivenToken(access.credential)
    return TradedSession(access, access.credential, commit=commit)


class OidcAnswer(BaseModel):
    value: str = Field(min_length=1, repr=False)


def fetch_oidc_token(job: JobIdentity, audience: str) -> str:
    """Return a fresh token of the job's, which says that it is meant for *audience*."""
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        url = httpx.URL(job.url).copy_merge_params({"audience": audience})
        authorization = {"Authorization": f"bearer {job.token}"}
        with (
            httpx.Client(headers=authorization, timeout=timeout, trust_env=not is_near(job.url)) as client,
            client.stream("GET", url) as answer,
        ):
            return _read_oidc_token(answer)
    except httpx.InvalidURL as error:
        raise ServerError(f"GitHub's address for OIDC tokens cannot be used ({error})") from error
    except httpx.TransportError as error:
        raise Unanswered(
            ServerError(
                f"GitHub gives no OIDC token now ({str(error) or type(error).__name__}); run the job again"
            )
        ) from error


def _read_oidc_token(answer: httpx.Response) -> str:
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unanswered(
            ServerError(f"GitHub gives no OIDC token now ({answer.status_code}); run the job again")
        )
    if not answer.is_success:
        raise ServerError(
            f"GitHub gives this job no OIDC token ({answer.status_code}); it needs {PERMISSION}, which a pull request"
            " from a fork never gets"
        )
    try:
        return OidcAnswer.model_validate_json(read_some(answer)).value
    except ValidationError:
        raise ServerError("GitHub answers with something that is no OIDC token; run the job again") from None


def trade(access: Access, token: str, commit: str | None) -> SessionGrant:
    """Open a session on the server with an OIDC token, which is used up by it."""
    params = {} if commit is None else {"sha": commit}
    with asking(access, "POST", "/sessions", token=token, params=params) as answer:
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise read_refusal(access, answer)
        return read(access, answer, SessionGrant)
