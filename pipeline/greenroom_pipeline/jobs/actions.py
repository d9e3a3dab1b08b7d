"""GitHub Actions as a run meets it: variables and an event to read, a summary and outputs to write."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from greenroom_pipeline.access import CREDENTIALS
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge.registration import DEFAULT_WORKFLOW, PUBLIC_API

TOKEN = "GITHUB_TOKEN"
SUMMARY_BYTES = 2**20 - 2**10
EVENT_BYTES = 32 * 2**20
_PUBLIC_SERVER = "https://github.com"


@dataclass(frozen=True)
class Actions:
    """One job's surroundings."""

    api: str
    repository: str
    """As owner/name."""
    event: str
    """Name of the event, such as `pull_request`."""
    payload: Mapping[str, Any] = field(repr=False)
    sha: str
    """What GitHub says the workflow runs on: of a pull request, its merge on trial."""
    ref: str
    token: str | None = field(repr=False)
    """None where the step was given none."""
    summary: Path | None
    outputs: Path | None
    temporary: Path | None
    run: int
    """0 where it is not known."""
    server: str | None
    """Address of GitHub's pages."""
    workflow: str = DEFAULT_WORKFLOW
    """Path of the file of the workflow that the job is of."""

    @property
    def job(self) -> str | None:
        """Address of the run's page."""
        if not self.run or self.server is None:
            return None
        return f"{self.server}/{self.repository}/actions/runs/{self.run}"


def read_actions(environ: Mapping[str, str]) -> Actions | None:
    """Return what the variables say of the job, or None outside of Actions; `SettingsError` for what cannot be."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    api = environ.get("GITHUB_API_URL", "").rstrip("/") or PUBLIC_API
    return Actions(
        api=_require_address("GITHUB_API_URL", api),
        repository=_read(environ, "GITHUB_REPOSITORY", r"[\w.-]+/[\w.-]+"),
        event=_read(environ, "GITHUB_EVENT_NAME", r"\w+"),
        payload=_read_event(environ),
        sha=environ.get("GITHUB_SHA", ""),
        ref=environ.get("GITHUB_REF", ""),
        token=_read_token(environ),
        summary=_read_path(environ, "GITHUB_STEP_SUMMARY"),
        outputs=_read_path(environ, "GITHUB_OUTPUT"),
        temporary=_read_path(environ, "RUNNER_TEMP"),
        run=_read_number(environ, "GITHUB_RUN_ID"),
        server=_find_server(environ, api),
        workflow=_read_workflow(environ),
    )


def hide_credentials(environ: MutableMapping[str, str]) -> None:
    """Take out what Greenroom alone may use, so that no process that is started from now on inherits it."""
    for name in CREDENTIALS:
        environ.pop(name, None)


def write_summary(actions: Actions, text: str) -> None:
    """Add the text to the step's summary, cut at a line where it is too long for that."""
    content = text.encode(errors="replace")
    if len(content) > SUMMARY_BYTES:
        content = content[:SUMMARY_BYTES].rpartition(b"\n")[0]
    _append("GITHUB_STEP_SUMMARY", actions.summary, content + b"\n")


def write_outputs(actions: Actions, values: Mapping[str, str]) -> None:
    """Set the step's outputs. What ends a value is drawn at random, so that no value can begin another output."""
    lines = []
    for name, value in values.items():
        end = f"greenroom-{secrets.token_hex(16)}"
        lines += [f"{name}<<{end}", value, end]
    _append("GITHUB_OUTPUT", actions.outputs, "\n".join([*lines, ""]).encode(errors="replace"))


def tell_warning(message: str) -> str:
    """Return the workflow command that shows a warning with the run."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::warning title=Greenroom::{escaped}"


def _append(name: str, path: Path | None, content: bytes) -> None:
    if path is None:
        return
    try:
        with path.open("ab") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"{name} is {path}, which cannot be written: {error.strerror}") from None


def _read(environ: Mapping[str, str], name: str, form: str) -> str:
    value = environ.get(name, "")
    if not re.fullmatch(form, value, re.ASCII):
        said = f"is {value!r}, which it cannot be" if value else "is not set"
        raise SettingsError(
            f"GITHUB_ACTIONS is true, but {name} {said}; run it as a step of a workflow, or unset GITHUB_ACTIONS"
        )
    return value


def _read_event(environ: Mapping[str, str]) -> dict[str, Any]:
    path = _read_path(environ, "GITHUB_EVENT_PATH")
    if path is None:
        _read(environ, "GITHUB_EVENT_PATH", ".+")
        return {}
    try:
        if path.stat().st_size > EVENT_BYTES:
            raise SettingsError(f"the event in GITHUB_EVENT_PATH {path} is larger than GitHub writes one")
        payload = json.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"the event in GITHUB_EVENT_PATH {path} cannot be read: {error.strerror}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"the event in GITHUB_EVENT_PATH {path} is no JSON: {error}") from None
    if not isinstance(payload, dict):
        raise SettingsError(f"the event in GITHUB_EVENT_PATH {path} is no JSON object, as GitHub writes one")
    return payload


def _read_token(environ: Mapping[str, str]) -> str | None:
    token = environ.get(TOKEN, "").strip()
    if not (token.isascii() and token.isprintable()):
        raise SettingsError(f"{TOKEN} holds what no token is; give the step {TOKEN}: ${{{{ github.token }}}}")
    return token or None


def _read_path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name, "")
    return Path(value) if value else None


def _read_number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    return int(value) if re.fullmatch("[0-9]{1,15}", value) else 0


def _read_workflow(environ: Mapping[str, str]) -> str:
    """Return the path in `owner/name/path@ref`."""
    found = re.fullmatch(r"[^/]+/[^/]+/([^@]+)@.*", environ.get("GITHUB_WORKFLOW_REF", ""))
    return found[1] if found else DEFAULT_WORKFLOW


def _find_server(environ: Mapping[str, str], api: str) -> str | None:
    server = environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if server:
        return _require_address("GITHUB_SERVER_URL", server)
    return _PUBLIC_SERVER if api == PUBLIC_API else None


def _require_address(name: str, address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise SettingsError(f"{name} is {address!r}, which is no address; let GitHub Actions set it")
    return address
