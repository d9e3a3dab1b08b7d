"""What control API and gateway have in common: one shape of errors, and the way on to a preview."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from math import ceil
from typing import Any

import httpx
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from greenroom_services.errors import (
    BundleRefused,
    BundleStale,
    BundleTooLarge,
    HostFull,
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
    RequirementsError,
    ServiceError,
)
from greenroom_services.previews import Address, Failure

MAX_BODY = 16 * 2**20
BODY_SECONDS = 30.0
# Hop by hop (RFC 9110, 7.6.1).
CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
# Credentials, and who came through which proxy: none of a candidate's business.
PRIVATE_HEADERS = frozenset({"authorization", "cookie", "forwarded", "host", "proxy-authorization"})
# The body's length is told anew, as it came.
DROPPED_REQUEST_HEADERS = CONNECTION_HEADERS | PRIVATE_HEADERS | {"content-length"}
DROPPED_RESPONSE_HEADERS = CONNECTION_HEADERS | {"set-cookie"}
STATUSES: dict[type[ServiceError], int] = {
    PreviewAbsent: 404,
    BundleStale: 409,
    BundleTooLarge: 413,
    BundleRefused: 422,
    RequirementsError: 424,
    HostFull: 507,
    PreviewFailed: 502,
    PreviewStarting: 503,
}


class Held(Response):
    """An answer that holds a visit open until it has been sent to its end, or was broken off."""

    def __init__(self, answer: Response, visit: AsyncExitStack) -> None:
        self.raw_headers = answer.raw_headers
        self.status_code = answer.status_code
        self._answer = answer
        self._visit = visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._visit:
            await self._answer(scope, receive, send)


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
    headers = {"Retry-After": str(ceil(error.retry))} if isinstance(error, PreviewStarting) else None
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


async def forward(
    client: httpx.AsyncClient, request: Request, path: str, *, body_seconds: float = BODY_SECONDS
) -> Response:
    """Pass *request* on to the preview that *client* reaches, and stream its answer back.

    The body is read whole before, so that no slow sender keeps a connection of the preview's.
    """
    try:
        async with asyncio.timeout(body_seconds):
            body = await _read_body(request)
        onward = client.build_request(
            request.method,
            httpx.URL(path="/" + path, query=request.scope["query_string"]),
            headers=_keep_headers(request.headers.raw, dropped=DROPPED_REQUEST_HEADERS),
            content=body or None,
        )
        answer = await client.send(onward, stream=True)
    except TooLarge:
        return refuse(f"the request is larger than {MAX_BODY // 2**20} MiB; send fewer rows at a time", 413)
    except TimeoutError:
        message = f"the request was not there within {body_seconds:g} seconds; send it faster"
        return refuse(message, 408, headers={"Connection": "close"})
    except ClientDisconnect:
        return refuse("the request broke off", 400)
    except httpx.TimeoutException:
        return refuse("the preview did not answer in time; send fewer rows at a time", 504)
    except httpx.TransportError:
        return refuse("the preview broke off; its log says more", 502)
    response = StreamingResponse(
        answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
    )
    response.raw_headers = _keep_headers(answer.headers.raw, dropped=DROPPED_RESPONSE_HEADERS)
    return response


def _keep_headers(
    headers: Iterable[tuple[bytes, bytes]], *, dropped: frozenset[str]
) -> list[tuple[bytes, bytes]]:
    """Return what may pass, as the bytes that came: not all of them are text."""
    named = ((key.lower(), value) for key, value in headers)
    return [
        (key, value)
        for key, value in named
        if key.decode("latin-1") not in dropped and not key.startswith(b"x-forwarded-")
    ]


async def _read_body(request: Request) -> bytes:
    # Where both are there, the transfer's own coding counts, and the length is an attacker's.
    if (
        "transfer-encoding" not in request.headers
        and int(request.headers.get("content-length", 0)) > MAX_BODY
    ):
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge
    return bytes(body)
