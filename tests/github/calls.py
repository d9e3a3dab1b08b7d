"""What an endpoint is given and gives: a call, an answer, a refusal, and pages of a list."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.github.hub import Hub
    from tests.github.repository import FakeRepository
    from tests.github.rights import Caller

Item = TypeVar("Item")


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, str] | str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: Callable[[], Awaitable[None]] | None = None
    """Done once the answer is sent."""

    def encode(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Call:
    hub: Hub
    caller: Caller
    method: str
    path: str
    """As it is sent: percent-encoded, without the query."""
    parts: Mapping[str, str]
    """What the path's template names."""
    query: Mapping[str, str]
    body: Any
    raw: bytes
    headers: Mapping[str, str]

    @property
    def repository(self) -> FakeRepository:
        return self.hub.find_repository(f"{self.parts['owner']}/{self.parts['repo']}")

    def number(self, name: str) -> int:
        """Return a part of the path that is an id; 404 for one that is none, as GitHub has it."""
        part = self.parts[name]
        if not part.isascii() or not part.isdigit():
            raise Refusal(404, "Not Found")
        return int(part)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Endpoint:
    method: str
    template: str
    needs: tuple[str, ...]
    """Any of these rights is enough, each like `checks=write`."""
    handle: Handler
    kind: str
    """Who it is for: `token`, `free` of limits as well, `jwt` for an App that signs, or `open` for anybody."""


ENDPOINTS: list[Endpoint] = []


def endpoint(method: str, template: str, *needs: str, kind: str = "token") -> Callable[[Handler], Handler]:
    """Answer what GitHub's description has under *template*; those under a repository need one of *needs*."""

    def register(handle: Handler) -> Handler:
        ENDPOINTS.append(Endpoint(method, template, needs, handle, kind))
        return handle

    return register


def find(items: Sequence[Item], wanted: Callable[[Item], bool]) -> Item:
    """Return the first that is wanted; 404 when there is none."""
    for item in items:
        if wanted(item):
            return item
    raise Refusal(404, "Not Found")


def invalid(message: str, *, resource: str = "", field: str = "", code: str = "custom") -> Refusal:
    """Return a 422 in the shape of GitHub's validation errors."""
    error = {"resource": resource, "code": code, "field": field, "message": message}
    return Refusal(422, "Validation Failed", errors=[error])


def page(call: Call, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
    """Return one page, 30 unless asked for up to 100, and the header that links the others."""
    per_page = max(1, min(100, int(call.query.get("per_page", 30))))
    number = max(1, int(call.query.get("page", 1)))
    last = max(1, -(-len(items) // per_page))
    links = ", ".join(f'<{_address(call, each)}>; rel="{name}"' for name, each in _neighbours(number, last))
    return items[(number - 1) * per_page : number * per_page], {"Link": links} if links else {}


def _neighbours(number: int, last: int) -> Iterator[tuple[str, int]]:
    if number > 1:
        yield from (("first", 1), ("prev", number - 1))
    if number < last:
        yield from (("next", number + 1), ("last", last))


def _address(call: Call, number: int) -> str:
    """Address a page by the repository's id, as GitHub does: links outlive a new name."""
    path = call.path
    if "owner" in call.parts:
        _, _, _, _, *rest = path.split("/")
        path = "/".join(["/repositories", str(call.repository.id), *rest])
    return f"{call.hub.api}{path}?{urlencode({**call.query, 'page': number})}"
