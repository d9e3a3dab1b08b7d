"""Cuts GitHub's own API description down to the endpoints in use: `python -m tests.github.extract FILE`.

FILE is `generated/api.github.com.json` of npm's `@octokit/openapi`, which is MIT-licensed (see NOTICE).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUBSET = Path(__file__).with_name("openapi.json")
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
    paths = {path: strip(document["paths"][path]) for path in PATHS}
    kept: dict[str, dict[str, Any]] = {}
    waiting = list(find_references(paths))
    while waiting:
        kind, name = waiting.pop()
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = strip_child(kind, {name: document["components"][kind][name]})[name]
            waiting.extend(find_references(kept[kind][name]))
    header = {key: document[key] for key in ("openapi", "servers")}
    info = {key: document["info"][key] for key in ("title", "version", "license")}
    return header | {"info": info, "paths": paths, "components": kept}


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


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text())
    SUBSET.write_text(json.dumps(cut(whole), separators=(",", ":"), sort_keys=True) + "\n")
