"""How GitHub is asked: PyGithub's requester, with answers that are read again only when they have changed."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from time import sleep
from typing import Any

from github.Auth import Auth
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

_API_VERSION = "2022-11-28"
_PAGE = 100
_KEPT = 24
_LARGEST = 4_000_000
"""Characters; a page of a hundred pull requests has two million."""

Answer = tuple[int, dict[str, Any], str]


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, all in seconds."""

    answer: int = 20
    between_writes: float = 1.0
    """GitHub asks for that much at least."""
    tries: tuple[float, ...] = (1.0, 5.0)
    """Before each further try of what a passing fault has stopped."""
    limit: float = 120.0
    """The longest that a rate limit is waited for."""
    sleep: Callable[[float], None] = sleep


PATIENCE = Patience()


class ConditionalRequester(Requester):
    """Sends the ETag of what it has read before: an answer that has not changed costs nothing of the rate limit."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._known: OrderedDict[tuple[str, str], Answer] = OrderedDict()

    def requestJson(
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,
        cnx: HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass | None = None,
        follow_302_redirect: bool = False,
    ) -> Answer:
        key = (url, json.dumps(parameters, sort_keys=True))
        known = self._known.get(key) if verb == "GET" else None
        if known:
            headers = {**(headers or {}), "If-None-Match": known[1]["etag"]}
        answer = super().requestJson(verb, url, parameters, headers, input, cnx, follow_302_redirect)
        if known and answer[0] == 304:
            return known
        if verb == "GET":
            self._keep(key, answer)
        elif 300 <= answer[0] < 400:
            # PyGithub would take the notice of a new address for what was written.
            raise self.createException(answer[0], answer[1], {"message": "the repository has moved"})
        return answer

    def _keep(self, key: tuple[str, str], answer: Answer) -> None:
        status, headers, body = answer
        if status == 200 and "etag" in headers and len(body) <= _LARGEST and _is_whole(body):
            self._known[key] = answer
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def open_requester(auth: Auth, api: str, patience: Patience) -> ConditionalRequester:
    return ConditionalRequester(
        auth=auth,
        base_url=api,
        timeout=patience.answer,
        user_agent=f"greenroom/{version('greenroom')}",
        per_page=_PAGE,
        verify=True,
        # None here: a write may have been done although its answer was lost, so what is tried again is
        # the whole of looking and writing (`GitHubSession.settle`).
        retry=None,
        pool_size=None,
        seconds_between_requests=None,
        seconds_between_writes=patience.between_writes,
        # An object is addressed without being read first.
        lazy=True,
        api_version=_API_VERSION,
    )


def _is_whole(body: str) -> bool:
    """Say whether it is JSON to its end: half an answer must not be taken for the whole one from then on."""
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
