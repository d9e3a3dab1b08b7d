"""Making an App from a manifest: a form that a person agrees to, then a code that is traded for its keys."""

from __future__ import annotations

import json
import secrets
from urllib.parse import parse_qs, urlencode

from tests.github.calls import Answer, Call, Refusal, endpoint
from tests.github.shapes import show_app


@endpoint("POST", "/settings/apps/new", kind="open")
def agree(call: Call) -> Answer:
    """Take the form for one's own account; whoever sends it is a person who agrees at once."""
    return _agree(call, owner="ada")


@endpoint("POST", "/organizations/{organization}/settings/apps/new", kind="open")
def agree_for_organization(call: Call) -> Answer:
    return _agree(call, owner=call.parts["organization"])


@endpoint("POST", "/app-manifests/{code}/conversions", kind="open")
def convert(call: Call) -> Answer:
    """Hand out an App's keys, once."""
    manifest = call.hub.manifests.pop(call.parts["code"], None)
    if manifest is None:
        raise Refusal(404, "Not Found")
    app = call.hub.app(
        manifest["name"].lower().replace(" ", "-"),
        manifest.get("default_permissions", {}),
        owner=manifest["owner"],
        events=manifest.get("default_events", ()),
    )
    app.webhook_url = manifest.get("hook_attributes", {}).get("url")
    keys = {"pem": app.private_key_pem, "webhook_secret": app.webhook_secret}
    secret = {"client_id": f"Iv1.{app.id}", "client_secret": secrets.token_hex(20)}
    return Answer(201, {**show_app(app), **keys, **secret})


def _agree(call: Call, *, owner: str) -> Answer:
    form = parse_qs(call.raw.decode())
    manifest = json.loads(form["manifest"][0])
    code = secrets.token_hex(20)
    call.hub.manifests[code] = {**manifest, "owner": owner}
    back = {"code": code} | {name: call.query[name] for name in ("state",) if name in call.query}
    return Answer(302, None, {"Location": f"{manifest['redirect_url']}?{urlencode(back)}"})
