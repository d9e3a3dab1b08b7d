"""Asks the server, as a run does: for the champion, and to take its bundle in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from greenroom_pipeline.access import Access
from greenroom_pipeline.api.calls import (
    ANSWER_SECONDS,
    CredentialEnded,
    Document,
    Later,
    Unanswered,
    asking,
    explain_unreadable,
    read,
    require_success,
)
from greenroom_pipeline.api.credentials import open_credential
from greenroom_pipeline.api.documents import ChampionState, PullState, Rights
from greenroom_pipeline.errors import ServerError
from greenroom_services.bundle import Bundle, PackedBundle, receive_bundle
from greenroom_services.errors import ServiceError

# The server builds the model's environment, where it has none yet, and waits for the preview's first answer.
TAKEN_SECONDS = 2_400.0
TRIES = 6
PREDICTIONS_BYTES = 4 * 2**30
PREDICTIONS_NAME = re.compile(r'filename="([0-9a-f]{16}-[0-9a-f]{24}\.parquet)"')
T = TypeVar("T")


class ServerClient:
    """Every call raises `ServerError` when it fails, also after some tries. *wait* is what passes between them.

    *commit* is the one that the run has checked out, for which alone a job gets a session.
    """

    def __init__(
        self, access: Access, *, commit: str | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._access = access
        self._credential = open_credential(access, commit=commit)
        self._wait = wait

    def rights(self) -> Rights:
        """Return where the credential's rights end."""

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
        """Unpack the champion into the folder *into*, which must not exist: `model/`, its profile and report."""

        def ask() -> Bundle:
            with self._asking("GET", f"/projects/{project}/champion/model") as answer:
                require_success(self._access, answer)
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
                return self._ask_with_another(ask)
            except Later as later:
                # An answer that was lost may have been that the session is over.
                if isinstance(later, Unanswered):
                    self._credential.renew()
                if not left:
                    raise later.reason from later.__cause__
                self._wait(later.seconds)
        raise AssertionError("the last try has returned or raised")

    def _ask_with_another(self, ask: Callable[[], T]) -> T:
        """Ask, and once more with another credential when this one has ended."""
        try:
            return ask()
        except CredentialEnded:
            if not self._credential.renew():
                raise
            return ask()

    def _asking(
        self, method: str, path: str, *, seconds: float = ANSWER_SECONDS, **request: Any
    ) -> AbstractContextManager[httpx.Response]:
        token = self._credential.text()
        return asking(self._access, method, path, token=token, seconds=seconds, **request)

    def _read(self, answer: httpx.Response, kind: type[Document]) -> Document:
        return read(self._access, answer, kind)

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
        require_success(self._access, answer)
        named = PREDICTIONS_NAME.search(answer.headers.get("content-disposition", ""))
        if named is None:
            raise explain_unreadable(self._access, answer)
        path, size = folder / named[1], 0
        with path.open("wb") as file:
            for chunk in answer.iter_bytes():
                size += file.write(chunk)
                if size > PREDICTIONS_BYTES:
                    raise ServerError("the server's predictions of the champion have no end; see its log")
        return path


def _is_there(answer: httpx.Response) -> bool:
    return answer.status_code != httpx.codes.NOT_FOUND
