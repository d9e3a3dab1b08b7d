"""How many requests of a kind are worked on at once; who comes beyond that is told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from starlette.exceptions import HTTPException

from greenroom_pipeline.api.refusals import HEADERS

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """*most* at once, each with a thread of its own kind: those who take long keep nobody of another kind waiting.

    *refusal* is said to who finds no place. Used in one event loop.
    """

    def __init__(self, most: int, *, refusal: str) -> None:
        self._most = most
        self._refusal = refusal
        self._taken = 0
        self._threads = ThreadPoolExecutor(most)

    @contextmanager
    def take(self) -> Iterator[None]:
        if self._taken >= self._most:
            raise HTTPException(503, self._refusal, headers=HEADERS[503])
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what *work* does in a thread, for someone whose turn it is."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **named))
