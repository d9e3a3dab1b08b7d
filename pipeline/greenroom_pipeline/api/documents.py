"""The documents of the server's API, and the one that a bundle brings of its run."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from greenroom_pipeline.observations import Document
from greenroom_pipeline.origin import Digest, Origin, Sha
from greenroom_pipeline.report import Timing, Verdict

MAX_PARAMETERS = 1_000


def _require_parameter_name(name: str) -> str:
    """Refuse what MLflow refuses, which keeps parameters by path in some of its stores."""
    plain = re.fullmatch(r"[\w.\- :/]{1,250}", name) is not None
    if not plain or posixpath.normpath(name) != name or name.startswith((".", "/")):
        raise ValueError(f"{name[:50]!r} is no name of a parameter")
    return name


ParameterName = Annotated[str, AfterValidator(_require_parameter_name)]
ParameterValue = Annotated[str, StringConstraints(max_length=6_000)]
PredictionsKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}-[0-9a-f]{24}$")]


class RunSheet(Document):
    """What a bundle says of its run, as `run.json`."""

    version: Literal[1] = 1
    project: str
    origin: Origin
    parameters: dict[ParameterName, ParameterValue] = Field(
        {}, max_length=MAX_PARAMETERS, description="What training logged."
    )
    predictions: PredictionsKey = Field(description="By which the candidate's predictions are found again.")
    timings: list[Timing] = Field([], max_length=100, description="Steps of the run, in order.")


class Answer(BaseModel):
    """A document that the server answers with."""

    model_config = ConfigDict(frozen=True)


class Health(Answer):
    status: Literal["ok"] = "ok"
    version: str = Field(description="Of Greenroom.")


class Rights(Answer):
    """Where the rights of the credential end that came with the request."""

    project: str = Field(description="The project; `*` for any.")
    slot: str = Field(description="The pull request that it may write; `*` for any.")
    publishes: bool = Field(False, description="Whether the server itself posts on the forge.")


class SessionGrant(Answer):
    """An upload session, for one commit of one pull request."""

    token: str = Field(description="The session's credential, to be sent as a bearer's.", repr=False)
    expires: AwareDatetime
    project: str
    slot: str = Field(description="The pull request that it may write.")
    publishes: bool = Field(description="Whether the server itself posts on the forge.")


class ChampionState(Answer):
    """The model in production."""

    project: str
    version: str
    digest: Digest = Field(description="SHA-256 over the model's files.")
    sha: Sha = Field(description="The commit that it was reviewed at.")
    trained_at: Sha = Field(description="The commit that it was trained at.")
    fingerprint: str = Field(description="Of everything that its training read.")
    bento: str = Field(description="Tag of the Bento that was reviewed.")
    profile: Digest = Field(description="SHA-256 of its feature profile.")


class PreviewLink(Answer):
    """The pull request's preview as it is now."""

    state: str = Field(description="A state of the preview host's, or `absent`.")
    address: str | None = Field(None, description="Where programs query it.")
    error: str | None = Field(None, description="Why it is not there, or did not come up.")
    log: str = Field("", description="Its last lines, when it failed.")


class PullState(Answer):
    """What the server holds of a pull request's newest finished run."""

    project: str
    pull: int
    sha: Sha
    verdict: Verdict
    summary: str
    version: str = Field(description="Of the candidate in MLflow's registry.")
    digest: Digest = Field(description="SHA-256 over the model's files.")
    bundle: Digest | None = Field(description="SHA-256 of the bundle; null for a run on the server itself.")
    preview: PreviewLink


def as_json(document: Answer) -> dict[str, Any]:
    return document.model_dump(mode="json")
