"""The OpenAPI documents of the gateway and of the control API."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from greenroom_services.host.paths import OFFERED
from greenroom_services.previews import Failure

JSON = "application/json"
REFS = "#/components/schemas/{model}"
SLOT = r"^([0-9]{1,18}|production|staging)$"
PROJECT = r"^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$"
ADDRESS = [
    {"name": "project", "in": "path", "required": True, "schema": {"type": "string", "pattern": PROJECT}},
    {"name": "slot", "in": "path", "required": True, "schema": {"type": "string", "pattern": SLOT}},
]
GATEWAY_FAILURES = {
    "400": "What came is no request that can be read in one way, or the preview refused the rows.",
    "403": "Another site's page asked.",
    "404": "There is no such preview, or it has no such path.",
    "405": "The path takes another method; Allow says which.",
    "408": "The request came too slowly.",
    "413": "The request is too large.",
    "415": "The content type is never passed on.",
    "421": "The gateway is not known by that Host.",
    "429": "The token asks too often; Retry-After says how long to wait.",
    "500": "The preview or the gateway has a defect.",
    "502": "The preview has failed or broke off.",
    "503": "The preview is waking or answers as many as it can; Retry-After says when to ask again.",
    "504": "The preview did not answer in time.",
}
SUMMARIES = {
    "/predict": "Predict: an answer for each row.",
    "/describe": "Signature, feature profile and task of the model.",
    "/readyz": "Whether it is ready.",
    "/livez": "Whether it lives.",
    "/healthz": "Whether it is healthy.",
    "/metrics": "What it was asked, for Prometheus.",
    "/docs.json": "The preview's own OpenAPI document.",
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "/predict": {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "items": {"type": "object"}}},
    },
    "/describe": {"type": "object"},
}


def describe_gateway(*, tokens: bool) -> dict[str, Any]:
    """Return the gateway's document; *tokens* says whether it asks for them."""
    failures = {**GATEWAY_FAILURES, **({"401": "No token that is for this."} if tokens else {})}
    paths: dict[str, Any] = {
        "/openapi.json": {
            "get": {
                "summary": "This document.",
                "responses": {"200": _answer("The document.", {"type": "object"})},
            }
        }
    }
    for path, methods in OFFERED.items():
        paths[f"/p/{{project}}/{{slot}}{path}"] = {
            "parameters": ADDRESS,
            **{method.lower(): _ask(path, failures) for method in methods if method != "HEAD"},
        }
    security: dict[str, Any] = {"security": [{"token": []}]} if tokens else {}
    document = _document("Greenroom gateway", "Previews of candidate models, for programs.", paths, [Failure])
    return {**document, **security}


def _ask(path: str, failures: dict[str, str]) -> dict[str, Any]:
    content = (
        {"text/plain": {}}
        if path not in (*QUESTIONS, "/docs.json")
        else {JSON: {"schema": {"type": "object"}}}
    )
    operation: dict[str, Any] = {
        "summary": SUMMARIES[path],
        "responses": {
            "200": {"description": "The preview's answer.", "content": content},
            **{status: _failure(text) for status, text in failures.items()},
        },
    }
    if path in QUESTIONS:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": QUESTIONS[path]}}}
    return operation


def _document(title: str, text: str, paths: dict[str, Any], models: list[type[BaseModel]]) -> dict[str, Any]:
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=REFS)
    components: dict[str, Any] = {"schemas": schemas["$defs"]}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "grt_ID_SECRET"}
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": text, "version": version("greenroom")},
        "paths": paths,
        "components": components,
    }


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": schema}}}


def _failure(text: str) -> dict[str, Any]:
    return _answer(text, {"$ref": REFS.format(model="Failure")})
