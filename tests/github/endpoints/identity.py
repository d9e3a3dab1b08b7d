"""The issuer of the jobs' identities: its discovery, its keys, and where a job asks for a token."""

from __future__ import annotations

from tests.github.calls import Answer, Call, Refusal, endpoint
from tests.github.oidc import PATH


@endpoint("GET", f"{PATH}/.well-known/openid-configuration", kind="open")
def get_configuration(call: Call) -> Answer:
    address = call.hub.oidc.address
    return Answer(
        200,
        {
            "issuer": address,
            "jwks_uri": f"{address}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        },
    )


@endpoint("GET", f"{PATH}/.well-known/jwks", kind="open")
def get_keys(call: Call) -> Answer:
    return Answer(200, {"keys": call.hub.oidc.publish_keys()})


@endpoint("GET", "/_services/idtoken", kind="open")
def create_token(call: Call) -> Answer:
    """Give a job its token; without an audience, it is for the repository's owner."""
    scheme, _, asker = call.headers.get("authorization", "").partition(" ")
    claims = call.hub.oidc.jobs.get(asker)
    if scheme.lower() != "bearer" or claims is None:
        raise Refusal(401, "Unauthorized")
    audience = call.query.get("audience", f"{call.hub.api}/{claims['repository_owner']}")
    return Answer(200, {"count": 1, "value": call.hub.oidc.token(audience, **claims)})
