"""The API of a server that is registered for a repository on a forge in memory, and trades an issuer's tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from greenroom_pipeline.access import Access, JobIdentity
from greenroom_pipeline.api.exchange import Exchange, open_exchange
from greenroom_pipeline.forge.registration import AppKeys, Registration
from tests.api_server import ApiServer, listen, serving_api
from tests.issuers import JOB_TOKEN, OWNER_ID, REPOSITORY_ID, Issuer, issuing
from tests.memory_forge import MemoryForge


@dataclass
class Clock:
    """The time of now, moved on by hand."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Registered:
    """Pull request 7 is open at the head of the project's branch."""

    server: ApiServer
    issuer: Issuer
    forge: MemoryForge
    clock: Clock
    exchange: Exchange
    registration: Registration

    @property
    def address(self) -> str:
        return self.server.address

    def token(self, **claims: Any) -> str:
        return self.issuer.token(self.address, **claims)

    def trade(self, token: str | None = None, **query: str) -> httpx.Response:
        return self.server.ask("/sessions", token=token or self.token(), method="POST", params=query)

    def session(self, **claims: Any) -> str:
        answer = self.trade(self.token(**claims))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def access(self) -> Access:
        return Access(self.address, JobIdentity(f"{self.issuer.address}/job?api-version=2.0", JOB_TOKEN))

    def job(self) -> dict[str, str]:
        """Return the variables of a job that has the server's address and no secret."""
        return {"GREENROOM_SERVER": self.address, **self.issuer.job()}


def make_registration(server: str, issuer: str, *, app: bool = False) -> Registration:
    keys = AppKeys(
        id=1, slug="greenroom", private_key=SecretStr("none"), webhook_secrets=(SecretStr("none"),)
    )
    return Registration(
        server=server,
        issuer=issuer,
        repository="ada/flights",
        repository_id=REPOSITORY_ID,
        owner_id=OWNER_ID,
        app=keys if app else None,
    )


@contextmanager
def serving_registered(root: Path, *, tables: Path, app: bool = False) -> Iterator[Registered]:
    listener, address = listen()
    clock, forge = Clock(), MemoryForge()
    with issuing() as issuer:
        registration = make_registration(address, issuer.address, app=app)
        exchange = open_exchange(registration, root / ".greenroom", now=clock)
        with serving_api(root, tables=tables, exchange=exchange, listener=listener) as server:
            server.project = replace(server.project, forge=forge)
            forge.put(7, head=server.head)
            yield Registered(server, issuer, forge, clock, exchange, registration)
