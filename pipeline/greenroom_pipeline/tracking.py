"""MLflow, the one store of runs, models, reports and promotions; nothing else imports it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

# MLflow reads these while it is imported. Greenroom sends nothing home, and prints its own progress.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# A server that is not there is told within seconds; the default tries for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.entities.model_registry import ModelVersion as Version
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.locks import locked
from greenroom_pipeline.places import Places
from greenroom_pipeline.publishing.links import address_run

_PREFIX = "greenroom."
_CHAMPION = "champion"
# Runs of the team's own, without Greenroom's tags, may stand in the same experiment.
_OURS = f"tags.`{_PREFIX}sha` != ''"
_BATCH = 100


@dataclass(frozen=True)
class RunRecord:
    """One candidate's way through the loop. *tags* are Greenroom's own, without prefix."""

    id: str
    started: datetime
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    ended: datetime | None = None
    """None while it goes on."""


@dataclass(frozen=True)
class LoggedModel:
    """A model that a run logged, on this machine's disk."""

    run_id: str
    location: str
    """Address of its folder in the store."""
    path: Path
    id: str | None = None
    """Of a logged model of MLflow 3; None for a folder among the run's artifacts."""


@dataclass(frozen=True)
class ModelVersion:
    """One version in MLflow's registry. *tags* are Greenroom's own, without prefix."""

    version: str
    run_id: str
    tags: Mapping[str, str]
    created: datetime | None = None


@dataclass(frozen=True)
class Registry:
    """What stands at the project's registered model. *tags* are Greenroom's own, without prefix."""

    tags: Mapping[str, str]
    champion: str | None
    """The version that is in production; it may be gone."""


@contextmanager
def _translated(action: str) -> Iterator[None]:
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StoreError(f"MLflow could not {action}: {first}") from error


