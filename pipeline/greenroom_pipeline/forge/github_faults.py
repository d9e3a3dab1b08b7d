"""What goes wrong on GitHub: what passes by waiting, and what the rest means in words that say the mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from github import BadAttributeException, GithubException, IncompletableObject
from requests import ConnectionError as RequestsConnectionError
from requests import JSONDecodeError, RequestException, Timeout
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from greenroom_pipeline.errors import ForgeError, ForgeRefused, GreenroomError

# PyGithub raises RuntimeError for a redirect that leaves the API, AssertionError for an address of another
# host, and ValueError for JSON that ends too early.
FAULTS = (
    GithubException,
    RequestException,
    BadAttributeException,
    RuntimeError,
    AssertionError,
    ValueError,
)
_BREAKS = (RequestsConnectionError, Timeout, ChunkedEncodingError, ContentDecodingError, JSONDecodeError)
_MOVED = (301, 302, 307, 308)
_UNSAID_WAIT = 60.0
"""What GitHub asks for where it names no time."""
_WORDS = 300


@dataclass(frozen=True)
class Credential:
    name: str
    mend: str
    """How it gets a right; `{rights}` stands for the lines."""


JOB = Credential("GITHUB_TOKEN", "add {rights} under `permissions:` of this job")


def app_credential(slug: str) -> Credential:
    return Credential(
        f"the App {slug}", "give it {rights} in its settings, and accept that where it is installed"
    )


@contextmanager
def translated(what: str, credential: Credential, api: str) -> Iterator[None]:
    """Raise what PyGithub raises as a `ForgeError`; *what* is what was being read or written."""
    try:
        yield
    except GithubException as error:
        raise _translate(error, what, credential) from error
    except (RequestException, ValueError) as error:
        kind = type(error).__name__
        raise ForgeError(
            f"{what}: {api} does not answer ({kind}); see that it is reachable, and try again"
        ) from error
    except (BadAttributeException, RuntimeError, AssertionError) as error:
        raise ForgeError(
            f"{what}: {api} answers what GitHub does not ({error}); see that it is GitHub's API"
        ) from error


@contextmanager
def absence_as(refused: GreenroomError) -> Iterator[None]:
    """Raise *refused* where GitHub has no such thing."""
    try:
        yield
    except GithubException as error:
        if not _is_absence(error):
            raise
        raise refused from error


@contextmanager
def absence_ignored() -> Iterator[None]:
    """Go on after the block where GitHub has no such thing, or no more."""
    try:
        yield
    except GithubException as error:
        if not _is_absence(error):
            raise


def _is_absence(error: GithubException) -> bool:
    # PyGithub raises `UnknownObjectException` for some of GitHub's words alone.
    return error.status in (404, 410)


def find_wait(error: BaseException) -> float | None:
    """Return after how many seconds the same may go well; None where waiting mends nothing."""
    if isinstance(error, (*_BREAKS, ValueError)):
        return 0.0
    if not isinstance(error, GithubException) or isinstance(error, IncompletableObject):
        return None
    if error.status >= 500 or error.status in _MOVED:
        return 0.0
    return _find_limit(error) if error.status in (403, 429) else None


def _find_limit(error: GithubException) -> float | None:
    """Return how long a rate limit lasts; None when it is another refusal."""
    headers = error.headers or {}
    asked = headers.get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        # GitHub's second may be a second later than ours.
        return max(0.0, int(reset) - datetime.now(UTC).timestamp()) + 1
    limited = error.status == 429 or "rate limit" in _words(error).lower()
    return _UNSAID_WAIT if limited else None


def _translate(error: GithubException, what: str, credential: Credential) -> ForgeError:
    words = _words(error)
    wait = find_wait(error)
    if error.status in (403, 429) and wait is not None:
        again = datetime.now(UTC) + timedelta(seconds=wait)
        return ForgeError(
            f"{what}: GitHub's rate limit for {credential.name} is used up; try again after {again:%H:%M:%S} UTC"
        )
    if error.status == 401:
        return ForgeRefused(
            f"{what}: GitHub does not take {credential.name} ({words}); see that it has not expired"
        )
    if error.status == 403:
        return ForgeRefused(_tell_refusal(error, what, credential))
    if isinstance(error, IncompletableObject):
        return ForgeError(f"{what}: GitHub answers with something else than was asked for; try again")
    return ForgeError(f"{what}: GitHub answers {error.status} ({words})")


def _tell_refusal(error: GithubException, what: str, credential: Credential) -> str:
    words = _words(error)
    if "via a GitHub App" in words:
        return f"{what}: GitHub takes that from Apps alone; use the GITHUB_TOKEN of a job, or an App"
    rights = _find_rights(error.headers or {})
    if not rights or "not accessible" not in words:
        return f"{what}: GitHub refuses {credential.name} ({words})"
    (name, level), *_ = rights
    lines = " and ".join(f"`{each.replace('_', '-')}: {needed}`" for each, needed in rights)
    return f"{what}: {credential.name} may not {level} {name.replace('_', ' ')}; " + credential.mend.format(
        rights=lines
    )


def _find_rights(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return one set of rights that is enough, from GitHub's `checks=write` or `issues=write; pull_requests=write`."""
    sets = [each.strip() for each in headers.get("x-accepted-github-permissions", "").split(";")]
    # To GitHub a pull request is an issue; the narrower right is the better line.
    chosen = next((each for each in sets if each.startswith("pull_requests")), sets[0])
    pairs = [each.strip().partition("=") for each in chosen.split(",") if "=" in each]
    return [(name, level) for name, _, level in pairs]


def _words(error: GithubException) -> str:
    """Return GitHub's own words on one line, cut."""
    data: Any = error.data if isinstance(error.data, dict) else {}
    parts = [str(data.get("message") or error.message or "no reason given")]
    for each in data.get("errors") or []:
        part = each.get("message") or " ".join(map(str, each.values())) if isinstance(each, dict) else each
        parts.append(str(part))
    return " ".join(": ".join(parts).split())[:_WORDS]
