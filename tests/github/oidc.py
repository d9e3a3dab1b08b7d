"""The identity of a workflow's job: an issuer with keys, as GitHub Actions has one."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

import jwt
from jwt.algorithms import RSAAlgorithm

from tests.github.keys import make_key
from tests.github.repository import WORKFLOW, FakeRepository

if TYPE_CHECKING:
    from tests.github.hub import Hub

PATH = "/_services/token"
"""Where an Enterprise server has its issuer."""
EARLIER, LATER = 600, 300
"""A token is valid from ten minutes before it was made until five after."""


class Issuer:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.kids = ["oidc-1"]
        """Key ids, the newest last, which signs."""
        self.jobs: dict[str, dict[str, Any]] = {}
        """Claims of the jobs that may ask for a token, by the token that they ask with."""

    @property
    def address(self) -> str:
        return f"{self.hub.api}{PATH}"

    @property
    def kid(self) -> str:
        return self.kids[-1]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones stay published."""
        self.kids.append(f"oidc-{len(self.kids) + 1}")

    def token(self, audience: str, **claims: Any) -> str:
        """Sign a token with these claims over what every token has; a claim of None is left out."""
        now = int(self.hub.clock.now())
        usual = {
            "iss": self.address,
            "aud": audience,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now - EARLIER,
            "exp": now + LATER,
        }
        said = {name: claim for name, claim in (usual | claims).items() if claim is not None}
        return jwt.encode(said, make_key(self.kid), algorithm="RS256", headers={"kid": self.kid})

    def claims(self, repository: FakeRepository, number: int | None = None, **changed: Any) -> dict[str, Any]:
        """Return what a job of a pull request says of itself; without a number, of the default branch."""
        hub, name = self.hub, repository.full_name
        if number is None:
            branch = repository.default_branch
            event, ref, head, base = "push", f"refs/heads/{branch}", "", ""
            sha, actor = repository.find_commit(branch).sha, repository.owner
        else:
            pull = repository.pull(number)
            event, ref = "pull_request", f"refs/pull/{number}/merge"
            head, base, actor = pull.branch, pull.base, pull.author
            sha = pull.merge_commit_sha or pull.head_sha
        workflow = f"{name}/{WORKFLOW}@{ref}"
        return {
            "sub": f"repo:{name}:{'pull_request' if number else f'ref:{ref}'}",
            "repository": name,
            "repository_id": str(repository.id),
            "repository_owner": repository.owner,
            "repository_owner_id": str(repository.owner_id),
            "repository_visibility": "private" if repository.private else "public",
            "ref": ref,
            "ref_type": "branch",
            "ref_protected": "false" if number else "true",
            "sha": sha,
            "head_ref": head,
            "base_ref": base,
            "event_name": event,
            "workflow": "greenroom",
            "workflow_ref": workflow,
            "workflow_sha": sha,
            "job_workflow_ref": workflow,
            "job_workflow_sha": sha,
            "run_id": str(hub.next_id()),
            "run_number": "1",
            "run_attempt": "1",
            "check_run_id": str(hub.next_id()),
            "actor": actor,
            "actor_id": str(hub.person(actor).id),
            "runner_environment": "github-hosted",
            **changed,
        }

    def job(self, repository: FakeRepository, number: int | None = None, **changed: Any) -> dict[str, str]:
        """Start a job that may ask who it is (`id-token: write`), and return the variables that it asks with."""
        token = secrets.token_hex(16)
        self.jobs[token] = self.claims(repository, number, **changed)
        url = f"{self.hub.api}/_services/idtoken?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}

    def publish_keys(self) -> list[dict[str, Any]]:
        """Return the public keys, as a JWKS lists them."""
        return [
            RSAAlgorithm.to_jwk(make_key(kid).public_key(), as_dict=True)
            | {"kid": kid, "use": "sig", "alg": "RS256"}
            for kid in self.kids
        ]
