"""The one route that takes OIDC tokens: it gives a session for one, a few at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greenroom_pipeline.api.documents import SessionGrant, as_json
from greenroom_pipeline.api.identity import read_bearer
from greenroom_pipeline.api.refusals import HEADERS
from greenroom_pipeline.api.turns import Turns

if TYPE_CHECKING:
    from greenroom_pipeline.api.exchange import Exchange
    from greenroom_pipeline.project import Project

# Each may wait for GitHub.
MOST_AT_ONCE = 4
SHA = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class SessionRoute:
    """*exchange* is None where the server knows no repository on GitHub; the project is opened for a genuine token."""

    def __init__(self, exchange: Exchange | None, open_project: Callable[[], Project]) -> None:
        self._exchange = exchange
        self._open_project = open_project
        self._turns = Turns(MOST_AT_ONCE, refusal="many jobs ask for a session at once; ask again soon")

    async def open(self, request: Request) -> Response:
        exchange, token = self._require_exchange(), _read_token(request)
        commit = _read_commit(request)
        with self._turns.take():
            grant = await self._turns.run(self._trade, exchange, token, commit)
        return JSONResponse(as_json(grant), 201, headers={"Cache-Control": "no-store"})

    def _require_exchange(self) -> Exchange:
        if self._exchange is None:
            raise HTTPException(
                404,
                "this server knows no repository on GitHub, so it opens no session for a job; run `greenroom init"
                " --app` there and start it again, or give the job a GREENROOM_TOKEN",
            )
        return self._exchange

    def _trade(self, exchange: Exchange, token: str, commit: str | None) -> SessionGrant:
        claims = exchange.verify(token)
        project = self._open_project()
        proof = exchange.authorize_pull(claims, project.forge, commit=commit)
        return exchange.open(proof, project=project.name)


def _read_token(request: Request) -> str:
    token = read_bearer(request.headers.get("authorization", ""))
    if token is None:
        raise HTTPException(
            401, "a session is opened with a job's OIDC token: Authorization: Bearer …", headers=HEADERS[401]
        )
    return token


def _read_commit(request: Request) -> str | None:
    """Return the commit that the job says it has checked out, where it says one."""
    commit = request.query_params.get("sha")
    if commit is not None and SHA.fullmatch(commit) is None:
        raise HTTPException(400, "name the commit in full: ?sha= and 40 or 64 hexadecimal digits")
    return commit
