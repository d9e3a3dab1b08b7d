"""What a run hands in, made by hand: small, whole, and easy to spoil."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from greenroom_pipeline.api.documents import RunSheet
from greenroom_pipeline.origin import Origin
from greenroom_pipeline.profile import profile_features
from greenroom_pipeline.report import (
    CheckResult,
    Holdout,
    Lineage,
    MetricResult,
    ModelReference,
    Preview,
    Report,
    Timing,
    to_json,
)
from greenroom_services.bento import digest_folder
from greenroom_services.bundle import PackedBundle, pack_bundle
from greenroom_services.environments import serving_requirements

PROJECT = "flights"
HOLDOUT = "d" * 64
PREDICTIONS_KEY = f"{HOLDOUT[:16]}-{'1' * 24}"
ROWS = pd.DataFrame({"distance": [1.5, 2.5, 4.0, 8.0]})
MLMODEL = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmlflow_version: 3.17.2\n"
REQUIREMENTS = ["scikit-learn==1.9.1"]
SERVING = serving_requirements(REQUIREMENTS, mlflow_version="3.17.2")


@dataclass
class Draft:
    """A bundle before it is packed; each part may be changed. *spoilt* are texts that replace whole documents."""

    report: dict[str, Any]
    sheet: dict[str, Any]
    profile: dict[str, Any]
    predictions: bytes
    model: dict[str, bytes]
    manifest: dict[str, Any]
    spoilt: dict[str, bytes | None] = field(default_factory=dict)
    named: str | None = None
    """The digest that all documents give of the model; None for the true one."""

    def pack(self, folder: Path) -> PackedBundle:
        bento = self._write_bento(folder / "bento")
        digest = digest_folder(bento / "src" / "model")
        self.report["candidate"]["digest"] = self.named or digest
        documents: dict[str, bytes | None] = {
            "report.json": json.dumps(self.report).encode(),
            "run.json": json.dumps(self.sheet).encode(),
            "profile.json": json.dumps(self.profile).encode(),
            "predictions.parquet": self.predictions,
        }
        extra = {name: content for name, content in (documents | self.spoilt).items() if content is not None}
        fields = {"requirements": SERVING, "model": digest, "probe": {"distance": 1.5}}
        return pack_bundle(bento, extra=extra, **(fields | self.manifest))

    def _write_bento(self, bento: Path) -> Path:
        files = {f"src/model/{name}": content for name, content in self.model.items()}
        files |= {"bento.yaml": b"service: service:Candidate\n", "src/service.py": b"Candidate = None\n"}
        files |= {"src/profile.json": json.dumps(self.profile).encode()}
        for name, content in files.items():
            path = bento / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return bento


def as_parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def make_draft(
    *, sha: str, branch: str | None, pull: int = 7, champion: str | None = None, model: str = "1"
) -> Draft:
    """Return what a run of the commit hands in; *model* are its weights, *champion* the digest compared with."""
    origin = Origin(
        sha=sha,
        subject="A better model",
        author="Ada",
        branch=branch,
        pull=pull,
        title="A better model",
        fingerprint="f" * 64,
        holdout=HOLDOUT,
        evidence="e" * 64,
    )
    sheet = RunSheet(project=PROJECT, origin=origin, parameters={"depth": "3"}, predictions=PREDICTIONS_KEY)
    profile = profile_features(ROWS, task="regression", target="delay", classes=())
    return Draft(
        report=json.loads(to_json(_make_report(origin, champion))),
        sheet=sheet.model_dump(mode="json"),
        profile=profile.model_dump(mode="json", by_alias=True),
        predictions=as_parquet(prediction=[1.0, 2.0, 3.0, 4.0]),
        model={
            "MLmodel": MLMODEL.encode(),
            "requirements.txt": "\n".join(REQUIREMENTS).encode(),
            "weights": model.encode(),
        },
        manifest={"project": PROJECT, "slot": str(pull), "sha": sha},
    )


def _make_report(origin: Origin, champion: str | None) -> Report:
    compared = None
    if champion is not None:
        compared = ModelReference(name=PROJECT, version="1", digest=champion, run_id="theirs", sha="c" * 40)
    return Report(
        verdict="pass",
        summary="RMSE falls by 2.1.",
        project=PROJECT,
        task="regression",
        candidate=ModelReference(name=PROJECT, digest="0" * 64, run_id="ours", sha=origin.sha),
        champion=compared,
        holdout=Holdout(rows=len(ROWS), digest=HOLDOUT, looks=1),
        metrics=[
            MetricResult(
                metric="rmse",
                title="RMSE",
                slice=None,
                candidate=1.0,
                champion=3.1,
                difference=-2.1,
                interval=(-2.5, -1.7),
                confidence=0.95,
                p_value=0.01,
                rows=len(ROWS),
                method="t",
                higher_is_better=False,
            )
        ],
        checks=[
            CheckResult(code="GR102", title="RMSE loses at most 1", outcome="passed", reason="It falls.")
        ],
        lineage=Lineage(
            sha=origin.sha,
            branch=origin.branch,
            pull=origin.pull,
            fingerprint=origin.fingerprint,
            parameters={"depth": "3"},
        ),
        preview=Preview(slot=str(origin.pull), bento=f"{PROJECT}:0123456789ab", state="awake"),
        timings=[Timing(step="train", seconds=2.5)],
    )
