"""Tokens of programs: each for one thing, on one project and slot, until it expires or is revoked."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from greenroom_services.errors import TokenError
from greenroom_services.previews import ProjectName, Sha256, SlotName

log = logging.getLogger(__name__)

TOKENS_FILE = "tokens.json"
PREFIX = "grt"
ID_BYTES = 6
SECRET_BYTES = 32
SHAPE = re.compile(r"grt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
ANY = "*"
ALLOWED = {
    "project": "give its name as greenroom.toml has it, in small letters, digits and dashes, or * for all",
    "slot": "give a pull request's number, `production` or `staging`, or * for all of them",
    "name": "give 100 characters at most",
}

Scope = Literal["query", "deploy"]
Stamp = tuple[int, int, int]


class Token(BaseModel):
    """What a token lets its bearer do; of its secret there is only the hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    name: str = Field("", max_length=100, description="What it is for.")
    scope: Scope
    project: ProjectName | Literal["*"]
    slot: SlotName | Literal["*"]
    created: AwareDatetime
    expires: AwareDatetime
    sha256: Sha256 = Field(description="Hash of the secret.")

    def allows(self, scope: Scope, project: str, slot: str) -> bool:
        return self.scope == scope and self.project in (ANY, project) and self.slot in (ANY, slot)


class TokenFile(BaseModel):
    """The document on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    tokens: tuple[Token, ...] = ()


def read_clock() -> datetime:
    return datetime.now(UTC)


class TokenStore:
    """The tokens in the file *path*, which may be written by another process at any time."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = read_clock) -> None:
        self._path = path
        self._now = now
        self._stamp: Stamp | None = None
        self._known: dict[str, Token] = {}

    def create(
        self, *, scope: Scope, project: str, slot: str, expires: datetime, name: str = ""
    ) -> tuple[str, str]:
        """Return the new token's id and its text, which is not kept; `TokenError` for what none can be bound to."""
        number, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        now = self._now()
        if expires <= now:
            raise TokenError(
                f"a token that expires at {expires:%Y-%m-%d %H:%M} is of no use; let it live longer"
            )
        try:
            token = Token(
                id=number,
                name=name,
                scope=scope,
                project=project,
                slot=slot,
                created=now,
                expires=expires,
                sha256=_digest(secret),
            )
        except ValidationError as error:
            raise TokenError(_explain(error)) from None
        with self._changing() as tokens:
            tokens[number] = token
        return number, f"{PREFIX}_{number}_{secret}"

    def verify(self, text: str, scope: Scope, project: str, slot: str) -> Token | None:
        """Return the token that *text* is, if it lives and allows this; how it falls short is told nobody."""
        token = self.find(text)
        return token if token is not None and token.allows(scope, project, slot) else None

    def find(self, text: str) -> Token | None:
        """Return the token that *text* is, if it lives. A file that cannot be read lets nobody in."""
        shape = SHAPE.fullmatch(text)
        if shape is None:
            return None
        token = self._read_if_changed().get(shape[1])
        # Compared also where there is no such token, so that the time tells nothing.
        right = secrets.compare_digest(_digest(shape[2]), token.sha256 if token else "0" * 64)
        return token if token is not None and right and token.expires > self._now() else None

    def list(self) -> list[Token]:
        """Return all tokens, the oldest first, expired ones too; `TokenError` when the file is damaged."""
        return sorted(self._read().values(), key=lambda token: token.created)

    def living(self, scope: Scope) -> bool:
        """Say whether there is any token of this scope that has not expired."""
        return any(token.scope == scope and token.expires > self._now() for token in self._read().values())

    def revoke(self, id: str) -> Token:
        """Remove the token, and with it those that have expired; a running host notices at once."""
        with self._changing() as tokens:
            if id not in tokens:
                raise TokenError(f"there is no token {id!r}; `greenroom token list` shows their ids")
            return tokens.pop(id)

    def _read_if_changed(self) -> dict[str, Token]:
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            try:
                self._known = self._read()
            except TokenError as error:
                log.warning("%s", error)
                self._known = {}
            self._stamp = stamp
        return self._known

    def _read(self) -> dict[str, Token]:
        try:
            content = TokenFile.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            reason = str(error).splitlines()[0]
            raise TokenError(
                f"{self._path} cannot be read ({reason}); mend it, or remove it and make new tokens"
            ) from error
        return {token.id: token for token in content.tokens}

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Token]]:
        """Give the tokens to change, alone; what has expired is left out when they are written."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = self._read()
            yield tokens
            now = self._now()
            self._write([token for token in tokens.values() if token.expires > now])

    def _write(self, tokens: Sequence[Token]) -> None:
        """Write the file whole, for this user alone: the temporary file is made so."""
        descriptor, partial = tempfile.mkstemp(prefix=".tokens.", dir=self._path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(TokenFile(tokens=tuple(tokens)).model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(self._path)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _stamp(path: Path) -> Stamp | None:
    """Return what changes whenever the file is written: it is another file each time."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    field = str(first["loc"][0])
    return f"{field} {first['input']!r} of a token cannot be; {ALLOWED.get(field, first['msg'].lower())}"
