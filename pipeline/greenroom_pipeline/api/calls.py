"""One request to the server and its answer: time-outs, what may be tried again, and errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from greenroom_pipeline.access import SERVER, TOKEN, Access
from greenroom_pipeline.errors import ServerError
from greenroom_services.errors import BundlingError
from greenroom_services.previews import Failure

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 30.0
ANSWER_BYTES = 2**20
MESSAGE_CHARACTERS = 1_000
Document = TypeVar("Document", bound=BaseModel)


class Later(Exception):
    """The server asks to be asked later; *reason* is what to say when it stays so."""

    def __init__(self, reason: ServerError, *, seconds: float = SHORTEST_WAIT) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.seconds = seconds


class Unanswered(Later):
    """The server was not reached, or its answer was lost."""


class CredentialEnded(ServerError):
    """The server does not take the credential, or no longer."""


@contextmanager
def asking(
    access: Access, method: str, path: str, *, token: str, seconds: float = ANSWER_SECONDS, **request: Any
) -> Iterator[httpx.Response]:
    """Send a request with the credential *token*, and give the answer while it is read."""
    timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
    authorization = {"Authorization": f"Bearer {token}"}
    try:
        with (
            httpx.Client(headers=authorization, timeout=timeout, trust_env=not access.is_near) as client,
            client.stream(method, f"{access.address}/api{path}", **request) as answer,
        ):
            yield answer
    except BundlingError as error:
        raise ServerError(f"the bundle could not be sent: {error}") from error
    except httpx.TransportError as error:
        raise Unanswered(
            ServerError(
                f"the server at {SERVER} {access.address} does not answer ({str(error) or type(error).__name__});"
                " see that `greenroom serve` runs there, and the address"
            )
        ) from error


def read(access: Access, answer: httpx.Response, kind: type[Document]) -> Document:
    """Return the document that the server answers with; raises what `require_success` raises."""
    require_success(access, answer)
    try:
        return kind.model_validate_json(read_some(answer))
    except ValidationError:
        raise explain_unreadable(access, answer) from None


def require_success(access: Access, answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise _explain_ended(access)
    refusal = read_refusal(access, answer)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise Later(refusal, seconds=_read_wait(answer))
    raise refusal


def _explain_ended(access: Access) -> CredentialEnded:
    if isinstance(access.credential, str):
        return CredentialEnded(
            f"{access.address} does not take {TOKEN}: it is unknown there, expired or revoked; make another"
            " there with `greenroom token create --scope deploy`"
        )
    return CredentialEnded(
        f"{access.address} does not take the session that it has just given; see that one server answers there"
    )


def read_refusal(access: Access, answer: httpx.Response) -> ServerError:
    """Return what the server says against the request, in its own words."""
    try:
        failure = Failure.model_validate_json(read_some(answer))
    except ValidationError:
        return explain_unreadable(access, answer)
    log = next((str(item["log"]) for item in failure.detail if "log" in item), "")
    said = " ".join(failure.error.split())[:MESSAGE_CHARACTERS]
    return ServerError(f"the server refuses ({answer.status_code}): {said}", log=log)


def explain_unreadable(access: Access, answer: httpx.Response) -> ServerError:
    return ServerError(
        f"{access.address} answers {answer.status_code} with something that is none of Greenroom's; see"
        f" that {SERVER} is a server of this version, without a proxy that asks for a sign-in before it"
    )


def read_some(answer: httpx.Response) -> bytes:
    """Return the answer's content, or the beginning of one that no document is as long as."""
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES:
            break
    return bytes(content)


def _read_wait(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    seconds = float(said) if said.isdecimal() else SHORTEST_WAIT
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
