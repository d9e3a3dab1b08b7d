"""The way of every call: who asks, whether they may, what is answered, and whether both are as described."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.github.calls import Answer, Call, Endpoint, Refusal
from tests.github.endpoints import list_endpoints
from tests.github.faults import AFTER, Fault, Interruption, fail_after, fail_before
from tests.github.hub import Hub
from tests.github.identification import NOBODY, identify
from tests.github.rights import require_right, require_sight
from tests.github.validation import Answered, ask, described, find_faults_of_request, find_faults_of_response

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass
class Seen:
    """A request that came in, and what became of it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    login: str = ""
    status: int = 0


@dataclass
class Desk:
    """Takes every call to the hub."""

    hub: Hub
    faults: list[Fault] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """Requests and answers that are not as GitHub describes them."""

    def build(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.serve, methods=METHODS)])

    async def serve(self, request: Request) -> Response:
        raw = await request.body()
        path = request.scope["raw_path"].decode().split("?")[0]
        seen = Seen(request.method, path, dict(request.query_params), dict(request.headers), _parse(raw))
        self.seen.append(seen)
        for interruption in self.interruptions:
            if interruption.strikes(seen.method, path):
                await run_in_threadpool(interruption.happens)
        fault = next((each for each in self.faults if each.takes(seen.method, path)), None)
        answer = self._answer(seen, raw, fault)
        seen.status = answer.status
        if fault is not None and fault.what in AFTER:
            return fail_after(fault, answer)
        background = BackgroundTask(answer.after) if answer.after else None
        kind = "application/json; charset=utf-8" if not isinstance(answer.body, bytes) else None
        return Response(
            answer.encode(), answer.status, answer.headers, media_type=kind, background=background
        )

    def _answer(self, seen: Seen, raw: bytes, fault: Fault | None) -> Answer:
        headers: dict[str, str] = {}
        try:
            if fault is not None:
                fail_before(fault)
            answer = self._redirect(seen) or self._route(seen, raw, headers)
        except Refusal as refusal:
            answer = _refuse(refusal)
        answer.headers = headers | answer.headers
        return answer

    def _redirect(self, seen: Seen) -> Answer | None:
        """Lead from a repository's former name on to its id."""
        _, area, owner, name, *rest = [*seen.path.split("/"), "", "", ""]
        renamed = self.hub.find_renamed(f"{owner}/{name}") if area == "repos" else None
        if renamed is None:
            return None
        tail = "/".join(["", *(part for part in rest if part)])
        query = f"?{urlencode(seen.query)}" if seen.query else ""
        url = f"{self.hub.api}/repositories/{renamed.id}{tail}{query}"
        status = 301 if seen.method == "GET" else 307
        return Answer(status, {"message": "Moved Permanently", "url": url}, {"Location": url})

    def _route(self, seen: Seen, raw: bytes, headers: dict[str, str]) -> Answer:
        """Answer a call by its endpoint; *headers* takes what goes with every answer of it."""
        path = self._resolve(seen.path)
        endpoint, parts = self._match(seen.method, path)
        caller = NOBODY if endpoint.kind == "open" else identify(self.hub, seen.headers)
        seen.login = caller.login
        if endpoint.needs:
            headers["X-Accepted-GitHub-Permissions"] = "; ".join(endpoint.needs)
        call = Call(self.hub, caller, seen.method, path, parts, seen.query, seen.body, raw, seen.headers)
        if endpoint.kind in ("open", "free"):
            return self._hold(endpoint, call)
        return self._meter(endpoint, call, headers)

    def _meter(self, endpoint: Endpoint, call: Call, headers: dict[str, str]) -> Answer:
        """Answer a call within its caller's limits; what has not changed since is free."""
        limits, token = self.hub.limits, call.headers.get("authorization", "")
        creates = call.method == "POST" and "owner" in call.parts
        try:
            limits.require_room(call.caller, token, call.method, creates=creates)
            answer = self._hold(endpoint, call)
            if answer.status == 200 and not isinstance(answer.body, bytes):
                answer.headers["ETag"] = f'W/"{hashlib.sha256(answer.encode()).hexdigest()}"'
                if call.headers.get("if-none-match") == answer.headers["ETag"]:
                    return Answer(304, None, answer.headers)
            limits.charge(token)
            return answer
        finally:
            headers |= limits.headers(call.caller, token)

    def _hold(self, endpoint: Endpoint, call: Call) -> Answer:
        """Answer a call, with both it and the answer held to the description."""
        what, statuses = f"{call.method} {call.path}", described().get(endpoint.template)
        asked = ask(
            call.method, _write_path(endpoint, call), query=call.query, headers=call.headers, body=call.raw
        )
        try:
            _admit(endpoint, call)
            if statuses is not None and self._note(f"asked {what}", find_faults_of_request(asked)):
                raise Refusal(422, "Invalid request.", errors=[self.violations[-1]])
            answer = endpoint.handle(call)
        except Refusal as refusal:
            answer = _refuse(refusal)
        except Exception as error:
            self._note(what, [f"the tests' GitHub fails: {error!r}"])
            raise
        if statuses is None:
            return answer
        if str(answer.status) in statuses[call.method.lower()]:
            answered = Answered(answer.status, "application/json", answer.headers, answer.encode())
            self._note(f"answered {what}", find_faults_of_response(asked, answered))
        elif answer.status < 300:
            self._note(f"answered {what}", [f"{answer.status} is not described"])
        return answer

    def _match(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        for endpoint in list_endpoints():
            matched = _pattern(endpoint.template).fullmatch(path)
            if matched is not None and endpoint.method == method:
                return endpoint, {name: unquote(part) for name, part in matched.groupdict().items()}
        for template, methods in described().items():
            if method.lower() in methods and _pattern(template).fullmatch(path):
                self._note(f"asked {method} {path}", ["GitHub answers that, the tests' GitHub does not yet"])
        raise Refusal(404, "Not Found")

    def _resolve(self, path: str) -> str:
        """Return a path by a repository's id as one by its name."""
        matched = re.match(r"/repositories/(\d+)(/.*)?$", path)
        if matched is None:
            return path
        for repository in self.hub.repositories:
            if repository.id == int(matched[1]):
                return f"/repos/{repository.full_name}{matched[2] or ''}"
        raise Refusal(404, "Not Found")

    def _note(self, what: str, faults: list[str]) -> bool:
        self.violations.extend(f"{what}: {fault}" for fault in faults)
        return bool(faults)


def _admit(endpoint: Endpoint, call: Call) -> None:
    if endpoint.kind == "open":
        return
    if endpoint.kind == "jwt":
        if call.caller.kind != "jwt":
            raise Refusal(401, "A JSON web token could not be decoded")
        return
    if call.caller.kind == "jwt":
        raise Refusal(401, "Bad credentials")
    if "owner" in call.parts:
        require_sight(call.caller, call.repository)
        require_right(call.caller, call.repository, endpoint.needs)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    # A file's path is the one part that may go on over slashes.
    named = re.sub(r"\{path\}", "(?P<path>.+)", template)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", named))


def _write_path(endpoint: Endpoint, call: Call) -> str:
    """Return a call's path as the description's reader takes it, which knows no part with slashes."""
    if "path" not in call.parts:
        return call.path
    return endpoint.template.format(**{name: quote(part, safe="") for name, part in call.parts.items()})


def _refuse(refusal: Refusal) -> Answer:
    body: dict[str, Any] = {
        "message": refusal.message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(refusal.status),
    }
    if refusal.errors:
        body["errors"] = refusal.errors
    return Answer(refusal.status, body, dict(refusal.headers))


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else {}
    except ValueError:
        return None
