"""What the API answers when it does not do what was asked: a status each, and one shape for all."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from greenroom_pipeline.errors import (
    ForgeError,
    GreenroomError,
    InboxError,
    ProofError,
    ProofUnfit,
    RepositoryError,
    StoreError,
)
from greenroom_services.errors import (
    BundleRefused,
    BundleStale,
    BundleTooLarge,
    HostAbsent,
    HostFull,
    ServiceError,
)
from greenroom_services.host import answers

RETRY_SECONDS = "5"
# In order: the first that fits counts.
STATUSES: dict[type[Exception], int] = {
    BundleRefused: 422,
    BundleTooLarge: 413,
    BundleStale: 409,
    HostFull: 507,
    HostAbsent: 503,
    StoreError: 503,
    InboxError: 503,
    ForgeError: 503,
    RepositoryError: 404,
    ProofUnfit: 403,
    ProofError: 401,
}
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": RETRY_SECONDS}}


def refuse(message: str, status: int, *, log: str = "", headers: dict[str, str] | None = None) -> Response:
    return answers.refuse(message, status, detail=[{"log": log}] if log else [], headers=headers)


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    own_words = error.detail != HTTPStatus(error.status_code).phrase
    message = error.detail if own_words else f"There is no {request.method} {request.url.path[:200]}."
    # What a path names may hold line breaks.
    return refuse(" ".join(message.split()), error.status_code, headers=dict(error.headers or {}))


def _answer_expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, GreenroomError | ServiceError)
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    return refuse(str(error), status, log=error.log, headers=HEADERS.get(status))


def _answer_broken_off(_request: Request, _error: Exception) -> Response:
    return refuse("the request broke off; send it again", 400)


def _answer_defect(_: Request, error: Exception) -> Response:
    return refuse(f"the server has a defect ({type(error).__name__}); its log says more", 500)


EXCEPTION_HANDLERS = {
    HTTPException: _answer_http_error,
    GreenroomError: _answer_expected,
    ServiceError: _answer_expected,
    ClientDisconnect: _answer_broken_off,
    Exception: _answer_defect,
}
