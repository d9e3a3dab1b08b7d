"""What control API and gateway have in common: one shape of errors, and the way on to a preview."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from greenroom_services.errors import (
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
    RequirementsError,
    ServiceError,
)
from greenroom_services.host.slots import Preview
from greenroom_services.previews import Address, Failure

MAX_BODY = 16 * 2**20
RETRY_SECONDS = "2"
# Hop by hop (RFC 9110, 7.6.1).
CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
# Credentials, and who came through which proxy: none of a candidate's business.
PRIVATE_HEADERS = frozenset({"authorization", "cookie", "forwarded", "host", "proxy-authorization"})
DROPPED_REQUEST_HEADERS = CONNECTION_HEADERS | PRIVATE_HEADERS
DROPPED_RESPONSE_HEADERS = CONNECTION_HEADERS | {"set-cookie"}
STATUSES: dict[type[ServiceError], int] = {
    PreviewAbsent: 404,
    RequirementsError: 422,
    PreviewFailed: 502,
    PreviewStarting: 503,
}


class TooLarge(Exception):
    """The request's body is larger than the host passes on."""


def refuse(
    message: str,
    status: int,
    *,
    detail: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    failure = Failure(error=message, detail=detail or [])
    return JSONResponse(failure.model_dump(mode="json"), status_code=status, headers=headers)


def answer_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refuse(error.detail, error.status_code, headers=dict(error.headers or {}))


def answer_service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": RETRY_SECONDS} if status == 503 else None
    detail = [{"log": error.log}] if error.log else []
    return refuse(str(error), status, detail=detail, headers=headers)


def answer_defect(_: Request, error: Exception) -> Response:
    return refuse(f"the preview host has a defect ({type(error).__name__}); its log says more", 500)


EXCEPTION_HANDLERS = {
    HTTPException: answer_http_error,
    ServiceError: answer_service_error,
    Exception: answer_defect,
}


def read_address(request: Request) -> Address:
    """Return which preview the path names; 404 for a name that none can have."""
    try:
        return Address.model_validate(request.path_params)
    except ValidationError:
        raise HTTPException(404, "there is no such preview; the path is {project}/{slot}") from None


async def forward(preview: Preview, request: Request, path: str) -> Response:
    """Pass *request* on to the preview and its answer back, both as streams."""
    headers = [
        (key, value)
        for key, value in request.headers.items()
        if key not in DROPPED_REQUEST_HEADERS and not key.startswith("x-forwarded-")
    ]
    onward = preview.client.build_request(
        request.method,
        httpx.URL(path="/" + path, query=request.url.query.encode()),
        headers=headers,
        content=_limit(request) if request.method == "POST" else None,
    )
    try:
        if int(request.headers.get("content-length", 0)) > MAX_BODY:
            raise TooLarge
        answer = await preview.client.send(onward, stream=True)
    except TooLarge:
        return refuse(f"the request is larger than {MAX_BODY // 2**20} MiB; send fewer rows at a time", 413)
    except httpx.TimeoutException:
        return refuse("the preview did not answer in time; send fewer rows at a time", 504)
    except httpx.TransportError:
        return refuse("the preview broke off; its log says more", 502)
    kept = {key: value for key, value in answer.headers.items() if key not in DROPPED_RESPONSE_HEADERS}
    stream = answer.aiter_raw()
    return StreamingResponse(stream, answer.status_code, kept, background=BackgroundTask(answer.aclose))


async def _limit(request: Request) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLarge
        yield chunk
