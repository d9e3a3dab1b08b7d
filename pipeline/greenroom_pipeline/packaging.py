"""Packaging: the model as a Bento, built once and run everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from greenroom_pipeline.errors import PackagingError, StoreError
from greenroom_pipeline.holdout import Holdout, positive_class
from greenroom_pipeline.models import Model
from greenroom_pipeline.profile import FeatureProfile, profile_features
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import PROFILE, read_profile
from greenroom_pipeline.report import Task
from greenroom_pipeline.subject import Champion
from greenroom_services.bento import PackagedBento, package
from greenroom_services.environments import model_requirements
from greenroom_services.errors import BundlingError, RequirementsError


@dataclass(frozen=True)
class Package:
    """A model's Bento with what a preview of it needs."""

    bento: PackagedBento
    model: str
    """Digest of the model."""
    requirements: tuple[str, ...]
    profile: FeatureProfile


def label_bento(model: Model, profile: FeatureProfile, *, positive: str | None) -> str:
    """Return the Bento's version: the same model, asked and described alike, has the same one."""
    content = "\0".join([model.digest, str(positive), profile.model_dump_json()])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def profile_holdout(holdout: Holdout, model: Model, *, task: Task) -> FeatureProfile:
    """Describe the columns that the model takes, as the holdout shows them."""
    return profile_features(
        holdout.features(model.columns),
        task=task,
        target=holdout.data.target,
        classes=holdout.classes,
    )


def package_champion(project: Project, champion: Champion) -> Package:
    """Return the champion's Bento, as it was reviewed: the same bytes of the model, the same profile."""
    record = champion.version.tags["run"]
    profile = read_profile(project.store, record)
    if profile is None:
        raise StoreError(
            f"run {record} has lost the champion's {PROFILE} in MLflow; promote another candidate"
        )
    return package_model(project, champion.model, profile)


def package_model(project: Project, model: Model, profile: FeatureProfile) -> Package:
    """Build the model's Bento, or return the one that stands in the store already."""
    positive = positive_class(profile.classes, project.settings.data)
    try:
        requirements = model_requirements(model.path)
        bento = package(
            model.path,
            name=project.name,
            version=label_bento(model, profile, positive=positive),
            digest=model.digest,
            task=profile.task,
            profile=profile.model_dump(mode="json"),
            requirements=requirements,
            store=project.places.bentos,
            labels={"greenroom.sha": model.sha, "greenroom.digest": model.digest},
            classes=profile.classes,
            positive=positive,
        )
    except (BundlingError, RequirementsError) as error:
        raise PackagingError(str(error), log=error.log) from error
    return Package(bento, model.digest, tuple(requirements), profile)
