"""What the commands share: where the project is, how much is imported, and with which status they end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from greenroom_pipeline.report import Verdict

# What needs MLflow is imported inside the commands: `greenroom --help` answers at once.

Directory = Annotated[
    Path,
    typer.Option("--directory", "-C", help="The project's folder, where greenroom.toml is.", exists=True),
]


@contextmanager
def importing() -> Iterator[None]:
    """Import without looking for garbage: the many objects of a library stay, and searching them takes seconds."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def exit_status(verdict: Verdict, *, strict: bool) -> int:
    """Return 1 when the gate failed. *strict* says that an open verdict counts as a failure."""
    return 1 if verdict == "fail" or (strict and verdict == "inconclusive") else 0
