"""One repository on GitHub, as one credential sees it: its name of now, who we are there, and trying again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from github import GithubException
from github.Auth import Token
from github.Repository import Repository
from github.Requester import Requester

from greenroom_pipeline.errors import ForgeError, ForgeRefused
from greenroom_pipeline.forge.github_faults import FAULTS, JOB, Credential, absence_as, find_wait, translated
from greenroom_pipeline.forge.github_requester import PATIENCE, Patience, open_requester

Result = TypeVar("Result")
_ACTIONS = "github-actions[bot]"
_BOT = "[bot]"


@dataclass(frozen=True)
class GitHubSession:
    """Nothing is asked before it is needed, and answers are kept for as long as the session is."""

    name: str
    """As it was when we were told; GitHub leads on to the name of now."""
    api: str
    credential: Credential
    connect: Callable[[], Requester]
    repository_id: int | None = None
    """None where the name alone says which one is meant."""
    known_login: str | None = None
    patience: Patience = PATIENCE

    @cached_property
    def requester(self) -> Requester:
        return self.connect()

    @cached_property
    def login(self) -> str:
        """Who the author of our comments is."""
        return self.known_login or _ask_login(self.requester)

    @property
    def app(self) -> str:
        """Slug of the App that our check runs are by."""
        return self.login.removesuffix(_BOT)

    def settle(self, what: str, operation: Callable[[Repository], Result]) -> Result:
        """Do something that looks before it writes, and again from its look on when a passing fault came between.

        So no write is repeated blindly: one that took effect before its answer was lost is found by the look.
        """
        with translated(what, self.credential, self.api):
            for pause in self.patience.tries:
                try:
                    return operation(self._find_repository())
                except FAULTS as error:
                    wait = find_wait(error)
                    if wait is None or wait > self.patience.limit:
                        raise
                    self.patience.sleep(max(pause, wait))
            return operation(self._find_repository())

    def _find_repository(self) -> Repository:
        """Return the repository under its name of now: GitHub leads on those who read, and not those who write."""
        absent = ForgeError(
            f"{self.credential.name} sees no repository {self.name} at {self.api}; see that it has access to it"
        )
        try:
            with absence_as(absent):
                headers, data = self.requester.requestJsonAndCheck("GET", f"/repos/{self.name}")
        except ForgeError:
            # An App that was removed and installed again has to sign in anew.
            self.__dict__.pop("requester", None)
            raise
        if self.repository_id not in (None, data.get("id")):
            raise ForgeError(
                f"{self.name} is another repository now (id {data.get('id')}, known here {self.repository_id}); "
                "run `greenroom init --app` again"
            )
        return Repository(self.requester, headers, data, completed=True)


def open_job_session(api: str, *, token: str, name: str, patience: Patience = PATIENCE) -> GitHubSession:
    """Open a repository for a job in Actions, or for a person with a token of their own."""
    if not token:
        raise ForgeRefused(
            "there is no GITHUB_TOKEN; add `GITHUB_TOKEN: ${{ github.token }}` under `env:` of this job"
        )
    return GitHubSession(
        name=name,
        api=api,
        credential=JOB,
        connect=lambda: open_requester(Token(token), api, patience),
        patience=patience,
    )


def _ask_login(requester: Requester) -> str:
    """Ask who a token belongs to; the token of a job belongs to no user, and only GraphQL knows its viewer."""
    try:
        _, user = requester.requestJsonAndCheck("GET", "/user")
    except GithubException as error:
        if find_wait(error) is not None or error.status != 403:
            raise
        return _ask_viewer(requester)
    return str(user["login"])


def _ask_viewer(requester: Requester) -> str:
    try:
        _, answer = requester.graphql_query("query { viewer { login } }", {})
    except GithubException as error:
        if find_wait(error) is not None:
            raise
        return _ACTIONS
    login = str(answer["data"]["viewer"]["login"])
    return login if login.endswith(_BOT) else login + _BOT
