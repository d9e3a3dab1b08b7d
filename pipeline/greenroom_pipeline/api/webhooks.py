"""What the forge tells the server: held against its signature, kept as a hint, and answered before it is acted on."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greenroom_pipeline.api.turns import Turns
from greenroom_pipeline.events.hints import read_hint
from greenroom_pipeline.events.inbox import Inbox
from greenroom_pipeline.forge.registration import AppKeys, Registration

_log = logging.getLogger(__name__)
MIB = 2**20
MOST_BYTES = 25 * MIB
"""The forge sends no more than that."""
MOST_AT_ONCE = 8
"""Anybody may begin to send one, and it takes memory before its signature is known."""
SECONDS = 10.0
"""The forge itself waits no longer for an answer."""
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,100}")
_EVENT = re.compile(r"[a-z0-9_]{1,50}")


class Webhooks:
    """The endpoint of one repository's events; without an App there is nobody whom it would believe."""

    def __init__(self, registration: Registration | None, inbox: Inbox) -> None:
        self._registration = registration
        self._inbox = inbox
        self._turns = Turns(MOST_AT_ONCE, refusal="many events come at once; send it again soon")

    async def receive(self, request: Request) -> Response:
        """Keep the event and answer 202, whether it is new, known already or of no use here."""
        registration = self._registration
        if registration is None or registration.app is None:
            raise HTTPException(404, "no GitHub App is registered here; `greenroom init --app` makes one")
        event, delivery, signature = _read_headers(request.headers)
        with self._turns.take():
            with tempfile.SpooledTemporaryFile(max_size=MIB) as body:
                await _require_signature(request, body, signature=signature, app=registration.app)
                payload = _parse(body)
            hint = read_hint(event, payload, repository=registration.repository_id)
            if hint is None:
                _log.debug("delivery %s (%s) is of no use here", delivery, event)
                return _accept("dropped")
            content = hint.model_dump(mode="json")
            new = await self._turns.run(self._inbox.add, delivery, hint.kind, content)
        return _accept("kept" if new else "known")


def _accept(what: str) -> Response:
    return JSONResponse({"delivery": what}, status_code=202)


def _read_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Return event, delivery and signature; what the headers alone show to be wrong is refused before any byte."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise _refuse_size()
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "an event comes as JSON; set the webhook's content type to application/json")
    event, delivery = headers.get("x-github-event", ""), headers.get("x-github-delivery", "")
    if _EVENT.fullmatch(event) is None or _DELIVERY.fullmatch(delivery) is None:
        raise HTTPException(400, "an event comes with the headers X-GitHub-Event and X-GitHub-Delivery")
    signature = _SIGNATURE.fullmatch(headers.get("x-hub-signature-256", ""))
    if signature is None:
        raise _refuse_signature()
    return event, delivery, signature[1]


async def _require_signature(request: Request, body: IO[bytes], *, signature: str, app: AppKeys) -> None:
    """Read the request into *body*, and refuse it unless it was signed with one of the App's secrets."""
    secrets = [secret.get_secret_value() for secret in app.webhook_secrets]
    try:
        async with asyncio.timeout(SECONDS):
            digests = await _read(request, body, secrets)
    except TimeoutError:
        raise HTTPException(
            408, f"the event was not there within {SECONDS:g} seconds; send it again"
        ) from None
    # All of them are compared, so that the time tells nothing.
    matches = [hmac.compare_digest(digest, signature) for digest in digests]
    if True not in matches:
        raise _refuse_signature()


async def _read(request: Request, body: IO[bytes], secrets: Sequence[str]) -> list[str]:
    """Write what comes to *body*, and return its HMAC by each secret."""
    signers = [hmac.new(secret.encode(), digestmod="sha256") for secret in secrets]
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise _refuse_size()
        for signer in signers:
            signer.update(chunk)
        body.write(chunk)
    return [signer.hexdigest() for signer in signers]


def _parse(body: IO[bytes]) -> Mapping[str, Any]:
    body.seek(0)
    try:
        payload = json.load(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise HTTPException(400, "the event is no JSON object; send it as GitHub does")
    return payload


def _refuse_size() -> HTTPException:
    return HTTPException(413, f"the event is larger than {MOST_BYTES // MIB} MiB, which GitHub never sends")


def _refuse_signature() -> HTTPException:
    return HTTPException(
        401,
        "the event is not signed with this App's webhook secret (X-Hub-Signature-256); see that both sides have it",
    )
