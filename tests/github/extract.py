"""Cuts GitHub's own descriptions down to what is in use: `python -m tests.github.extract API WEBHOOKS`.

API is `generated/api.github.com.json` of npm's `@octokit/openapi`, WEBHOOKS the file of that name in
`@octokit/openapi-webhooks`; both are MIT-licensed (see NOTICE).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUBSET = Path(__file__).with_name("openapi.json")
WEBHOOKS = Path(__file__).with_name("webhooks.json")
EVENTS = (
    "check_run/completed",
    "check_run/created",
    "check_run/requested_action",
    "check_run/rerequested",
    "installation/created",
    "installation/deleted",
    "issue_comment/created",
    "issue_comment/deleted",
    "issue_comment/edited",
    "merge_group/checks_requested",
    "merge_group/destroyed",
    "ping",
    "pull_request/closed",
    "pull_request/opened",
    "pull_request/reopened",
    "pull_request/synchronize",
    "push",
    "workflow_run/completed",
    "workflow_run/in_progress",
    "workflow_run/requested",
)
REPOSITORY = "/repos/{owner}/{repo}"
PATHS = (
    "/app",
    "/app-manifests/{code}/conversions",
    "/app/hook/config",
    "/app/hook/deliveries",
    "/app/hook/deliveries/{delivery_id}/attempts",
    "/app/installations",
    "/app/installations/{installation_id}",
    "/app/installations/{installation_id}/access_tokens",
    "/installation/repositories",
    "/rate_limit",
    "/user",
    *(
        REPOSITORY + path
        for path in (
            "",
            "/actions/artifacts/{artifact_id}",
            "/actions/artifacts/{artifact_id}/{archive_format}",
            "/actions/runs",
            "/actions/runs/{run_id}",
            "/actions/runs/{run_id}/artifacts",
            "/actions/runs/{run_id}/rerun",
            "/branches/{branch}",
            "/branches/{branch}/protection",
            "/check-runs",
            "/check-runs/{check_run_id}",
            "/check-runs/{check_run_id}/annotations",
            "/collaborators/{username}/permission",
            "/commits/{commit_sha}/pulls",
            "/commits/{ref}",
            "/commits/{ref}/check-runs",
            "/commits/{ref}/status",
            "/contents/{path}",
            "/deployments",
            "/deployments/{deployment_id}",
            "/deployments/{deployment_id}/statuses",
            "/environments",
            "/environments/{environment_name}",
            "/installation",
            "/issues/comments/{comment_id}",
            "/issues/comments/{comment_id}/reactions",
            "/issues/{issue_number}",
            "/issues/{issue_number}/comments",
            "/issues/{issue_number}/timeline",
            "/pulls",
            "/pulls/{pull_number}",
            "/pulls/{pull_number}/files",
            "/pulls/{pull_number}/merge",
            "/pulls/{pull_number}/reviews",
            "/rules/branches/{branch}",
            "/rulesets",
            "/statuses/{sha}",
        )
    ),
)
LEFT_OUT = {
    "description",
    "example",
    "examples",
    "externalDocs",
    "x-github",
    "x-github-breaking-changes",
    "x-octokit",
}


def cut(document: dict[str, Any]) -> dict[str, Any]:
    """Return the description of `PATHS` alone, with the components that they refer to."""
    for name in ("pull-request", "pull-request-simple"):
        head = document["components"]["schemas"][name]["properties"]["head"]["properties"]
        # Left out of the description: a fork that was deleted leaves null.
        head["repo"] = {"oneOf": [head["repo"], {"type": "object", "nullable": True, "maxProperties": 0}]}
    conflict = document["paths"][f"{REPOSITORY}/contents/{{path}}"]["put"]["responses"]["409"]["content"]
    schema = conflict["application/json"]["schema"]
    schema["anyOf"] = schema.pop("oneOf")  # a plain error is one of a rule's as well, which asks for no more
    paths = {path: strip(document["paths"][path]) for path in PATHS}
    header = {key: document[key] for key in ("openapi", "servers")}
    info = {key: document["info"][key] for key in ("title", "version", "license")}
    return header | {"info": info, "paths": paths, "components": keep(document, find_references(paths))}


def cut_webhooks(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of the payloads of `EVENTS`, with those that they refer to."""
    schemas = {}
    for operation in (methods["post"] for methods in document["webhooks"].values()):
        name = operation["operationId"].replace("-", "_")
        if name in EVENTS:
            schemas[name] = operation["requestBody"]["content"]["application/json"]["schema"]
    return {"payloads": schemas, "components": keep(document, find_references(schemas))}


def keep(document: dict[str, Any], references: Iterator[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Return the components that are referred to, and those that they refer to in turn."""
    kept: dict[str, dict[str, Any]] = {}
    waiting = list(references)
    while waiting:
        kind, name = waiting.pop()
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = strip_child(kind, {name: document["components"][kind][name]})[name]
            waiting.extend(find_references(kept[kind][name]))
    return kept


def strip(node: Any) -> Any:
    """Leave out what only people read; a property may be called `description` all the same."""
    if isinstance(node, list):
        return [strip(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("nullable") and "enum" in node:
        node = node | {"enum": [*node["enum"], None]}  # null is meant: OpenAPI 3.0 wants it listed as well
    return {key: strip_child(key, value) for key, value in node.items() if key not in LEFT_OUT}


def strip_child(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: strip(each) for name, each in value.items()}
    if key == "responses":
        return {code: strip_response(each) for code, each in value.items()}
    return strip(value)


def strip_response(response: dict[str, Any]) -> dict[str, Any]:
    """Leave an empty description: a response must have one."""
    return response if "$ref" in response else {"description": "", **strip(response)}


def find_references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            _, _, kind, name = node["$ref"].split("/")
            yield kind, name
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from find_references(each)


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    api, webhooks = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    write(SUBSET, cut(api))
    write(WEBHOOKS, cut_webhooks(webhooks))
