"""The OIDC token of a job in GitHub Actions: what it must prove, claim by claim, and what it then proves.

Nothing here asks anybody; the keys and what is known of the pull request are given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from greenroom_pipeline.errors import ProofError, ProofUnfit
from greenroom_pipeline.forge import PullRequest

ALGORITHM = "RS256"
LEEWAY = 60
"""Seconds by which two clocks may differ."""
TOKEN_CHARACTERS = 8_192
SHOWN_CHARACTERS = 100
PULL_REF = re.compile(r"refs/pull/([1-9][0-9]{0,17})/merge")
_JWS = jwt.PyJWS(options={"enforce_minimum_key_length": True})


def _read_id(value: Any) -> Any:
    """Take a number that is written as text, which is how GitHub writes it, and nothing else that looks like one."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else value


Id = Annotated[int, Field(strict=True, ge=0, lt=2**63), BeforeValidator(_read_id)]
Time = Annotated[int, Field(strict=True, ge=0, lt=2**40, description="Seconds since 1970.")]
Text = Annotated[str, Field(min_length=1)]


class Claims(BaseModel):
    """What a token says, under the names that GitHub gives it; all of it is signed, and none of it is a secret.

    Neither `sub` nor a name is among them: both change, and a name can be taken by somebody else.
    """

    model_config = ConfigDict(frozen=True)

    iss: Text
    aud: Text
    exp: Time
    nbf: Time
    iat: Time
    jti: Text
    repository_id: Id
    repository_owner_id: Id
    event_name: Text
    ref: Text
    sha: str = Field(
        pattern="^([0-9a-f]{40}|[0-9a-f]{64})$",
        description="Of a pull request, GitHub's merge on trial of it.",
    )
    head_ref: str = Field("", description="The pull request's branch; empty for other events.")


@dataclass(frozen=True)
class Proof:
    """Which pull request a job may write, and the one commit of it."""

    number: int
    sha: str


def read_kid(token: str) -> str:
    """Return the id of the key that a token says it is signed with; `ProofError` for what no such token is."""
    if len(token) > TOKEN_CHARACTERS:
        raise ProofError(f"the token is longer than {TOKEN_CHARACTERS} characters; send the job's OIDC token")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise ProofError("the token is no signed JWT; send the job's OIDC token") from None
    if header.get("alg") != ALGORITHM:
        raise ProofError(f"the token's alg is {_show(header.get('alg'))}; only {ALGORITHM} is taken")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ProofError("the token names no key (kid); send the job's OIDC token as GitHub gave it")
    return kid


def read_claims(token: str, key: jwt.PyJWK) -> Claims:
    """Return what a token says that was signed with the key; `ProofError` for any other, and for one without it."""
    try:
        payload = _JWS.decode(token, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        raise ProofError("the token's signature is not its issuer's; send the job's OIDC token") from None
    try:
        return Claims.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        claim = ".".join(map(str, first["loc"])) or "content"
        raise ProofError(
            f"the token's {claim} is missing or malformed; send the job's OIDC token as GitHub gave it"
        ) from None


def require_issued(claims: Claims, *, issuer: str, audience: str, now: float) -> None:
    """Raise `ProofError` unless the issuer made the token for this audience, and it holds now."""
    if claims.iss != issuer:
        raise ProofError(f"the token's iss is {_show(claims.iss)}, and this server takes those of {issuer}")
    if claims.aud != audience:
        raise ProofError(f"the token's aud is {_show(claims.aud)}; ask for one for {audience}")
    if now >= claims.exp + LEEWAY:
        raise ProofError("the token has expired (exp); fetch a fresh one")
    for name, begin in (("nbf", claims.nbf), ("iat", claims.iat)):
        if now < begin - LEEWAY:
            raise ProofError(f"the token is not valid yet ({name}); see that this server's clock is right")


def require_repository(claims: Claims, *, repository_id: int, owner_id: int) -> None:
    """Raise `ProofUnfit` for a job of another repository, or of this one in other hands."""
    if claims.repository_id != repository_id:
        raise ProofUnfit(
            f"the token's repository_id is {claims.repository_id}, and this server is for {repository_id}"
        )
    if claims.repository_owner_id != owner_id:
        raise ProofUnfit(
            f"the token's repository_owner_id is {claims.repository_owner_id}, and this server is for an owner"
            f" {owner_id}; after a transfer run `greenroom init --app` again"
        )


def read_number(claims: Claims) -> int:
    """Return the pull request that a job is for; `ProofUnfit` for a job of another event."""
    if claims.event_name != "pull_request":
        raise ProofUnfit(
            f"the token's event_name is {_show(claims.event_name)}; only a job of a pull_request hands in here"
        )
    found = PULL_REF.fullmatch(claims.ref)
    if found is None:
        raise ProofUnfit(f"the token's ref is {_show(claims.ref)}, and not refs/pull/NUMBER/merge")
    return int(found[1])


def require_pull(claims: Claims, pull: PullRequest, *, commit: str | None) -> None:
    """Raise `ProofUnfit` unless the forge agrees: the pull request is open, no fork's, and still where the job is.

    *commit* is the one that the job says it has checked out, or None where it does not say.
    """
    number = pull.number
    if pull.state != "open":
        raise ProofUnfit(f"pull request {number} is {pull.state}; nothing of it is taken any more")
    if pull.is_fork:
        raise ProofUnfit(
            f"pull request {number} comes from a fork; a maintainer approves its commit, and its job sends nothing"
        )
    if claims.head_ref != pull.branch:
        raise ProofUnfit(
            f"the token's head_ref is {_show(claims.head_ref)}, and pull request {number} is of"
            f" {_show(pull.branch)}; run its newest commit"
        )
    if commit not in (None, pull.head):
        raise ProofUnfit(
            f"commit {str(commit)[:7]} is not the newest of pull request {number}, which is {pull.head[:7]}; run that"
            " one, checked out with `ref: ${{ github.event.pull_request.head.sha }}`"
        )


def require_newest(claims: Claims, pull: PullRequest, *, parents: Sequence[str] | None) -> None:
    """Raise `ProofUnfit` unless the job's `sha` is a merge of the pull request's newest commit.

    *parents* are what that commit was made from, or None where the forge cannot know it.
    """
    if parents is None or (len(parents) > 1 and pull.head in parents[1:]):
        return
    raise ProofUnfit(
        f"this job is of an older commit: the token's sha {claims.sha[:7]} is no merge of {pull.head[:7]}, the"
        f" newest of pull request {pull.number}; run that one"
    )


def _show(value: object) -> str:
    return repr(value)[:SHOWN_CHARACTERS]
