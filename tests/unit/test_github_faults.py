"""What GitHub's refusals mean in our words, and how long they last."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from github import BadAttributeException, GithubException, IncompletableObject
from requests import ConnectionError as RequestsConnectionError
from requests import ReadTimeout

from greenroom_pipeline.errors import ForgeError, ForgeRefused
from greenroom_pipeline.forge.github_download import is_githubs_own
from greenroom_pipeline.forge.github_faults import JOB, app_credential, find_wait, translated
from greenroom_pipeline.forge.github_pages import read_page

API = "https://api.github.com"


def refusal(status: int, message: str = "", *, errors: object = None, **headers: str) -> GithubException:
    data: dict[str, Any] = {"message": message, "errors": errors}
    return GithubException(status, data, {name.replace("_", "-"): value for name, value in headers.items()})


def tell(error: Exception, *, slug: str = "") -> ForgeError:
    with (
        pytest.raises(ForgeError) as told,
        translated("the check", app_credential(slug) if slug else JOB, API),
    ):
        raise error
    assert told.value.__cause__ is error
    assert "\n" not in str(told.value)
    return told.value


@pytest.mark.parametrize(
    ("accepted", "says"),
    [
        ("checks=write", "may not write checks; add `checks: write` under"),
        (
            "issues=write; pull_requests=write",
            "may not write pull requests; add `pull-requests: write` under",
        ),
        (
            "contents=read,pull_requests=write",
            "may not read contents; add `contents: read` and `pull-requests: write` under",
        ),
        ("", "GitHub refuses GITHUB_TOKEN (Resource not accessible by integration)"),
    ],
)
def test_a_missing_right_is_told_from_the_header(accepted: str, says: str) -> None:
    """The right that is missing is GitHub's own word, in the way that a workflow writes it."""
    headers = {"x_accepted_github_permissions": accepted}
    told = tell(refusal(403, "Resource not accessible by integration", **headers))

    assert isinstance(told, ForgeRefused)
    assert says in str(told)


def test_other_refusals_keep_githubs_words() -> None:
    """What is no matter of rights is told in GitHub's words, on one line."""
    archived = tell(
        refusal(403, "Repository was archived\nso is read-only.", x_accepted_github_permissions="a=b")
    )
    locked = tell(refusal(422, "Validation Failed", errors=[{"code": "custom", "message": "is locked"}, "x"]))
    strange = tell(refusal(418))

    assert "refuses GITHUB_TOKEN (Repository was archived so is read-only.)" in str(archived)
    assert str(locked) == "the check: GitHub answers 422 (Validation Failed: is locked: x)"
    assert str(strange) == "the check: GitHub answers 418 (no reason given)"


def test_an_app_is_told_where_its_rights_are() -> None:
    """An App's rights are in its settings, and have to be accepted."""
    told = tell(
        refusal(403, "Resource not accessible by integration", x_accepted_github_permissions="checks=write"),
        slug="gr",
    )

    assert "the App gr may not write checks; give it `checks: write` in its settings" in str(told)


@pytest.mark.parametrize(
    "error",
    [
        RequestsConnectionError("refused"),
        ReadTimeout(),
        RuntimeError("Github server redirected from http protocol to https"),
        AssertionError("evil.example.com"),
        IncompletableObject(400, message="no URL"),
        BadAttributeException("text", (str, str), None),
    ],
)
def test_whatever_comes_is_words(error: Exception) -> None:
    """A server that does not answer, or answers what GitHub does not, is an error with a mend."""
    told = str(tell(error))

    assert told.startswith("the check: ")
    assert "; " in told


def test_waits_are_githubs() -> None:
    """How long to wait is what GitHub says, by whichever header; some refusals no wait mends."""
    reset = str(int(datetime.now(UTC).timestamp()) + 50)
    hourly = refusal(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset=reset)

    assert find_wait(refusal(429, retry_after="7")) == 7
    assert find_wait(refusal(403, "You have exceeded a secondary rate limit", retry_after="30")) == 30
    assert find_wait(refusal(403, "You have exceeded a secondary rate limit")) == 60
    assert 48 < (find_wait(hourly) or 0) < 52
    assert find_wait(refusal(502)) == 0
    assert find_wait(refusal(307)) == 0
    assert find_wait(refusal(403, "Resource not accessible by integration")) is None
    assert find_wait(refusal(404)) is None
    assert find_wait(refusal(422)) is None
    assert find_wait(IncompletableObject(400)) is None


@pytest.mark.parametrize(
    ("address", "api", "own"),
    [
        ("https://productionresultssa1.blob.core.windows.net/a?sig=x", API, True),
        ("https://pipelines.actions.githubusercontent.com/a", API, True),
        ("https://codeload.github.com/a", API, True),
        ("https://ghe.example.com/_artifacts/1", "https://ghe.example.com/api/v3", True),
        ("https://media.ghe.example.com/1", "https://ghe.example.com/api/v3", True),
        ("http://127.0.0.1:81/_artifacts/1", "http://127.0.0.1:81", True),
        ("http://127.0.0.1:82/_artifacts/1", "http://127.0.0.1:81", False),
        ("http://codeload.github.com/a", API, False),
        ("https://evil.example.com/x.zip", API, False),
        ("https://github.com.evil.example.com/x.zip", API, False),
        ("https://evilgithub.com/x.zip", API, False),
        ("https://blob.core.windows.net.evil.com/x", API, False),
        ("https://api.github.com@evil.example.com/", API, False),
        ("http://169.254.169.254/latest/meta-data", API, False),
        ("file:///etc/passwd", API, False),
        ("", API, False),
    ],
)
def test_no_foreign_host_is_githubs_own(address: str, api: str, own: bool) -> None:
    """Artifacts come from GitHub's stores over TLS, or from the API's own address."""
    assert is_githubs_own(address, api=api) is own


def test_a_run_on_a_laptop_waits_for_no_pygithub() -> None:
    """What the command imports leaves GitHub's client out until a forge there is opened."""
    code = "import sys, greenroom_pipeline.cli, greenroom_pipeline.project; print('github' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("address", "api", "own"),
    [
        ("https://github.com/ada/flights/actions/runs/1", API, True),
        ("https://github.com", API, True),
        ("https://GitHub.com/apps/greenroom?x=1#y", API, True),
        ("https://ghe.example.com/ada/flights", "https://ghe.example.com/api/v3", True),
        ("https://octo.ghe.com/apps/x", "https://api.octo.ghe.com", True),
        ("http://127.0.0.1:81/apps/x", "http://127.0.0.1:81", True),
        ("http://127.0.0.1:82/apps/x", "http://127.0.0.1:81", False),
        ("javascript:alert(1)//github.com", API, False),
        ("java\nscript://github.com/%0aalert(1)", API, False),
        ("data:text/html,x", API, False),
        ("//github.com/x", API, False),
        ("https://github.com@evil.example.com/", API, False),
        ("https://evil.example.com\\@github.com/", API, False),
        ("https://github.com.evil.example.com/", API, False),
        ("https://docs.github.com/", API, False),
        ('https://github.com/"onclick="x', API, False),
        ("https://github.com/a b", API, False),
        ("https://github.com/a\n", API, False),
        ("https://[/", API, False),
        ("", API, False),
    ],
)
def test_links_lead_to_githubs_pages(address: str, api: str, own: bool) -> None:
    """What is shown as a link is a page of GitHub's own, whatever an answer says."""
    assert read_page(address, api=api) == (address if own else None)