class Store:
    """The runs and models of one project in MLflow."""

    def __init__(self, project: str, client: MlflowClient, experiment: str, scratch: Path) -> None:
        self.project = project
        self._client = client
        self._experiment = experiment
        self._scratch = scratch

    @property
    def experiment(self) -> str:
        """Id of the project's experiment."""
        return self._experiment

    def run_page(self, run_id: str) -> str | None:
        """Return the address of a run's page, where a server shows one."""
        return address_run(self._client.tracking_uri, experiment=self._experiment, run_id=run_id)

    # Runs

    def begin(self, name: str, tags: Mapping[str, str]) -> str:
        """Start a run and return its id."""
        with _translated("start a run"):
            return str(
                self._client.create_run(self._experiment, tags=_prefixed(tags), run_name=name).info.run_id
            )

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        with _translated("tag a run"):
            self._client.log_batch(
                run_id, tags=[RunTag(key, value) for key, value in _prefixed(tags).items()]
            )

    def end(self, run_id: str, *, failed: bool = False) -> None:
        with _translated("end a run"):
            self._client.set_terminated(run_id, "FAILED" if failed else "FINISHED")

    def record(self, run_id: str) -> RunRecord:
        with _translated(f"read run {run_id}"):
            return _record(self._client.get_run(run_id))

    def records(self, **tags: str) -> list[RunRecord]:
        """Return the project's runs that carry all of *tags*, newest first."""
        return self._search(_OURS, tags)

    def recent(self, count: int) -> list[RunRecord]:
        """Return the project's newest runs, *count* at most, newest first."""
        with _translated("search runs"):
            found = self._client.search_runs(
                [self._experiment], _OURS, max_results=count, order_by=["attributes.start_time DESC"]
            )
        return [_record(run) for run in found]

    def retrainings(self, fingerprint: str) -> list[RunRecord]:
        """Return what was trained with the fingerprint and another seed, newest first: no candidates."""
        return self._search(f"tags.`{_PREFIX}seed` != ''", {"seed_of": fingerprint, "trained": "true"})

    def _search(self, condition: str, tags: Mapping[str, str]) -> list[RunRecord]:
        conditions = [condition]
        conditions += [f"tags.`{_PREFIX}{key}` = '{_quotable(value)}'" for key, value in tags.items()]
        found: list[RunRecord] = []
        token: str | None = None
        with _translated("search runs"):
            while token is not None or not found:
                page = self._client.search_runs(
                    [self._experiment],
                    " and ".join(conditions),
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                found += [_record(run) for run in page]
                token = page.token
                if token is None:
                    break
        return found

    def log_metrics(self, run_id: str, values: Mapping[str, float]) -> None:
        now = int(datetime.now(UTC).timestamp() * 1000)
        with _translated("log metrics"):
            self._client.log_batch(
                run_id, metrics=[Metric(key, value, now, 0) for key, value in values.items()]
            )

    def log_parameters(self, run_id: str, values: Mapping[str, str]) -> None:
        known = self.record(run_id).parameters
        new = [Param(key, value) for key, value in values.items() if key not in known]
        with _translated("log parameters"):
            # A server takes so many at once.
            for start in range(0, len(new), _BATCH):
                self._client.log_batch(run_id, params=new[start : start + _BATCH])

    # Files of a run

    def put(self, run_id: str, path: Path, folder: str | None = None) -> None:
        with _translated(f"store {path.name}"):
            self._client.log_artifact(run_id, str(path), folder)

    def put_folder(self, run_id: str, path: Path, folder: str) -> None:
        with _translated(f"store {path.name}"):
            self._client.log_artifacts(run_id, str(path), folder)

    def put_text(self, run_id: str, text: str, name: str) -> None:
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            path = Path(folder) / name
            path.write_text(text)
            self.put(run_id, path)

    def get(self, run_id: str, name: str) -> Path | None:
        """Return a stored file on this disk, fetched when the store is elsewhere; None when there is none."""
        with _translated(f"fetch {name}"):
            parent = name.rpartition("/")[0]
            if name not in {entry.path for entry in self._client.list_artifacts(run_id, parent or None)}:
                return None
            return self._fetch(f"{self._client.get_run(run_id).info.artifact_uri}/{name}", run_id)

    def names(self, run_id: str, folder: str) -> list[str]:
        """Return the names of the files in a run's folder."""
        with _translated(f"list {folder}"):
            entries = self._client.list_artifacts(run_id, folder)
        return sorted(PurePosixPath(entry.path).name for entry in entries if not entry.is_dir)

    def _fetch(self, location: str, key: str) -> Path:
        local = _local_path(location)
        if local is not None:
            return local
        target = self._scratch / "fetched" / key
        target.mkdir(parents=True, exist_ok=True)
        fetched = mlflow.artifacts.download_artifacts(
            artifact_uri=location, dst_path=str(target), tracking_uri=self._client.tracking_uri
        )
        return Path(fetched)

    # Models

    def logged_model(self, run_id: str) -> LoggedModel | None:
        """Return the last model that the run logged, or None. Knows the ways of MLflow 3 and of 2."""
        with _translated(f"find the model of run {run_id}"):
            run = self._client.get_run(run_id)
            outputs = run.outputs.model_outputs if run.outputs else []
            if outputs:
                model = self._client.get_logged_model(outputs[-1].model_id)
                location = model.artifact_location
                return LoggedModel(run_id, location, self._fetch(location, model.model_id), model.model_id)
            return self._model_among_artifacts(run)

    def _model_among_artifacts(self, run: Run) -> LoggedModel | None:
        run_id = run.info.run_id
        for entry in self._client.list_artifacts(run_id):
            if entry.is_dir and f"{entry.path}/MLmodel" in {
                inner.path for inner in self._client.list_artifacts(run_id, entry.path)
            }:
                location = f"{run.info.artifact_uri}/{entry.path}"
                return LoggedModel(run_id, location, self._fetch(location, run_id))
        return None

    def register(self, model: LoggedModel, tags: Mapping[str, str]) -> ModelVersion:
        """Make the model a version in the registry, or return the one that is there.

        That is of the same digest, commit and pull request: another pull request's stays as it is.
        """
        for version in self.versions():
            if all(version.tags.get(key) == tags.get(key) for key in ("digest", "sha", "pull")):
                self.tag_version(version.version, tags)
                return ModelVersion(version.version, version.run_id, {**version.tags, **tags})
        with _translated("register the model"):
            if not self._client.search_registered_models(f"name = '{self.project}'"):
                self._client.create_registered_model(self.project)
            made = self._client.create_model_version(
                self.project,
                source=model.location,
                # A server looks up whether the source is the run's, or the logged model's.
                run_id=model.run_id,
                model_id=model.id,
                tags=_prefixed(tags),
            )
        return ModelVersion(str(made.version), model.run_id, dict(tags))

    def versions(self) -> list[ModelVersion]:
        """Return every registered version, newest first."""
        with _translated("list model versions"):
            found = self._client.search_model_versions(f"name = '{self.project}'")
        listed = [_version(each) for each in found]
        return sorted(listed, key=lambda each: int(each.version), reverse=True)

    def tag_version(self, version: str, tags: Mapping[str, str]) -> None:
        with _translated("tag a model version"):
            for key, value in _prefixed(tags).items():
                self._client.set_model_version_tag(self.project, version, key, value)

    def champion(self) -> ModelVersion | None:
        """Return the version in production, or None while there is none."""
        with _translated("read the champion"):
            models = self._client.search_registered_models(f"name = '{self.project}'")
            version = models[0].aliases.get(_CHAMPION) if models else None
            if version is None:
                return None
            found = self._client.get_model_version(self.project, version)
        return _version(found)

    def registry(self) -> Registry:
        """Return what stands at the registered model; nothing while there is none."""
        with _translated("read the registered model"):
            models = self._client.search_registered_models(f"name = '{self.project}'")
        if not models:
            return Registry({}, None)
        champion = models[0].aliases.get(_CHAMPION)
        return Registry(_unprefixed(models[0].tags), None if champion is None else str(champion))

    def tag_model(self, key: str, value: str) -> None:
        """Write a tag of the registered model, over one of the same key."""
        with _translated("tag the registered model"):
            self._client.set_registered_model_tag(self.project, f"{_PREFIX}{key}", value)

    def set_champion(self, version: str) -> None:
        with _translated("move the champion"):
            self._client.set_registered_model_alias(self.project, _CHAMPION, version)

    def unset_champion(self) -> None:
        with _translated("take the champion's alias away"):
            self._client.delete_registered_model_alias(self.project, _CHAMPION)


def open_store(project: str, places: Places) -> Store:
    """Connect to the tracking server, or to the embedded store, which is made at first use."""
    # The tables are made at first use, and two processes must not make them at once.
    with _translated(f"open {places.tracking_uri}"), locked(places.home / "store.lock"):
        client = MlflowClient(tracking_uri=places.tracking_uri, registry_uri=places.tracking_uri)
        experiment = client.get_experiment_by_name(project)
        if experiment is not None:
            identity = str(experiment.experiment_id)
        else:
            # Left to itself, MLflow keeps a local store's files in the current folder.
            local = places.tracking_uri.startswith("sqlite:")
            folder = (places.artifacts / project).as_uri() if local else None
            identity = str(client.create_experiment(project, artifact_location=folder))
    return Store(project, client, identity, places.scratch)


def _record(run: Run) -> RunRecord:
    started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    ended = datetime.fromtimestamp(run.info.end_time / 1000, UTC) if run.info.end_time else None
    return RunRecord(run.info.run_id, started, _unprefixed(run.data.tags), dict(run.data.params), ended)


def _version(found: Version) -> ModelVersion:
    created = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    return ModelVersion(str(found.version), str(found.run_id), _unprefixed(found.tags), created)


def _prefixed(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"{_PREFIX}{key}": value for key, value in tags.items()}


def _unprefixed(tags: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix(_PREFIX): value for key, value in tags.items() if key.startswith(_PREFIX)}


def _quotable(value: str) -> str:
    if "'" in value:
        raise StoreError(f"{value!r} holds a quote, which MLflow's search cannot express; rename it")
    return value


def _local_path(location: str) -> Path | None:
    parsed = urlparse(location)
    return Path(unquote(parsed.path)) if parsed.scheme in ("", "file") else None
