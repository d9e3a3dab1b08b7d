"""What the doctor says of a server's App on GitHub: its rights, webhook and installation, and the branch's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.examining.doctor import Finding
from greenroom_pipeline.forge.app_rights import EVENTS, RIGHTS, WRITING, covers, find_missing
from greenroom_pipeline.forge.registration import AppKeys, Registration


def examine_app(registration: Registration, keys: AppKeys, check: str) -> Iterator[Finding]:
    """Look at the App that gives the check of this name, by harmless reads."""
    from greenroom_pipeline.forge.github_doctor import look_at_app

    try:
        state = look_at_app(registration, keys)
    except ForgeError as error:
        yield Finding("github: App", False, str(error))
        return
    yield Finding("github: App", True, f"{state.slug} at {registration.api}")
    yield _compare_rights("github: App's rights", state.permissions, "add it in the App's settings on GitHub")
    yield _look_at_webhook(registration, state.webhook)
    yield _look_at_deliveries(state.failing, registration.server)
    there = state.installation
    if there is None:
        yield Finding(
            "github: installation",
            False,
            f"{state.slug} is not installed on {registration.repository}; install it from its page on GitHub",
        )
        return
    yield _look_at_installation(registration, there.repository_id, is_suspended=there.is_suspended)
    yield _compare_rights(
        "github: rights", there.permissions, "accept the App's new rights where it is installed"
    )
    yield _compare_events(there.events)
    yield _look_at_writing(there.permissions)
    yield _look_at_gate(there.gates, check, branch=there.default_branch, app=keys.id)


def _compare_rights(subject: str, granted: Mapping[str, str], mend: str) -> Finding:
    missing = find_missing(granted)
    if missing:
        said = [f"`{name}: {level}` ({RIGHTS[name][1]})" for name, level in missing.items()]
        return Finding(subject, False, f"lacks {' and '.join(said)}; {mend}")
    return Finding(subject, True, ", ".join(f"{name}: {level}" for name, (level, _) in RIGHTS.items()))


def _look_at_webhook(registration: Registration, webhook: str) -> Finding:
    wanted = f"{registration.server}/api/github/events"
    if webhook != wanted:
        says = f"events go to {webhook or 'nowhere'}; set the webhook to {wanted} in the App's settings"
        return Finding("github: webhook", False, says)
    return Finding("github: webhook", True, wanted)


def _look_at_deliveries(failing: Sequence[str], server: str) -> Finding:
    if failing:
        says = (
            f"{len(failing)} of the newest events did not arrive, the last was {failing[0]}; see that {server} is"
            " reachable from GitHub (what was missed is asked for again)"
        )
        return Finding("github: events", False, says, needed=False)
    return Finding("github: events", True, "the newest ones arrived")


def _look_at_installation(registration: Registration, repository_id: int, *, is_suspended: bool) -> Finding:
    name = registration.repository
    if is_suspended:
        return Finding(
            "github: installation", False, f"it is suspended on {name}; lift that in {name}'s settings"
        )
    if repository_id != registration.repository_id:
        says = f"{name} is another repository now (id {repository_id}); run `greenroom init --app` again"
        return Finding("github: installation", False, says)
    return Finding("github: installation", True, name)


def _compare_events(events: Sequence[str]) -> Finding:
    missing = [event for event in EVENTS if event not in events]
    if missing:
        says = f"it does not hear of {', '.join(missing)}; subscribe to it in the App's settings"
        return Finding("github: subscriptions", False, says)
    return Finding("github: subscriptions", True, ", ".join(EVENTS))


def _look_at_writing(granted: Mapping[str, str]) -> Finding:
    name, level = WRITING
    if covers(granted, name, level):
        return Finding("github: writing", True, "the portal may merge what is promoted, and pin cases")
    says = f"the portal may neither merge what is promoted nor pin a case; give the App `{name}: {level}` for that"
    return Finding("github: writing", False, says, needed=False)


def _look_at_gate(gates: Sequence[tuple[str, int | None]], check: str, *, branch: str, app: int) -> Finding:
    """A check that anybody may give proves nothing: whoever can push can give it."""
    required = [given for name, given in gates if name == check]
    subject = "github: required check"
    if not required:
        says = f"no ruleset of {branch} requires {check}, so nothing holds a merge back; require it from this App"
        return Finding(subject, False, says, needed=False)
    if app not in required:
        source = "anybody who may push" if required[0] is None else f"another App ({required[0]})"
        says = f"{check} is taken from {source}; choose this App as its source in the ruleset of {branch} (id {app})"
        return Finding(subject, False, says, needed=False)
    return Finding(subject, True, f"{branch} requires {check} from this App")
