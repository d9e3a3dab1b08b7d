"""An App's own webhook: where it goes, what was sent, and sending it again."""

from __future__ import annotations

from functools import partial

from tests.github.apps import FakeApp
from tests.github.calls import Answer, Call, Refusal, endpoint, find
from tests.github.clock import write_time
from tests.github.endpoints.registered import app_of
from tests.github.records import Delivery
from tests.github.shapes import Shape
from tests.github.webhooks import send_again


@endpoint("GET", "/app/hook/config", kind="jwt")
def get_configuration(call: Call) -> Answer:
    return Answer(200, _show_configuration(app_of(call)))


@endpoint("PATCH", "/app/hook/config", kind="jwt")
def edit_configuration(call: Call) -> Answer:
    app = app_of(call)
    app.webhook_url = call.body.get("url", app.webhook_url)
    app.webhook_secret = call.body.get("secret", app.webhook_secret)
    return Answer(200, _show_configuration(app))


@endpoint("GET", "/app/hook/deliveries", kind="jwt")
def list_deliveries(call: Call) -> Answer:
    """List newest first; pages go by a cursor, not by numbers."""
    before = int(call.query.get("cursor", 2**62))
    size = max(1, min(100, int(call.query.get("per_page", 30))))
    wanted = call.query.get("status")
    chosen = [
        each
        for each in reversed(app_of(call).deliveries)
        if each.id < before and wanted in (None, "success" if _went_well(each) else "failure")
    ]
    links = {}
    if len(chosen) > size:
        address = f"{call.hub.api}{call.path}?per_page={size}&cursor={chosen[size - 1].id}"
        links["Link"] = f'<{address}>; rel="next"'
    return Answer(200, [_show(each) for each in chosen[:size]], links)


@endpoint("POST", "/app/hook/deliveries/{delivery_id}/attempts", kind="jwt")
def redeliver(call: Call) -> Answer:
    app, wanted = app_of(call), call.number("delivery_id")
    delivery = find(app.deliveries, lambda each: each.id == wanted)
    if delivery.url == "":
        raise Refusal(422, "The hook has no address.")
    return Answer(202, {}, after=partial(send_again, app, delivery))


def _went_well(delivery: Delivery) -> bool:
    return 200 <= delivery.status_code < 300


def _show(delivery: Delivery) -> Shape:
    told = "OK" if _went_well(delivery) else f"Invalid HTTP Response: {delivery.status_code}"
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": write_time(delivery.delivered),
        "redelivery": delivery.redelivery,
        "duration": 0.1,
        "status": told,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
    }


def _show_configuration(app: FakeApp) -> Shape:
    shown = {"content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return shown if app.webhook_url is None else {**shown, "url": app.webhook_url}
