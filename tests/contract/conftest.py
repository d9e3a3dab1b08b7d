"""Real models, their one environment, and their Bentos, made once a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom_pipeline.places import find_places, prepare_home
from greenroom_pipeline.tracking import open_store
from greenroom_services.bento import PackagedBento, digest_folder, package
from greenroom_services.client import HostClient
from greenroom_services.environments import Environment, build_environment, model_requirements
from greenroom_services.host.launch import HostProcess, temporary_host
from tests.contract.example_models import Example, make_average, make_diabetes, make_flights, make_irises
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Workbench, init_repository


@pytest.fixture(scope="session")
def cache() -> Path:
    """Shared between sessions: environments are found by their digest."""
    return Path(os.environ.get("GREENROOM_CACHE", "~/.cache/greenroom")).expanduser() / "environments"


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Example]:
    folder = tmp_path_factory.mktemp("models")
    makers: list[Callable[[Path], Example]] = [make_flights, make_irises, make_diabetes, make_average]
    made = [make(folder / make.__name__) for make in makers]
    return {example.name: example for example in made}


@pytest.fixture(scope="session")
def requirements(examples: dict[str, Example]) -> list[str]:
    """What the environment of every example holds: they share one."""
    return model_requirements(examples["flights"].path)


@pytest.fixture(scope="session")
def environment(requirements: list[str], cache: Path) -> Environment:
    return build_environment(requirements, cache=cache)


@pytest.fixture(scope="session")
def pack(requirements: list[str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., PackagedBento]:
    """Package an example, by default under version `v1`."""
    store = tmp_path_factory.mktemp("store")

    def pack_example(example: Example, *, version: str = "v1") -> PackagedBento:
        return package(
            example.path,
            name=example.name,
            version=version,
            digest=digest_folder(example.path),
            task=example.task,
            profile=example.profile(),
            requirements=requirements,
            store=store,
            labels={"greenroom.sha": "0" * 40},
            classes=example.classes,
        )

    return pack_example


@pytest.fixture
def host(tmp_path: Path, cache: Path) -> Iterator[HostProcess]:
    with temporary_host(tmp_path / "host", cache=cache) as process:
        yield process


@pytest.fixture
def client(host: HostProcess) -> HostClient:
    return host.client


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as hub:
        yield hub


@pytest.fixture
def flights(hub: FakeGitHub) -> FakeRepository:
    """A repository with the pull request 1."""
    repository = hub.repository("ada/flights")
    repository.open_pull("a" * 40, "better")
    return repository


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A git repository with one commit."""
    bench = init_repository(tmp_path / "project")
    bench.write("a.txt", "1")
    bench.commit("first")
    return bench


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an embedded store that nothing is in; to make it takes longer than to copy it."""
    places = find_places(tmp_path_factory.mktemp("tables"), {})
    prepare_home(places)
    open_store("nobody", places)
    return places.home / "mlflow.db"
