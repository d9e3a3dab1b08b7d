"""What a run posts while it goes on. That a forge does not take it is told, and changes no verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import (
    Place,
    publish_failure,
    publish_report,
    publish_start,
    publish_untouched,
    withdraw,
)
from greenroom_pipeline.report import Report

Warn = Callable[[str], None]
"""Takes one line for people."""


@dataclass(frozen=True)
class Poster:
    forge: Forge | None
    """None where nothing can be posted, or somebody else does it."""
    place: Place
    links: Links
    settings: str
    """Text of the commit's `greenroom.toml`."""
    warn: Warn

    def at(self, links: Links) -> Poster:
        """Return one that gives these addresses as well."""
        known = {name: address for name, address in vars(links).items() if address is not None}
        return replace(self, links=replace(self.links, **known))

    def start(self) -> None:
        self._post(lambda forge: publish_start(forge, self.place, self.links))

    def report(self, report: Report) -> None:
        self._post(
            lambda forge: publish_report(forge, self.place, report, self.links, settings=self.settings)
        )

    def failure(self, *, step: str, reason: str, log: str) -> None:
        self._post(
            lambda forge: publish_failure(forge, self.place, self.links, step=step, reason=reason, log=log)
        )

    def untouched(self) -> None:
        self._post(lambda forge: publish_untouched(forge, self.place))

    def withdraw(self) -> None:
        self._post(lambda forge: withdraw(forge, self.place))

    def _post(self, publish: Callable[[Forge], None]) -> None:
        if self.forge is None:
            return
        try:
            publish(self.forge)
        except ForgeError as error:
            self.warn(str(error))
