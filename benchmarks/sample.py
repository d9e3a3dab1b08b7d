"""A Bento to measure previews with: gradient boosting on scikit-learn's own data, packaged as any candidate is."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from greenroom_pipeline.profile import profile_features
from greenroom_services.bento import digest_folder, package
from greenroom_services.environments import Environment, build_environment, model_requirements

PACKAGES = ("mlflow-skinny", "numpy", "pandas", "pyarrow", "scikit-learn", "skops")
NAME = "sample"


@dataclass(frozen=True)
class Sample:
    """A Bento, what it needs, the environment that has it, and a row to ask."""

    bento: Path
    digest: str
    requirements: tuple[str, ...]
    environment: Environment
    row: Mapping[str, Any]


def make_sample(folder: Path, *, cache: Path) -> Sample:
    """Train, save and package the model below *folder*, and build its environment below *cache*."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    model = folder / "model"
    _save(data.data, data.target, model)
    requirements = tuple(model_requirements(model))
    profile = profile_features(data.data, task="binary", target=data.target.name, classes=("0", "1"))
    digest = digest_folder(model)
    packaged = package(
        model,
        name=NAME,
        version="v1",
        digest=digest,
        task="binary",
        profile=profile.model_dump(mode="json"),
        requirements=requirements,
        store=folder / "store",
        labels={},
        classes=("0", "1"),
    )
    environment = build_environment(requirements, cache=cache)
    return Sample(packaged.path, digest, requirements, environment, profile.examples[0])


def _save(features: Any, target: Any, path: Path) -> None:
    import skops.io
    from sklearn.ensemble import HistGradientBoostingClassifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.sklearn
        from mlflow.models import infer_signature

        model = HistGradientBoostingClassifier(max_iter=50, random_state=7).fit(features, target)
        mlflow.sklearn.save_model(
            model,
            str(path),
            signature=infer_signature(features, model.predict(features)),
            pip_requirements=[f"{name}=={version(name)}" for name in PACKAGES],
            skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
        )
