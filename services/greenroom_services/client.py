"""Talks to the preview host over its control socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from greenroom_services.bundle import pack_bundle
from greenroom_services.errors import (
    BundleRefused,
    BundleStale,
    BundleTooLarge,
    HostAbsent,
    HostError,
    HostFull,
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
    QueryRefused,
    RequirementsError,
    ServiceError,
)
from greenroom_services.host.folder import Endpoints, HostFolder
from greenroom_services.previews import Description, Failure, Prediction, PreviewState

# A preview may have to wake first.
ANSWER_SECONDS = 140.0
# On top of a deployment's own timeout: an environment with large packages is built from scratch.
ENVIRONMENT_SECONDS = 1_800.0
ERRORS: dict[int, type[ServiceError]] = {
    404: PreviewAbsent,
    409: BundleStale,
    413: BundleTooLarge,
    422: BundleRefused,
    424: RequirementsError,
    502: PreviewFailed,
    503: PreviewStarting,
    507: HostFull,
}
MESSAGE_CHARACTERS = 1_000
ANSWER_BYTES = 16 * 2**20


def endpoints(state: Path) -> Endpoints:
    """Return where the host on the folder *state* answers; `HostAbsent` when none has announced itself."""
    found = HostFolder(state).endpoints()
    if found is None:
        raise HostAbsent(f"no preview host runs on {state}; start one with `greenroom serve`")
    return found


def host_running(state: Path) -> bool:
    """Say whether a host on the folder *state* answers now."""
    try:
        HostClient(state).previews()
    except HostAbsent:
        return False
    return True


class HostClient:
    """Asks the host on the folder *state*; `HostAbsent` from every call when none runs."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def deploy(
        self,
        project: str,
        slot: str,
        *,
        bento: Path,
        requirements: Sequence[str],
        sha: str,
        model: str,
        timeout: float = 120,
        probe: Mapping[str, Any] | None = None,
        repository: str = "",
        routes: Sequence[str] = (),
        order: int | None = None,
    ) -> PreviewState:
        """Run the Bento in the slot and return once it has answered *probe*; the same again is a no-op.

        *sha* is the head commit, *model* the model's digest. Of two deployments the one of the higher *order* is
        newer; without it, the one that comes last. Raises `PreviewFailed` or `RequirementsError`, with log, or
        `BundleStale`; what ran before in the slot then goes on.
        """
        bundle = pack_bundle(
            bento,
            project=project,
            slot=slot,
            sha=sha,
            model=model,
            requirements=requirements,
            repository=repository,
            probe=probe,
            timeout=timeout,
            routes=routes,
            order=order,
        )
        return self.deploy_bundle(
            project, slot, chunks=bundle.chunks(), headers=bundle.headers(), timeout=timeout
        )

    def deploy_bundle(
        self, project: str, slot: str, *, chunks: Iterable[bytes], headers: Mapping[str, str], timeout: float
    ) -> PreviewState:
        """Do so with a bundle that was packed before; *headers* hold its Content-Digest."""
        path = f"/previews/{project}/{slot}"
        with self._connected(timeout=timeout + ENVIRONMENT_SECONDS) as client:
            answer = _send(client, "PUT", path, content=chunks, headers=headers)
        return PreviewState.model_validate(answer)

    def stop(self, project: str, slot: str) -> PreviewState:
        """Remove the preview: what was deployed to the slot is forgotten."""
        return self._act("DELETE", project, slot)

    def status(self, project: str, slot: str) -> PreviewState:
        return self._act("GET", project, slot)

    def wake(self, project: str, slot: str) -> PreviewState:
        """Return once the preview is awake; `PreviewFailed` when it does not come up."""
        return self._act("POST", project, slot, "/wake", timeout=ENVIRONMENT_SECONDS)

    def sleep(self, project: str, slot: str) -> PreviewState:
        """Stop the preview until somebody asks for it."""
        return self._act("POST", project, slot, "/sleep")

    def keep_awake(self, project: str, slot: str) -> PreviewState:
        """Let the preview never sleep for being idle, nor expire."""
        return self._act("PUT", project, slot, "/keep-awake")

    def let_sleep(self, project: str, slot: str) -> PreviewState:
        """Take `keep_awake` back."""
        return self._act("DELETE", project, slot, "/keep-awake")

    def _act(
        self, method: str, project: str, slot: str, action: str = "", *, timeout: float = ANSWER_SECONDS
    ) -> PreviewState:
        answer = self._ask(method, f"/previews/{project}/{slot}{action}", timeout=timeout)
        return PreviewState.model_validate(answer)

    def previews(self) -> list[PreviewState]:
        return [PreviewState.model_validate(item) for item in self._ask("GET", "/previews")["previews"]]

    def sweep(self, project: str, *, open: Sequence[str]) -> list[PreviewState]:
        """Remove the previews of the project's pull requests but the *open* ones, and return them."""
        answer = self._ask("POST", "/sweep", document={"project": project, "open": list(open)})
        return [PreviewState.model_validate(item) for item in answer["previews"]]

    def predict(self, project: str, slot: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the answer of the candidate's service; `QueryRefused` when a row is wrong.

        `HostError` when it is no prediction for each of *rows*: the service is the candidate's.
        """
        with self.asking(project, slot) as ask:
            return ask(rows)

    @contextmanager
    def asking(
        self, project: str, slot: str
    ) -> Iterator[Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]]:
        """Give what `predict` does as a function of the rows, over one connection that is kept open."""
        path = f"/previews/{project}/{slot}/predict"
        with self._connected(timeout=ANSWER_SECONDS) as client:

            def ask(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
                answer = _send(client, "POST", path, document={"rows": [dict(row) for row in rows]})
                if not _is_prediction(answer, rows=len(rows)):
                    raise HostError(
                        f"the preview in {project}/{slot} answered with something that is no prediction"
                    )
                return answer

            yield ask

    def describe(self, project: str, slot: str) -> dict[str, Any]:
        """Return signature, feature profile, task and model of the preview in the slot."""
        answer = self._ask("POST", f"/previews/{project}/{slot}/describe", document={})
        try:
            Description.model_validate(answer)
        except ValidationError:
            raise HostError(
                f"the preview in {project}/{slot} answered with something that is no description"
            ) from None
        return answer

    def log(self, project: str, slot: str) -> str:
        """Return the last lines that the preview wrote."""
        return str(self._ask("GET", f"/previews/{project}/{slot}/log")["log"])

    def _ask(
        self, method: str, path: str, *, document: Any = None, timeout: float = ANSWER_SECONDS
    ) -> dict[str, Any]:
        with self._connected(timeout=timeout) as client:
            return _send(client, method, path, document=document)

    @contextmanager
    def _connected(self, *, timeout: float) -> Iterator[httpx.Client]:
        control = endpoints(self._state).control
        if not _listens(control):
            raise HostAbsent(
                f"the preview host on {self._state} has gone; start it again with `greenroom serve`"
            )
        transport = httpx.HTTPTransport(uds=str(control))
        with httpx.Client(transport=transport, base_url="http://host", timeout=timeout) as client:
            yield client


def _send(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    document: Any = None,
    content: Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    question = f"{method} {path}"
    try:
        with client.stream(method, path, json=document, content=content, headers=headers) as answer:
            read = _read_content(answer, question=question)
    except httpx.RequestError as error:
        raise HostError(f"the preview host broke off {question}: {error!r}") from error
    return _read(answer.status_code, read, question=question)


def _listens(path: Path) -> bool:
    """Say whether somebody does, since httpcore leaves its socket open where nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _is_prediction(answer: dict[str, Any], *, rows: int) -> bool:
    try:
        prediction = Prediction.model_validate(answer)
    except ValidationError:
        return False
    return all(
        len(part) == rows for part in (prediction.predictions, prediction.probabilities) if part is not None
    )


def _read_content(answer: httpx.Response, *, question: str) -> bytes:
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES:
            raise HostError(
                f"{question} was answered with more than {ANSWER_BYTES // 2**20} MiB; ask for fewer rows at a time"
            )
    return bytes(content)


def _read(status: int, content: bytes, *, question: str) -> dict[str, Any]:
    """Return the document, or raise what its status stands for. A candidate may have written it."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if httpx.codes.is_success(status) and isinstance(document, dict):
        return document
    try:
        failure = Failure.model_validate(document)
    except ValidationError:
        raise HostError(
            f"{question} was answered with status {status} and no reason that can be read;"
            " the preview's log may say more"
        ) from None
    message = " ".join(failure.error.split())[:MESSAGE_CHARACTERS]
    if status == httpx.codes.BAD_REQUEST:
        raise QueryRefused(message, detail=failure.detail)
    log = next((str(item["log"]) for item in failure.detail if "log" in item), "")
    raise ERRORS.get(status, HostError)(message, log=log)
