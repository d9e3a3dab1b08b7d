"""What the store holds already of the same evidence: its verdict, its model and its profile."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.models import Model, read_model
from greenroom_pipeline.profile import FeatureProfile
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import Recorded, find_recorded, read_profile
from greenroom_pipeline.subject import Subject


@dataclass(frozen=True)
class Known:
    """What the store holds of the same evidence, whole."""

    recorded: Recorded
    model: Model
    profile: FeatureProfile


def find_known(project: Project, subject: Subject) -> Known | None:
    """Return the recorded verdict of the same evidence; None where any part of it has been lost since."""
    recorded = find_recorded(project.store, subject.origin)
    if recorded is None:
        return None
    candidate = recorded.report.candidate
    assert candidate.run_id is not None
    assert candidate.sha is not None
    logged = project.store.logged_model(candidate.run_id)
    profile = read_profile(project.store, recorded.record.id)
    if logged is None or not logged.path.exists() or profile is None:
        return None
    model = read_model(logged, sha=candidate.sha)
    return Known(recorded, model, profile) if model.digest == candidate.digest else None
