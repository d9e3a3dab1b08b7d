"""What a server knows of its repository on GitHub: `github.json` in its home, readable by its user alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_serializer

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.observations import Document

FILE = "github.json"
DEFAULT_WORKFLOW = ".github/workflows/greenroom.yml"
PUBLIC_API = "https://api.github.com"
PUBLIC_ISSUER = "https://token.actions.githubusercontent.com"
Address = Annotated[str, Field(pattern=r"^https?://[^\s?#]*[^\s?#/]$")]


class AppKeys(Document):
    """A GitHub App of our own: who it is, and how it proves that."""

    id: int
    slug: str = Field(description="Its comments are by `slug[bot]`.")
    private_key: SecretStr
    webhook_secrets: tuple[SecretStr, ...] = Field(
        min_length=1,
        max_length=2,
        description="Newest first; the second is still taken while one is replaced.",
    )
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")

    @field_serializer("private_key", "webhook_secrets", "client_secret", when_used="json")
    def _reveal(self, value: SecretStr | tuple[SecretStr, ...]) -> str | list[str]:
        """Write secrets as they are into the one file that keeps them."""
        return (
            value.get_secret_value()
            if isinstance(value, SecretStr)
            else [each.get_secret_value() for each in value]
        )


class Registration(Document):
    """One repository on GitHub, by ids that survive its renaming, and this server's own address."""

    version: Literal[1] = 1
    api: Address = Field(PUBLIC_API, description="Of GitHub; an Enterprise server's ends in /api/v3.")
    server: Address = Field(
        description="Public address of this server: webhooks, links and the audience of OIDC."
    )
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    repository_id: int
    owner_id: int
    app: AppKeys | None = None
    issuer: Address | None = Field(
        None, description="Of OIDC tokens; None for the one that belongs to *api*."
    )
    workflow: str = Field(DEFAULT_WORKFLOW, description="The one workflow whose runs count.")


def find_issuer(registration: Registration) -> str:
    """Return whose OIDC tokens are taken: github.com's, an Enterprise server's, or a data residency's."""
    if registration.issuer is not None:
        return registration.issuer
    if registration.api == PUBLIC_API:
        return PUBLIC_ISSUER
    parts = urlsplit(registration.api)
    host = parts.hostname or ""
    if host.startswith("api.") and host.endswith(".ghe.com"):
        return f"https://token.actions.{host.removeprefix('api.')}"
    return f"{parts.scheme}://{parts.netloc}/_services/token"


def read_registration(home: Path) -> Registration | None:
    """Return what stands in the home, or None; `SettingsError` for a file that is damaged or that others read."""
    path = home / FILE
    if not path.exists():
        return None
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} holds a private key that other users may read; run `chmod 600 {path}`")
    try:
        return Registration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"{path} is damaged ({place}: {first['msg']}); run `greenroom init --app` again"
        ) from None


def write_registration(home: Path, registration: Registration) -> Path:
    """Write it in one step, for this user alone, and return its path."""
    path = home / FILE
    write_private(path, registration.model_dump_json(indent=2) + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file in one step, which this user alone may read from its first byte on."""
    draft = path.with_name(f".{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
