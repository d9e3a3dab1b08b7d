"""What the preview host is told and what it answers: the documents of its control API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

ProjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$")]
SlotName = Annotated[str, Field(pattern=r"^([0-9]{1,18}|production|staging)$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
State = Literal["awake", "waking", "asleep", "starting", "failed", "stopped"]


class Address(BaseModel):
    """Which preview: a project's slot, that is a pull request's number, `production` or `staging`."""

    model_config = ConfigDict(frozen=True)

    project: ProjectName
    slot: SlotName

    def __str__(self) -> str:
        return f"{self.project}/{self.slot}"


class BundledFile(BaseModel):
    """A file of a bundle, as its manifest names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    size: int = Field(ge=0, description="Bytes.")


class Manifest(BaseModel):
    """What a bundle is: first in its archive, as `manifest.json`, with every other file and its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    version: Literal[1] = Field(1, description="Version of this document.")
    project: ProjectName
    slot: SlotName
    repository: str = Field("", max_length=200, description="The forge's id of the repository.")
    sha: Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")] = Field(description="Head commit.")
    model: Sha256 = Field(description="Digest of the model, as `digest_folder` has it.")
    requirements: tuple[str, ...] = Field(description="What its environment holds.")
    requirements_digest: Sha256 = Field(description="SHA-256 of the requirements, joined by line feeds.")
    probe: dict[str, Any] | None = Field(None, description="An example row that it must answer.")
    timeout: FiniteFloat = Field(
        120, gt=0, description="Seconds until its first answer, the environment not counted."
    )
    routes: tuple[str, ...] = Field((), description="Path prefixes that its service has besides its own two.")
    order: int | None = Field(
        None, ge=0, description="The larger is newer; the host counts on where there is none."
    )
    files: dict[str, BundledFile] = Field(
        description="By path, with slashes: `bento/…` and what else travels."
    )


class PreviewState(BaseModel):
    """One slot as it is now."""

    model_config = ConfigDict(frozen=True)

    project: str
    slot: str
    state: State
    bento: str = Field(
        description="Folder of the Bento that runs in the slot, awake or asleep; empty for none."
    )
    bundle: str | None = Field(None, description="SHA-256 of the bundle that it came in.")
    sha: str | None = Field(None, description="Head commit that it was made for.")
    model: dict[str, str | None] = Field({}, description="Name, version and digest of its model.")
    address: str | None = Field(None, description="Where programs query it, on the gateway.")
    seconds: float | None = Field(None, description="From its last start to its first answer.")
    error: str | None = Field(None, description="Why the newest deployment to this slot failed, if it did.")
    log: str = Field("", description="The last lines of the preview that failed.")
    wakes: int = Field(0, description="How often it was woken since the host started.")
    requests: int = Field(0, description="Queries that it answered since the host started.")
    errors: int = Field(0, description="Of these, and of those that broke off: how many failed on its side.")
    memory: int | None = Field(None, description="Bytes that are its alone, when it was last measured.")
    last_used: float = Field(0.0, description="Seconds since its last deployment or visit.")
    keep_awake: bool = Field(False, description="Whether it is kept awake; production is without the label.")
    expires: float | None = Field(None, description="Seconds until it is removed unless it is visited.")
    evicted: bool = Field(False, description="Whether its bundle had to make room for others.")


class PreviewStates(BaseModel):
    """Several slots, by project and slot."""

    previews: list[PreviewState]


class PreviewLog(BaseModel):
    """The last lines that a slot's previews wrote."""

    log: str


class OpenPulls(BaseModel):
    """What a sweep is told: the pull requests of a project that are open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: ProjectName
    open: list[Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]]


class Prediction(BaseModel):
    """What a candidate's service answers to rows: a label or number each."""

    model_config = ConfigDict(strict=True)

    predictions: list[str | bool | int | float | None]
    probabilities: list[dict[str, FiniteFloat]] | None = None
    model: dict[str, str | None]


class Feature(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str


class Profile(BaseModel):
    features: list[Feature]


class Description(BaseModel):
    """What a candidate's service says of itself, as far as others rely on it."""

    model_config = ConfigDict(strict=True)

    signature: dict[str, Any]
    profile: Profile
    task: str
    model: dict[str, Any]


class Failure(BaseModel):
    """The one shape of errors, here and in the candidate's service."""

    error: str
    detail: list[dict[str, Any]] = []
