"""Addresses that a publication gives people; each is None where there is none to give."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Links:
    review: str | None = None
    """The review page."""
    query: str | None = None
    """The page where people try both models."""
    run: str | None = None
    """The MLflow run, where the tracking server has pages."""
    job: str | None = None
    """The workflow's job, with its log and summary."""


def address_review(server: str, *, project: str, pull: int) -> str:
    """Return the portal's page of a pull request, under the server's public address."""
    return f"{server}/review?{urlencode({'project': project, 'pull': pull})}"


def address_run(tracking_uri: str, *, experiment: str, run_id: str) -> str | None:
    """Return MLflow's page of a run, without a name and password; None for an embedded store, which has none."""
    scheme, _, rest = tracking_uri.partition("://")
    if scheme not in ("http", "https"):
        return None
    host, slash, path = rest.partition("/")
    server = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")
    return f"{server}/#/experiments/{quote(experiment)}/runs/{quote(run_id)}"
