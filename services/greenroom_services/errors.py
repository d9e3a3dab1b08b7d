"""Errors of the services floor that people can mend; anything else is a defect and keeps its traceback.

ServiceError
    RequirementsError    the model's environment cannot be built from its requirements
    ModelError           a model does not load, crashes, or does not answer in time
    BundlingError        the Bento could not be built
    BundleRefused        a bundle is not what it must be
    BundleTooLarge       a bundle, or something in it, is larger than the host takes
    BundleStale          a newer bundle is in the slot
    TokenError           a token cannot be made, found or read
    HostError            the preview host did not do what was asked
        HostAbsent       no preview host is running
        HostPresent      another preview host runs on the same folder
        HostFull         the host's disk is full
        PreviewFailed    the preview did not come up, or its probe was refused
        PreviewAbsent    there is no preview in that slot
        PreviewStarting  the preview does not answer yet
        QueryRefused     the preview refused the row
"""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """Something that a person can mend: one line that says what, which value, and what to do.

    *log* holds the last lines of the process that failed, when there was one.
    """

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class RequirementsError(ServiceError):
    """The model's environment cannot be built from its requirements."""


class ModelError(ServiceError):
    """A model does not load, crashes, or does not answer in time."""


class BundlingError(ServiceError):
    """The Bento could not be built."""


class BundleRefused(ServiceError):
    """A bundle is not what it must be."""


class BundleTooLarge(ServiceError):
    """A bundle, or something in it, is larger than the host takes."""


class BundleStale(ServiceError):
    """A newer bundle is in the slot."""


class TokenError(ServiceError):
    """A token cannot be made, found or read."""


class HostError(ServiceError):
    """The preview host did not do what was asked."""


class HostAbsent(HostError):
    """No preview host is running."""


class HostPresent(HostError):
    """Another preview host runs on the same folder."""


class HostFull(HostError):
    """The host's disk is full."""


class PreviewFailed(HostError):
    """The preview did not come up, or its probe was refused."""


class PreviewAbsent(HostError):
    """There is no preview in that slot."""


class PreviewStarting(HostError):
    """The preview does not answer yet; *retry* says in how many seconds it may."""

    def __init__(self, message: str, *, log: str = "", retry: float = 2.0) -> None:
        super().__init__(message, log=log)
        self.retry = retry


class QueryRefused(HostError):
    """The preview refused the row; *detail* names row, column, what came and what is expected."""

    def __init__(self, message: str, *, detail: list[dict[str, Any]], log: str = "") -> None:
        super().__init__(message, log=log)
        self.detail = detail
