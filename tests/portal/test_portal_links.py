"""Which addresses become links: pages of the web, and nothing that could be more than that."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.publishing.links import address_run
from greenroom_portal.links import address_commit, read_link, read_link_of

SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/ada/flights/pull/7",
        "http://127.0.0.1:5000/#/experiments/1/runs/7",
        "http://[::1]:5000/",
        "https://ghe.example",
        "https://x.example/a?b=%20c#d",
    ],
)
def test_pages_are_links(address: str) -> None:
    """Pages on any host and port are, with path, query and fragment."""
    assert read_link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://github.com",
        "data:text/html,<script>",
        "ftp://x.example/",
        "//evil.example/x",
        "/review",
        "https://",
        "https:///x",
        "https://github.com@evil.example/",
        "https://ada:secret@github.com/",
        "https://github.com\\@evil.example",
        "https://github.com/x)[y](javascript:1",
        "https://github.com/<b>",
        'https://github.com/"',
        "https://github.com/ x",
        "https://github.com/\n",
        " https://github.com/",
        "https://gіthub.com/",
    ],
)
def test_anything_else_is_none(address: str | None) -> None:
    """Other schemes, names before the host, characters that end a link, and letters that only look alike."""
    assert read_link(address) is None


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_text_after_the_host_leads_elsewhere(text: str) -> None:
    """Whatever follows it, what is let through starts with the host and holds nothing that ends a link."""
    link = read_link(f"https://github.com/{text}")

    assert link is None or (link.startswith("https://github.com/") and not set(link) & set(" ()<>\"'\\`\n\t"))


@pytest.mark.parametrize(
    ("address", "is_link"),
    [
        ("https://github.com/ada/flights/commit/1", True),
        ("https://GitHub.com/x", True),
        ("http://github.com/x", False),
        ("https://github.com.evil.example/x", False),
        ("https://github.com:444/x", False),
        ("javascript:1", False),
    ],
)
def test_only_pages_of_the_same_site_are_links(address: str, is_link: bool) -> None:
    """Host, port and scheme are those of the page that is known; without one nothing is."""
    assert (read_link_of(address, site="https://github.com/ada/flights/pull/7") is not None) is is_link
    assert read_link_of(address, site=None) is None


def test_a_commit_is_beside_its_pull_request() -> None:
    """Of a whole SHA and a pull request's page alone."""
    pull = "https://ghe.example:8443/ada/flights/pull/7"

    assert address_commit(pull, SHA) == f"https://ghe.example:8443/ada/flights/commit/{SHA}"
    for other, sha in (
        (pull, "](javascript:1)"),
        (pull, SHA[:7]),
        (None, SHA),
        ("https://ghe.example/ada/flights/issues/7", SHA),
        ("javascript:/ada/flights/pull/7", SHA),
    ):
        assert address_commit(other, sha) is None


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("https://mlflow.example/", "https://mlflow.example/#/experiments/3/runs/a%20b"),
        (
            "http://ada:se@cret@mlflow.example:5000/x",
            "http://mlflow.example:5000/x/#/experiments/3/runs/a%20b",
        ),
        ("sqlite:///home/ada/mlflow.db", None),
        ("/home/ada/mlruns", None),
        ("databricks", None),
    ],
)
def test_a_run_has_a_page_where_a_server_has_one(uri: str, page: str | None) -> None:
    """The embedded store has none, and no name or password of the tracking server is given to people."""
    assert address_run(uri, experiment="3", run_id="a b") == page


def test_the_address_of_a_run_is_a_link() -> None:
    """What the desk gives is what the page lets through."""
    page = address_run("http://127.0.0.1:5000", experiment="3", run_id="0a" * 16)

    assert page is not None
    assert read_link(page) == page
    assert Path(page).name == "0a" * 16
