"""The pinned cases of a checkout: as its commit has them, and as the branch has them that it is to be merged into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from greenroom_pipeline.case_file import read_cases, write_line
from greenroom_pipeline.cases import CASES_FILE, PinnedCase, Pins, compare_pins
from greenroom_pipeline.errors import CasesError, RepositoryError
from greenroom_pipeline.repository import Repository


def find_cases(repository: Repository) -> list[PinnedCase]:
    """Return the cases of the checked-out commit; `CasesError` when its file is wrong."""
    content = repository.blob(f"HEAD:./{CASES_FILE}")
    if content is not None:
        return read_cases(content)
    if (repository.root / CASES_FILE).exists():
        raise RepositoryError(
            f"{CASES_FILE} is in no commit, so its cases would not be asked; `git add --force` and commit it"
        )
    return []


def find_pins(repository: Repository, here: Sequence[PinnedCase], *, base: str) -> Pins | None:
    """Say what the commit does to the cases of *base*, or of the default branch; None where that is not known.

    A checkout in CI has often little history. A file that was wrong there already says nothing.
    """
    try:
        left = repository.fork_point(base or repository.default_branch())
        content = None if left is None else repository.blob(f"{left}:./{CASES_FILE}")
        return None if left is None else compare_pins(read_cases(content or b""), here)
    except (CasesError, RepositoryError):
        return None


def digest_cases(cases: Sequence[PinnedCase]) -> str:
    return hashlib.sha256("".join(map(write_line, cases)).encode()).hexdigest()
