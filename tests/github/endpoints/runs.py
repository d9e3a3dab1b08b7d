"""Workflows' runs, and the artifacts that they leave."""

from __future__ import annotations

import secrets

from tests.github.calls import Answer, Call, Refusal, endpoint, find, page
from tests.github.records import Artifact, Run
from tests.github.run_shapes import show_artifact, show_run

ACTIONS = "/repos/{owner}/{repo}/actions"
RUN = f"{ACTIONS}/runs/{{run_id}}"
ARTIFACT = f"{ACTIONS}/artifacts/{{artifact_id}}"


@endpoint("GET", f"{ACTIONS}/runs", "actions=read")
def list_runs(call: Call) -> Answer:
    repository, query = call.repository, call.query
    chosen = [
        run
        for run in reversed(repository.runs)
        if query.get("head_sha") in (None, run.head_sha)
        and query.get("event") in (None, run.event)
        and query.get("branch") in (None, run.head_branch)
        and query.get("actor") in (None, run.actor)
        and query.get("status") in (None, run.status, run.conclusion)
    ]
    shown, links = page(call, chosen)
    listed = [show_run(repository, run) for run in shown]
    return Answer(200, {"total_count": len(chosen), "workflow_runs": listed}, links)


@endpoint("GET", RUN, "actions=read")
def get_run(call: Call) -> Answer:
    return Answer(200, show_run(call.repository, _find_run(call)))


@endpoint("POST", f"{RUN}/rerun", "actions=write")
def rerun(call: Call) -> Answer:
    run = _find_run(call)
    if run.status != "completed":
        raise Refusal(403, "This workflow run cannot be retried: it is running.")
    run.attempt += 1
    run.status, run.conclusion = "queued", None
    return Answer(201, {})


@endpoint("GET", f"{RUN}/artifacts", "actions=read")
def list_artifacts(call: Call) -> Answer:
    repository, run = call.repository, _find_run(call)
    chosen = [each for each in run.artifacts if call.query.get("name") in (None, each.name)]
    shown, links = page(call, chosen)
    listed = [show_artifact(repository, run, each) for each in shown]
    return Answer(200, {"total_count": len(chosen), "artifacts": listed}, links)


@endpoint("GET", ARTIFACT, "actions=read")
def get_artifact(call: Call) -> Answer:
    run, artifact = _find_artifact(call)
    return Answer(200, show_artifact(call.repository, run, artifact))


@endpoint("GET", f"{ARTIFACT}/{{archive_format}}", "actions=read")
def download_artifact(call: Call) -> Answer:
    """Lead to where the zip is, for a short while and without any further credential."""
    if call.caller.kind == "nobody":
        raise Refusal(401, "Requires authentication")
    _, artifact = _find_artifact(call)
    if artifact.expired:
        raise Refusal(410, "Artifact has expired")
    signature = secrets.token_hex(16)
    call.hub.downloads[signature] = artifact
    host = call.hub.download_host or call.hub.api
    return Answer(302, None, {"Location": f"{host}/_artifacts/{artifact.id}.zip?sig={signature}"})


@endpoint("GET", "/_artifacts/{name}", kind="open")
def get_zip(call: Call) -> Answer:
    artifact = call.hub.downloads.get(call.query.get("sig", ""))
    if artifact is None or call.parts["name"] != f"{artifact.id}.zip":
        raise Refusal(403, "Server failed to authenticate the request.")
    foreign = f"http://{call.headers['host']}" != call.hub.api
    if foreign and "authorization" in call.headers:
        # As the store does that GitHub keeps artifacts in: it was handed a credential that is not its own.
        raise Refusal(401, "Server failed to authenticate the request.")
    return Answer(200, artifact.data, {"Content-Type": "application/zip"})


def _find_run(call: Call) -> Run:
    return call.repository.run(call.number("run_id"))


def _find_artifact(call: Call) -> tuple[Run, Artifact]:
    wanted = call.number("artifact_id")
    every = [(run, artifact) for run in call.repository.runs for artifact in run.artifacts]
    return find(every, lambda each: each[1].id == wanted)
