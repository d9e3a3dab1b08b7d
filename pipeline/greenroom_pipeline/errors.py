"""Errors that people can mend; anything else is a defect and keeps its traceback.

GreenroomError
    SettingsError      greenroom.toml is missing or wrong
    RepositoryError    git, the commit or the pull request is not as needed
    ForgeError         the forge cannot be reached, or does not do what was asked
        ForgeRefused       a credential lacks a right there
    CasesError         greenroom/cases.jsonl is wrong, or cannot have another case
    DataError          the holdout or a table of predictions cannot be used
    TrainingError      the training command failed, hung, or left no model
    ScoringError       a model does not load, or answers with something that cannot be compared
    PackagingError     the Bento could not be built
    PreviewError       the preview host or a preview did not do what was asked
    StoreError         MLflow cannot be reached, or holds something unexpected
    OverrideError      a check cannot be overridden so
    PromotionError     the candidate cannot become champion
    TokenRefused       a token cannot be made, found or read
    ProofError         a job's OIDC token is not what it must be
        ProofUnfit         it is genuine, and gives no right here
    ServerError        the Greenroom server cannot be reached, or does not do what was asked
    InboxError         the server's queue of events is full, or cannot be used
    ServeError         a part of the server did not start, or ended
    DemoError          the demo did not show what it is there to show
"""

from __future__ import annotations


class GreenroomError(Exception):
    """Something that a person can mend: one line that says what, which value, and what to do.

    *log* holds the last lines of the process that failed, when there was one.
    """

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class SettingsError(GreenroomError):
    """`greenroom.toml` is missing or wrong."""


class RepositoryError(GreenroomError):
    """Git, the commit or the pull request is not as needed."""


class ForgeError(GreenroomError):
    """The forge cannot be reached, or does not do what was asked."""


class ForgeRefused(ForgeError):
    """A credential lacks a right on the forge."""


class CasesError(GreenroomError):
    """`greenroom/cases.jsonl` is wrong, or cannot have another case."""


class DataError(GreenroomError):
    """The holdout or a table of predictions cannot be used."""


class TrainingError(GreenroomError):
    """The training command failed, hung, or left no model."""


class ScoringError(GreenroomError):
    """A model does not load, or answers with something that cannot be compared."""


class PackagingError(GreenroomError):
    """The Bento could not be built."""


class PreviewError(GreenroomError):
    """The preview host or a preview did not do what was asked."""


class StoreError(GreenroomError):
    """MLflow cannot be reached, or holds something unexpected."""


class OverrideError(GreenroomError):
    """A check cannot be overridden so."""


class PromotionError(GreenroomError):
    """The candidate cannot become champion."""


class TokenRefused(GreenroomError):
    """A token cannot be made, found or read."""


class ProofError(GreenroomError):
    """A job's OIDC token is not what it must be."""


class ProofUnfit(ProofError):
    """A job's OIDC token is genuine, and gives no right here."""


class ServerError(GreenroomError):
    """The Greenroom server cannot be reached, or does not do what was asked."""


class InboxError(GreenroomError):
    """The server's queue of events is full, or cannot be used."""


class ServeError(GreenroomError):
    """A part of the server did not start, or ended."""


class DemoError(GreenroomError):
    """The demo did not show what it is there to show."""
