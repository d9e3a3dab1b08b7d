"""The OpenAPI documents of the gateway and of the control API, from the documents that they take and give."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from greenroom_services.bundle import MEDIA_TYPE
from greenroom_services.host.paths import OFFERED
from greenroom_services.previews import (
    Address,
    Description,
    Failure,
    OpenPulls,
    Prediction,
    PreviewLog,
    PreviewState,
    PreviewStates,
)

Document = dict[str, Any]

JSON = "application/json"
REFS = "#/components/schemas/{model}"
PARAMETERS = [
    {"name": name, "in": "path", "required": True, "schema": schema}
    for name, schema in Address.model_json_schema()["properties"].items()
]
QUESTIONS: dict[str, Document] = {
    "/predict": {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "items": {"type": "object"}}},
    },
    "/describe": {"type": "object"},
}
SUMMARIES = {
    "/predict": "An answer for each row.",
    "/describe": "Signature, feature profile and task of the model.",
    "/readyz": "Whether it is ready.",
    "/livez": "Whether it lives.",
    "/healthz": "Whether it is healthy.",
    "/metrics": "What it was asked, for Prometheus.",
    "/docs.json": "The preview's own OpenAPI document.",
}
REASONS = {
    400: "What came cannot be read in one way, or the preview refuses the rows.",
    401: "No token that lives and is for this preview.",
    403: "Another site's page asked.",
    404: "There is no such preview, or it has no such path.",
    405: "The path takes another method; Allow says which.",
    408: "The request came too slowly.",
    409: "A newer bundle was accepted already.",
    413: "The request is too large.",
    415: "The content type is never passed on.",
    421: "The gateway is not known by that Host.",
    422: "The bundle is refused.",
    424: "The bundle's environment cannot be built.",
    429: "The token asks too often; Retry-After says how long to wait.",
    500: "The preview or its host has a defect.",
    502: "The preview has failed or broke off.",
    503: "The preview is waking or has enough to do; Retry-After says when to ask again.",
    504: "The preview did not answer in time.",
    507: "The disk is full.",
}
ENTRY = (400, 403, 404, 405, 421, 500)
PASSAGE = (400, 404, 405, 408, 413, 415, 500, 502, 503, 504)
DIGEST = {
    "name": "Content-Digest",
    "in": "header",
    "required": True,
    "description": "SHA-256 of the body (RFC 9530).",
    "schema": {"type": "string", "pattern": r"^sha-256=:[A-Za-z0-9+/]{43}=:$"},
}


def describe_gateway(*, tokens: bool) -> Document:
    """Return the gateway's document; *tokens* says whether it asks for them."""
    statuses = sorted({*ENTRY, *PASSAGE, *((401, 429) if tokens else ())})
    itself = _operation("This document.", {JSON: {"schema": {"type": "object"}}}, failures=ENTRY)
    paths: Document = {"/openapi.json": {"get": {**itself, "security": []}}}
    for path, methods in OFFERED.items():
        method = methods[0].lower()
        operation = _operation(SUMMARIES[path], _preview_content(path), failures=statuses)
        paths[f"/p/{{project}}/{{slot}}{path}"] = {
            "parameters": PARAMETERS,
            method: operation | _question(path),
        }
    document = _document("Greenroom gateway", "Previews of candidate models, for programs.", paths, [Failure])
    if tokens:
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "grt_ID_SECRET"}
        document["components"]["securitySchemes"] = {"token": scheme}
        document["security"] = [{"token": []}]
    return document


def describe_control() -> Document:
    """Return the control API's document."""
    models: list[type[BaseModel]] = [Failure, PreviewState, PreviewStates, PreviewLog, OpenPulls]
    models += [Prediction, Description]
    text = "What the front and the command line ask of the preview host, on its own Unix socket."
    return _document("Greenroom preview host", text, _control_paths(), models)


def _control_paths() -> Document:
    slot, state = "/previews/{project}/{slot}", _model(PreviewState)
    known, woken = (404, 405, 500), (404, 405, 500, 502, 503)
    deploy = _operation("Deploy a bundle; what runs goes on until it answers.", state, failures=DEPLOYING)
    bundle = {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    sweep = _operation(
        "Remove the previews of closed pull requests.", _model(PreviewStates), failures=(400, 405)
    )
    return {
        "/previews": {"get": _operation("All previews.", _model(PreviewStates), failures=(405, 500))},
        slot: {
            "parameters": PARAMETERS,
            "get": _operation("One preview.", state, failures=known),
            "put": {**deploy, "parameters": [DIGEST], "requestBody": bundle},
            "delete": _operation("Stop and forget it.", state, failures=known),
        },
        f"{slot}/log": _slot("get", "Its last lines.", _model(PreviewLog), known),
        f"{slot}/wake": _slot("post", "Wake it now.", state, woken),
        f"{slot}/sleep": _slot("post", "Put it to sleep.", state, known),
        f"{slot}/keep-awake": {
            "parameters": PARAMETERS,
            "put": _operation("Keep it awake.", state, failures=known),
            "delete": _operation("Let it sleep again.", state, failures=known),
        },
        **{
            f"{slot}{path}": {
                "parameters": PARAMETERS,
                "post": _operation(SUMMARIES[path], _model(model), failures=PASSAGE) | _question(path),
            }
            for path, model in (("/predict", Prediction), ("/describe", Description))
        },
        "/sweep": {"post": {**sweep, "requestBody": {"required": True, "content": _model(OpenPulls)}}},
        "/metrics": {"get": _operation("Metrics, for Prometheus.", {"text/plain": {}}, failures=(405, 500))},
        "/openapi.json": {
            "get": _operation("This document.", {JSON: {"schema": {"type": "object"}}}, failures=(405,))
        },
    }


DEPLOYING = (400, 404, 405, 409, 413, 422, 424, 500, 502, 503, 507)


def _slot(method: str, summary: str, content: Document, failures: tuple[int, ...]) -> Document:
    return {"parameters": PARAMETERS, method: _operation(summary, content, failures=failures)}


def _operation(summary: str, content: Document, *, failures: tuple[int, ...] | list[int]) -> Document:
    responses: Document = {"200": {"description": "Done.", "content": content}}
    for status in failures:
        responses[str(status)] = {"description": REASONS[status], "content": _model(Failure)}
    return {"summary": summary, "responses": responses}


def _question(path: str) -> Document:
    if path not in QUESTIONS:
        return {}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": QUESTIONS[path]}}}}


def _preview_content(path: str) -> Document:
    if path in QUESTIONS or path == "/docs.json":
        return {JSON: {"schema": {"type": "object"}}}
    return {"text/plain": {}}


def _model(model: type[BaseModel]) -> Document:
    return {JSON: {"schema": {"$ref": REFS.format(model=model.__name__)}}}


def _document(title: str, text: str, paths: Document, models: list[type[BaseModel]]) -> Document:
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=REFS)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": text, "version": version("greenroom")},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }
