"""Holds what is asked and what is answered to GitHub's own description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.github.extract import SUBSET, WEBHOOKS


@dataclass
class Asked:
    """A request, as openapi-core reads one."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes | None
    content_type: str
    host_url: str = "https://api.github.com"


@dataclass(frozen=True)
class Answered:
    """A response, as openapi-core reads one."""

    status_code: int
    content_type: str
    headers: Mapping[str, Any]
    data: bytes | None


@cache
def description() -> OpenAPI:
    return OpenAPI.from_file_path(str(SUBSET))


@cache
def described() -> dict[str, dict[str, set[str]]]:
    """Return the statuses that are described, by path and method."""
    paths = json.loads(SUBSET.read_bytes())["paths"]
    return {
        path: {method: set(operation["responses"]) for method, operation in methods.items()}
        for path, methods in paths.items()
    }


def ask(
    method: str, path: str, *, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> Asked:
    return Asked(
        method=method.lower(),
        path=path,
        parameters=RequestParameters(query=ImmutableMultiDict(query), header=Headers(dict(headers))),
        body=body or None,
        # GitHub reads JSON whatever the client calls it.
        content_type="application/json",
    )


def find_faults_of_request(asked: Asked) -> list[str]:
    return [_tell(error) for error in description().iter_request_errors(asked)]


def find_faults_of_response(asked: Asked, answered: Answered) -> list[str]:
    return [_tell(error) for error in description().iter_response_errors(asked, answered)]


@cache
def described_payload(name: str) -> Draft202012Validator:
    document = json.loads(WEBHOOKS.read_bytes())
    schema = {**document["payloads"][name], "components": document["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def find_faults_of_payload(event: str, payload: Mapping[str, Any]) -> list[str]:
    name = f"{event}/{payload['action']}" if "action" in payload else event
    return [_tell(error) for error in described_payload(name).iter_errors(dict(payload))]


def _tell(error: Exception) -> str:
    """Return the reasons under an error, down to the fields."""
    reasons = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
    return "; ".join(
        f"{'.'.join(map(str, getattr(reason, 'absolute_path', ())))}: {reason}".split("\n")[0]
        for reason in reasons
    )
