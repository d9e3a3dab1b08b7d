"""One shape of errors, for control API and gateway."""

from __future__ import annotations

from math import ceil
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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

RETRY_SECONDS = "2"
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
    return explain(error)


def explain(error: ServiceError) -> Response:
    """Return the error as an answer, with the status that its kind has."""
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
        raise HTTPException(
            404, "there is no such preview: a slot is a pull request's number, `production` or `staging`"
        ) from None
