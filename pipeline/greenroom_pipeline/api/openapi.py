"""The API's own description, as OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from greenroom_pipeline.api.documents import ChampionState, Health, PullState, Rights, SessionGrant
from greenroom_services.bundle import MEDIA_TYPE
from greenroom_services.previews import Failure

_SCHEMAS = "#/components/schemas/"
_PROJECT = {"name": "project", "in": "path", "required": True, "schema": {"type": "string"}}
_NUMBER = {
    "name": "number",
    "in": "path",
    "required": True,
    "description": "The pull request.",
    "schema": {"type": "integer", "minimum": 1},
}
_COMMIT = {
    "name": "sha",
    "in": "query",
    "required": False,
    "description": "The commit that the job has checked out; without it the pull request's newest is meant.",
    "schema": {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"},
}
_HOLDOUT = {
    "name": "holdout",
    "in": "query",
    "required": True,
    "description": "SHA-256 of the holdout's file.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
_DIGEST = {
    "name": "Content-Digest",
    "in": "header",
    "required": True,
    "description": "SHA-256 of the bundle (RFC 9530), such as `sha-256=:…:`.",
    "schema": {"type": "string"},
}
_EVENT_HEADERS = {
    "X-GitHub-Event": "^[a-z0-9_]{1,50}$",
    "X-GitHub-Delivery": "^[0-9A-Za-z-]{1,100}$",
    "X-Hub-Signature-256": "^sha256=[0-9a-f]{64}$",
}
_REFUSALS = {
    400: "The request is malformed, or broke off.",
    401: "There is no credential or signature, or it is unknown, expired or revoked.",
    403: "The credential is for another project, pull request or commit.",
    404: "There is no such thing.",
    408: "It did not come in time.",
    409: "The pull request or production has moved on.",
    413: "What was sent, or a part of it, is too large.",
    415: "It is no JSON.",
    422: "The bundle is not what it must be.",
    503: "MLflow or the preview host does not answer now, or many ask at once; the same request later finishes what was"
    " begun.",
    507: "The server's disk is full.",
}
_READ = (401, 403, 404, 503)


@cache
def describe_api() -> dict[str, Any]:
    """Return the document; paths are relative to /api."""
    kinds = (Health, Rights, SessionGrant, ChampionState, PullState, Failure)
    _, schemas = models_json_schema(
        [(kind, "serialization") for kind in kinds], ref_template=f"{_SCHEMAS}{{model}}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Greenroom server", "version": version("greenroom")},
        "servers": [{"url": "/api"}],
        "paths": _paths(),
        "security": [{"token": []}],
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session, or a token of scope deploy.",
                },
                "oidc": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The OIDC token of a job in GitHub Actions, for this server's address.",
                },
            },
        },
    }


def _paths() -> dict[str, Any]:
    project = "/projects/{project}"
    return {
        "/health": _get("Say that the server is there", _json("Health"), refusals=(), open=True),
        "/openapi.json": _get(
            "Describe the API", {"application/json": {"schema": {"type": "object"}}}, refusals=(), open=True
        ),
        "/sender": _get("Say where the credential's rights end", _json("Rights"), refusals=(401,)),
        "/sessions": {"post": _post()},
        f"{project}/champion": _get("Name the model in production", _json("ChampionState"), _PROJECT),
        f"{project}/champion/model": _get(
            "Give its files below `model/` and its feature profile, packed like a bundle",
            _bytes(MEDIA_TYPE),
            _PROJECT,
        ),
        f"{project}/champion/predictions": _get(
            "Give its predictions on a holdout, as Parquet",
            _bytes("application/vnd.apache.parquet"),
            _PROJECT,
            _HOLDOUT,
            refusals=(400, *_READ),
        ),
        f"{project}/pulls/{{number}}": _get(
            "Say what there is of a pull request", _json("PullState"), _PROJECT, _NUMBER
        ),
        f"{project}/pulls/{{number}}/bundle": {"put": _put()},
        "/github/events": {"post": _post_event()},
    }


def _get(
    summary: str,
    content: dict[str, Any],
    *parameters: dict[str, Any],
    refusals: tuple[int, ...] = _READ,
    open: bool = False,
) -> dict[str, Any]:
    operation = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": {"description": "It is there.", "content": content}, **_refuse(refusals)},
    }
    return {"get": operation | ({"security": []} if open else {})}


def _post() -> dict[str, Any]:
    done = {"description": "The session is open.", "content": _json("SessionGrant")}
    return {
        "summary": "Open an upload session for a job of a pull request; an OIDC token opens one",
        "security": [{"oidc": []}],
        "parameters": [_COMMIT],
        "responses": {"201": done, **_refuse((400, *_READ))},
    }


def _put() -> dict[str, Any]:
    done = {"description": "It is kept, and this became of its preview.", "content": _json("PullState")}
    return {
        "summary": "Hand in a bundle; the same one again changes nothing",
        "parameters": [_PROJECT, _NUMBER, _DIGEST],
        "requestBody": {"required": True, "content": _bytes(MEDIA_TYPE)},
        "responses": {"200": done, **_refuse((400, 401, 403, 404, 409, 413, 422, 503, 507))},
    }


def _post_event() -> dict[str, Any]:
    taken = {
        "type": "object",
        "required": ["delivery"],
        "properties": {"delivery": {"type": "string", "enum": ["kept", "known", "dropped"]}},
    }
    done = {"description": "It is taken.", "content": {"application/json": {"schema": taken}}}
    return {
        "summary": "Take an event of the GitHub App's webhook, which is acted on afterwards",
        "parameters": [_header(name, pattern) for name, pattern in _EVENT_HEADERS.items()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {"202": done, **_refuse((400, 401, 404, 408, 413, 415, 503))},
        "security": [],
    }


def _header(name: str, pattern: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{name}"}}}


def _bytes(kind: str) -> dict[str, Any]:
    return {kind: {"schema": {"type": "string", "format": "binary"}}}


def _refuse(statuses: tuple[int, ...]) -> dict[str, Any]:
    return {
        str(status): {"description": _REFUSALS[status], "content": _json("Failure")} for status in statuses
    }
