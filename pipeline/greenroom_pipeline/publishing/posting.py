"""Posting on a forge: each thing by itself, nothing over what a later run has said, and one error for what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from greenroom_pipeline.errors import ForgeError, ForgeRefused, RepositoryError
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.forge.posts import Check, Deployment
from greenroom_pipeline.publishing.answered import strip_marker
from greenroom_pipeline.publishing.comment import read_stamp
from greenroom_pipeline.publishing.gate_output import GateOutput
from greenroom_pipeline.publishing.place import Place

T = TypeVar("T")


@dataclass(frozen=True)
class Standing:
    """What stands on the forge already."""

    pull: PullRequest | None = None
    """None without one, and where the forge does not tell."""
    comment: str | None = None
    """Text of our comment, empty where there is none yet; None where the forge does not tell."""


@dataclass(frozen=True)
class Posts:
    """What is to be said; None where nothing is."""

    output: GateOutput
    comment: str | None = None
    deployment: Deployment | None = None
    link: str | None = None


def post(forge: Forge, place: Place, say: Callable[[Standing], Posts]) -> None:
    """Post what *say* makes of what stands, and raise one `ForgeError` for all that failed.

    A run that is older than what stands posts nothing; one of a commit that is the head no longer, its check alone.
    """
    attempts = _Attempts()
    standing = _look(forge, place, attempts)
    if not _is_outrun(place, standing):
        posts = say(standing)
        if place.gives_check:
            attempts.make("the check", lambda: forge.write_check(_make_check(place, posts)))
        if standing.pull is not None and standing.pull.head == place.sha:
            _speak(forge, place, standing.pull, posts, attempts, told=standing.comment is not None)
    attempts.conclude()


def _speak(
    forge: Forge, place: Place, pull: PullRequest, posts: Posts, attempts: _Attempts, *, told: bool
) -> None:
    text, deployment = posts.comment, posts.deployment
    if text is not None and told:
        attempts.make("the comment", lambda: forge.write_comment(pull.number, place.project, text))
    # Nothing would ever end one of a pull request that was closed meanwhile.
    if deployment is not None and pull.state == "open":
        attempts.make("the deployment", lambda: forge.write_deployment(deployment))


def _look(forge: Forge, place: Place, attempts: _Attempts) -> Standing:
    number = place.pull
    if number is None:
        return Standing()
    pull = attempts.make("the pull request", lambda: forge.pull(number))
    text = attempts.make("the comment", lambda: forge.comment(number, place.project) or "")
    return Standing(pull, None if text is None else strip_marker(text))


def _is_outrun(place: Place, standing: Standing) -> bool:
    stamp = read_stamp(standing.comment or "")
    return stamp is not None and stamp.sha == place.sha and 0 < place.order < stamp.order


def _make_check(place: Place, posts: Posts) -> Check:
    output = posts.output
    return Check(
        name=place.check_name,
        key=place.project,
        sha=place.sha,
        state=output.state,
        title=output.title,
        summary=output.summary,
        text=output.text,
        link=posts.link,
        annotations=output.annotations,
        buttons=output.buttons,
    )


class _Attempts:
    """Requests that are made one after the other, whatever became of those before."""

    def __init__(self) -> None:
        self._failed: dict[str, ForgeError] = {}

    def make(self, what: str, request: Callable[[], T]) -> T | None:
        """Return what came of it, or None where it failed."""
        try:
            return request()
        except ForgeError as error:
            self._failed.setdefault(what, error)
        except RepositoryError as error:
            self._failed.setdefault(what, ForgeError(str(error)))
        return None

    def conclude(self) -> None:
        """Raise what failed, as one error."""
        if not self._failed:
            return
        refused = all(isinstance(error, ForgeRefused) for error in self._failed.values())
        said = "; ".join(f"{what}: {error}" for what, error in self._failed.items())
        raise (ForgeRefused if refused else ForgeError)(f"not all was posted: {said}")
