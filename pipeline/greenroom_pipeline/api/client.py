"""Asks the server, as a run does: for the champion, and to take its bundle in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from greenroom_pipeline.access import SERVER, TOKEN, Access
from greenroom_pipeline.api.documents import ChampionState, PullState, Rights
from greenroom_pipeline.errors import ServerError
from greenroom_services.bundle import Bundle, PackedBundle, receive_bundle
from greenroom_services.errors import BundlingError, ServiceError
from greenroom_services.previews import Failure

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
# The server builds the model's environment, where it has none yet, and waits for the preview's first answer.
TAKEN_SECONDS = 2_400.0
TRIES = 6
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 30.0
ANSWER_BYTES = 2**20
PREDICTIONS_BYTES = 4 * 2**30
MESSAGE_CHARACTERS = 1_000
PREDICTIONS_NAME = re.compile(r'filename="([0-9a-f]{16}-[0-9a-f]{24}\.parquet)"')
Document = TypeVar("Document", bound=BaseModel)
T = TypeVar("T")


class _Later(Exception):
    """The server was not reached, or asks to be asked later; *reason* is what to say when it stays so."""

    def __init__(self, reason: ServerError, *, seconds: float = SHORTEST_WAIT) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.seconds = seconds


class ServerClient:
    """Every call raises `ServerError` when it fails, also after some tries. *wait* is what passes between them."""

    def __init__(self, access: Access, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._wait = wait

    def rights(self) -> Rights:
        """Return where the token's rights end."""

        def ask() -> Rights:
            with self._asking("GET", "/sender") as answer:
                return self._read(answer, Rights)

        return self._retry(ask)

    def champion(self, project: str) -> ChampionState | None:
        """Return the model in production, or None while there is none."""

        def ask() -> ChampionState | None:
            with self._asking("GET", f"/projects/{project}/champion") as answer:
                return self._read(answer, ChampionState) if _is_there(answer) else None

        return self._retry(ask)

    def fetch_champion(self, project: str, *, into: Path) -> Bundle:
        """Unpack the champion into the folder *into*, which must not exist: `model/` and its feature profile."""

        def ask() -> Bundle:
            with self._asking("GET", f"/projects/{project}/champion/model") as answer:
                self._require_success(answer)
                return self._unpack(answer, into)

        return self._retry(ask)

    def fetch_predictions(self, project: str, *, holdout: str, into: Path) -> Path | None:
        """Fetch what the champion predicted on a holdout to a file in *into*; None where it was not scored."""

        def ask() -> Path | None:
            path = f"/projects/{project}/champion/predictions"
            with self._asking("GET", path, params={"holdout": holdout}) as answer:
                return self._save(answer, into) if _is_there(answer) else None

        return self._retry(ask)

    def hand_in(self, bundle: PackedBundle) -> PullState:
        """Hand the bundle in and return what became of it; what one try has begun, the next one finishes."""
        manifest = bundle.manifest
        path = f"/projects/{manifest.project}/pulls/{manifest.slot}/bundle"

        def ask() -> PullState:
            content, headers = bundle.chunks(), bundle.headers()
            with self._asking("PUT", path, content=content, headers=headers, seconds=TAKEN_SECONDS) as answer:
                return self._read(answer, PullState)

        return self._retry(ask)

    def _retry(self, ask: Callable[[], T]) -> T:
        for left in reversed(range(TRIES)):
            try:
                return ask()
            except _Later as later:
                if not left:
                    raise later.reason from later.__cause__
                self._wait(later.seconds)
        raise AssertionError("the last try has returned or raised")

    @contextmanager
    def _asking(
        self, method: str, path: str, *, seconds: float = ANSWER_SECONDS, **request: Any
    ) -> Iterator[httpx.Response]:
        address, near = self._access.address, self._access.is_near
        authorization = {"Authorization": f"Bearer {self._access.token}"}
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            with (
                httpx.Client(headers=authorization, timeout=timeout, trust_env=not near) as client,
                client.stream(method, f"{address}/api{path}", **request) as answer,
            ):
                yield answer
        except BundlingError as error:
            raise ServerError(f"the bundle could not be sent: {error}") from error
        except httpx.TransportError as error:
            raise _Later(
                ServerError(
                    f"the server at {SERVER} {address} does not answer ({str(error) or type(error).__name__});"
                    " see that `greenroom serve` runs there, and the address"
                )
            ) from error

    def _read(self, answer: httpx.Response, kind: type[Document]) -> Document:
        self._require_success(answer)
        try:
            return kind.model_validate_json(_read_some(answer))
        except ValidationError:
            raise self._unreadable(answer) from None

    def _require_success(self, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.OK:
            return
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise ServerError(
                f"{self._access.address} does not take {TOKEN}: it is unknown there, expired or revoked; make another"
                " there with `greenroom token create --scope deploy`"
            )
        try:
            failure = Failure.model_validate_json(_read_some(answer))
        except ValidationError:
            raise self._unreadable(answer) from None
        log = next((str(item["log"]) for item in failure.detail if "log" in item), "")
        said = " ".join(failure.error.split())[:MESSAGE_CHARACTERS]
        refusal = ServerError(f"the server refuses ({answer.status_code}): {said}", log=log)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise _Later(refusal, seconds=_read_wait(answer))
        raise refusal

    def _unreadable(self, answer: httpx.Response) -> ServerError:
        return ServerError(
            f"{self._access.address} answers {answer.status_code} with something that is none of Greenroom's; see"
            f" that {SERVER} is a server of this version, without a proxy that asks for a sign-in before it"
        )

    def _unpack(self, answer: httpx.Response, into: Path) -> Bundle:
        async def chunks() -> AsyncIterator[bytes]:
            for chunk in answer.iter_bytes():
                yield chunk

        digest = answer.headers.get("content-digest", "")
        try:
            return asyncio.run(receive_bundle(chunks(), digest=digest, into=into))
        except ServiceError as error:
            raise ServerError(f"the server's champion cannot be used: {error}") from error

    def _save(self, answer: httpx.Response, folder: Path) -> Path:
        self._require_success(answer)
        named = PREDICTIONS_NAME.search(answer.headers.get("content-disposition", ""))
        if named is None:
            raise self._unreadable(answer)
        path, size = folder / named[1], 0
        with path.open("wb") as file:
            for chunk in answer.iter_bytes():
                size += file.write(chunk)
                if size > PREDICTIONS_BYTES:
                    raise ServerError("the server's predictions of the champion have no end; see its log")
        return path


def _is_there(answer: httpx.Response) -> bool:
    return answer.status_code != httpx.codes.NOT_FOUND


def _read_some(answer: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES:
            break
    return bytes(content)


def _read_wait(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    seconds = float(said) if said.isdecimal() else SHORTEST_WAIT
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
