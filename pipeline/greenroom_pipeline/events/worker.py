"""The worker: events of the forge are acted on one after the other, and what got lost is found on rounds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from greenroom_pipeline.background import in_background
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.events.commands import heed_button, heed_comment
from greenroom_pipeline.events.hints import ButtonHint, CommandHint, PullHint, QueueHint, RunHint, parse_hint
from greenroom_pipeline.events.inbox import FILE, Event, Inbox
from greenroom_pipeline.events.rounds import Rounds
from greenroom_pipeline.events.server import AppServer, open_app_server
from greenroom_pipeline.events.settling import settle, settle_queue
from greenroom_pipeline.places import Places
from greenroom_services.errors import ServiceError

_log = logging.getLogger(__name__)
POLL = 0.25
RETRY = 5.0


@contextmanager
def working(places: Places) -> Iterator[None]:
    """Act on the forge's events while the context is open; on a server that is no App there are none."""
    server = open_app_server(places)
    if server is None:
        yield
        return
    with in_background(partial(work, server, Inbox(places.home / FILE))):
        yield


def work(server: AppServer, inbox: Inbox, stop: threading.Event) -> None:
    """Work until *stop* is set: events first, and rounds in their gaps."""
    rounds = Rounds(server)
    while not stop.is_set():
        if not (work_once(server, inbox) or rounds.step()):
            stop.wait(POLL)


def work_once(server: AppServer, inbox: Inbox) -> bool:
    """Act on the next event, and say whether there was one; it comes back later when that fails."""
    try:
        event = inbox.take()
        if event is None:
            return False
        reason = _try(server, event)
        if reason is None:
            inbox.done(event)
        else:
            inbox.postpone(event, RETRY, reason)
    except GreenroomError as error:
        _log.error("the queue of events cannot be used: %s", error)
        return False
    return True


def _try(server: AppServer, event: Event) -> str | None:
    """Handle an event, and return why it could not be; nothing that it raises ends the worker."""
    try:
        handle(server.refreshed(), event)
    except (GreenroomError, ServiceError) as error:
        _log.warning("event %s (%s) comes again later: %s", event.delivery, event.name, error)
        return str(error)
    except Exception as defect:
        _log.exception("event %s (%s) met a defect", event.delivery, event.name)
        return f"a defect of Greenroom: {defect!r}"
    return None


def handle(server: AppServer, event: Event) -> None:
    """Look where the hint points, and do what is to be done there."""
    match parse_hint(event.payload):
        case PullHint(number=number):
            settle(server, number)
        case CommandHint() as hint:
            heed_comment(server, hint)
        case ButtonHint() as hint:
            heed_button(server, hint)
        case QueueHint(sha=sha, ref=ref):
            settle_queue(server, sha=sha, ref=ref)
        case RunHint(run=run):
            for number in server.github.pull_numbers_of_commit(server.github.workflow_run(run).head):
                settle(server, number)
