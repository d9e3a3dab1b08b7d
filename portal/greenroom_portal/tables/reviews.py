"""The list of reviews: narrowed to what somebody looks for, in sections, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from greenroom_pipeline.forge import PullRequest, PullState

PAGE = 20
"""How many reviews a page shows: the cost of a page does not grow with their number."""


@dataclass(frozen=True)
class Wish:
    """What somebody looks for; nothing of it leaves all."""

    text: str = ""
    author: str | None = None
    state: PullState | None = None
    commits: frozenset[str] | None = None
    """Heads to keep, such as those with a verdict."""
    oldest_first: bool = False


class Sections(NamedTuple):
    """What waits for a decision, then what has one."""

    open: list[PullRequest]
    decided: list[PullRequest]


def narrow(pulls: list[PullRequest], wish: Wish) -> list[PullRequest]:
    """Return what fulfils the wish, in the desk's order, which is newest first, or turned round."""
    kept = [pull for pull in pulls if _fulfils(pull, wish)]
    return kept[::-1] if wish.oldest_first else kept


def _fulfils(pull: PullRequest, wish: Wish) -> bool:
    return (
        wish.author in (None, pull.author)
        and wish.state in (None, pull.state)
        and (wish.commits is None or pull.head in wish.commits)
        and _mentions(pull, wish.text)
    )


def _mentions(pull: PullRequest, text: str) -> bool:
    """Say whether each word is somewhere in what the list shows of the pull request."""
    shown = f"#{pull.number} {pull.title} {pull.branch} {pull.author}".casefold()
    return all(word in shown for word in text.casefold().split())


def split_pulls(pulls: list[PullRequest]) -> Sections:
    return Sections(
        open=[pull for pull in pulls if pull.state == "open"],
        decided=[pull for pull in pulls if pull.state != "open"],
    )


def tell_section(state: PullState | None, count: int) -> str:
    return f"{(state or 'open').capitalize()} · {count:,}"


def list_authors(pulls: list[PullRequest]) -> list[str]:
    return sorted({pull.author for pull in pulls}, key=str.casefold)


def count_pages(pulls: list[PullRequest]) -> int:
    return max(1, -(-len(pulls) // PAGE))


def take_page(pulls: list[PullRequest], number: int) -> list[PullRequest]:
    """Return the pull requests of a page, counted from 1; the last one where there are not so many."""
    start = (min(max(number, 1), count_pages(pulls)) - 1) * PAGE
    return pulls[start : start + PAGE]
