"""The candidate: trained by the project's command, or found trained with the same fingerprint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from greenroom_pipeline.errors import ScoringError, TrainingError
from greenroom_pipeline.model_file import log_model_file
from greenroom_pipeline.models import Model, read_model
from greenroom_pipeline.project import Project
from greenroom_pipeline.subject import Subject
from greenroom_pipeline.tracking import Store
from greenroom_pipeline.train import run_command, training_environment


def find_trained(store: Store, fingerprint: str) -> Model | None:
    """Return the newest model that was trained with this fingerprint, if the store still holds its bytes."""
    for record in store.records(fingerprint=fingerprint, trained="true"):
        logged = store.logged_model(record.id)
        if logged is not None and logged.path.exists():
            return read_model(logged, sha=record.tags["sha"])
    return None


def train_candidate(
    project: Project,
    subject: Subject,
    run_id: str,
    *,
    environ: Mapping[str, str],
    wrote: Callable[[str], None],
    seed: int = 0,
) -> Model:
    """Run the training command and return the model that it logged; `TrainingError` if it left none."""
    train = project.settings.train
    environment = training_environment(
        environ, tools=project.places.tools, tracking_uri=project.places.tracking_uri, run_id=run_id
    )
    environment |= {
        "GREENROOM_PROJECT": project.name,
        "GREENROOM_SHA": subject.commit.sha,
        "GREENROOM_FINGERPRINT": subject.fingerprint,
        "GREENROOM_SEED": str(seed),
    }
    with tempfile.TemporaryDirectory(dir=project.places.scratch) as folder:
        log = Path(folder) / "train.log"
        log.touch()
        # By the clock of the file system, which is the one that dates the model file.
        began = log.stat().st_mtime_ns
        try:
            run_command(train, folder=project.repository.root, environment=environment, log=log, wrote=wrote)
        finally:
            project.store.put(run_id, log)
    if train.model is not None:
        log_model_file(project, run_id, since=began)
    logged = project.store.logged_model(run_id)
    if logged is None:
        raise TrainingError(
            f"training by {train.command!r} ended well but logged no model to run {run_id}; "
            "call log_model in it, inside mlflow.start_run(), or name the file that it leaves as train.model"
        )
    model = read_model(logged, sha=subject.commit.sha)
    project.store.tag(run_id, {"trained": "true"})
    return model


def require_another_model(store: Store, subject: Subject, candidate: Model) -> None:
    """Raise `ScoringError` when the candidate is the champion's very bytes, though trained from other sources.

    With the same fingerprint they are rightly the same: the champion's own commit is looked at again.
    """
    champion = subject.champion
    if champion is None or candidate.digest != champion.model.digest:
        return
    if store.record(champion.version.tags["run"]).tags.get("fingerprint") == subject.fingerprint:
        return
    raise ScoringError(
        f"the candidate is the champion itself (version {champion.version.version}, digest "
        f"{candidate.digest[:12]}), though what training reads has changed; see that the training command logs "
        "the model that it trains"
    )
