"""A project opened on this machine: its settings, repository, forge and store."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.choice import choose_forge
from greenroom_pipeline.places import Places, prepare_home
from greenroom_pipeline.repository import Repository, open_repository
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.tracking import Store, open_store


@dataclass(frozen=True)
class Project:
    settings: Settings
    places: Places
    repository: Repository
    forge: Forge
    store: Store

    @property
    def name(self) -> str:
        return self.settings.project.name


def open_project(places: Places) -> Project:
    """Open the project in `places.repository`; the first `GreenroomError` says what is missing or wrong."""
    settings = load_settings(places.repository)
    repository = open_repository(places.repository)
    prepare_home(places)
    return Project(
        settings=settings,
        places=places,
        repository=repository,
        forge=choose_forge(repository, places),
        store=open_store(settings.project.name, places),
    )
