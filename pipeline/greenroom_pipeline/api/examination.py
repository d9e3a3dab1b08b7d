"""The examination of a bundle: nothing that it says of its run is believed that contradicts what was verified."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from greenroom_pipeline.api.documents import RunSheet
from greenroom_pipeline.case_file import MOST_CASES
from greenroom_pipeline.cases import MOST_COLUMNS, Pins
from greenroom_pipeline.checks.pinned_cases import PinnedCases
from greenroom_pipeline.gate import decide
from greenroom_pipeline.models import read_model
from greenroom_pipeline.profile import FeatureProfile
from greenroom_pipeline.record import PROFILE, REPORT
from greenroom_pipeline.report import Report
from greenroom_pipeline.score import begin_name
from greenroom_pipeline.tracking import LoggedModel
from greenroom_services.bento import digest_folder
from greenroom_services.bundle import Bundle
from greenroom_services.environments import model_requirements
from greenroom_services.errors import BundleRefused, BundleTooLarge

SHEET = "run.json"
PREDICTIONS = "predictions.parquet"
MIB = 2**20
PROFILE_BYTES = 4 * MIB
METADATA = ("MLmodel", "requirements.txt")
LARGEST = {REPORT: 16 * MIB, PROFILE: PROFILE_BYTES, SHEET: MIB, PREDICTIONS: 1024 * MIB}
SCRIPT = Path(__file__).with_name("predictions_script.py")
SCRIPT_SECONDS = 300.0
SUMMARY_CHARACTERS = 2_000
MAX_METRICS = 500
CASE_CHARACTERS = 1_000
METRIC_NAME = re.compile(r"[a-z][\w:. -]{0,99}", re.ASCII)
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Submission:
    """A bundle with what it says of its run, which fits together."""

    bundle: Bundle
    sheet: RunSheet
    report: Report
    profile: FeatureProfile

    @property
    def model(self) -> Path:
        return self.bundle.bento / "src" / "model"

    @property
    def predictions(self) -> Path:
        return self.bundle.folder / PREDICTIONS


def examine(bundle: Bundle, *, project: str, pull: int) -> Submission:
    """Return what a bundle for this pull request brings, or raise `BundleRefused` with the first contradiction.

    The model is read as bytes alone, and the predictions are replaced by what a process of its own read there.
    """
    _require_same("project", bundle.manifest.project, project)
    _require_same("slot", bundle.manifest.slot, str(pull))
    _require_files(bundle)
    submission = Submission(
        bundle=bundle,
        sheet=_read(bundle, SHEET, RunSheet),
        report=_read(bundle, REPORT, Report),
        profile=_read(bundle, PROFILE, FeatureProfile),
    )
    _compare_models(submission)
    _require_servable(submission)
    _compare_origins(submission, pull=pull)
    _compare_profiles(submission)
    _require_honest_verdict(submission.report)
    _require_names(submission.report)
    _require_cases(submission.report)
    _rewrite_predictions(submission)
    return submission


def _require_files(bundle: Bundle) -> None:
    for name, most in LARGEST.items():
        listed = bundle.manifest.files.get(name)
        if listed is None:
            raise BundleRefused(f"the bundle brings no {name}; send it as `greenroom run` packs it")
        if listed.size > most:
            raise BundleTooLarge(f"the bundle's {name} is larger than {most // MIB} MiB; leave less in it")
    further = [
        name for name in bundle.manifest.files if not name.startswith("bento/") and name not in LARGEST
    ]
    if further:
        raise BundleRefused(f"the bundle brings {further[0][:80]!r}, which no run leaves; leave it out")


def _read(bundle: Bundle, name: str, kind: type[T]) -> T:
    if bundle.manifest.files[name].size > LARGEST[PurePosixPath(name).name]:
        raise BundleTooLarge(f"the bundle's {name} is larger than what is read of it; leave less in it")
    content = (bundle.folder / name).read_bytes()
    try:
        # JSON itself has no NaN and no infinity, and what is kept must be readable by anyone.
        json.loads(
            content, parse_constant=_refuse_constant, parse_float=_parse_finite, parse_int=_parse_whole
        )
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))[:80]}: {first['msg']}".removeprefix(": ")
    except (ValueError, RecursionError) as error:
        reason = str(error)[:80] if isinstance(error, ValueError) else "nested too deep"
    raise BundleRefused(f"the bundle's {name} is not valid: {' '.join(reason.split())}")


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _parse_whole(text: str) -> int:
    """Read a whole number that a table can hold: those of 64 bits, with a sign or without one."""
    number = int(text)
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"{text[:20]} is too large")
    return number


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _require_same(what: str, said: object, known: object) -> None:
    if said != known:
        raise BundleRefused(
            f"the bundle says {what} {str(said)[:80]!r} where it is {str(known)[:80]!r}; "
            "send what `greenroom run` packed for this commit"
        )


def _compare_models(submission: Submission) -> None:
    """Hold the model's files against all who name its digest; a Bento of another layout has none."""
    if not submission.model.is_dir():
        raise BundleRefused("the bundle's Bento has no src/model; send one that Greenroom packaged")
    digest = digest_folder(submission.model)
    _require_same("the manifest's model", submission.bundle.manifest.model, digest)
    _require_same("the report's candidate", submission.report.candidate.digest, digest)


def _require_servable(submission: Submission) -> None:
    """Read the model's metadata as it will be read once it is kept; whatever its reader trips over is refused."""
    listed = submission.bundle.manifest.files
    for name in METADATA:
        file = listed.get(f"bento/src/model/{name}")
        if file is None or file.size > MIB:
            raise BundleRefused(
                f"the bundle's model has no {name}, or one larger than 1 MiB; log it with mlflow"
            )
    logged = LoggedModel(run_id="", location="", path=submission.model)
    try:
        read_model(logged, sha=submission.bundle.manifest.sha)
        requirements = tuple(model_requirements(submission.model))
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BundleRefused(f"the bundle's model cannot be served: {reason}") from error
    _require_same_environment(submission.bundle.manifest.requirements, requirements)


def _require_same_environment(said: tuple[str, ...], own: tuple[str, ...]) -> None:
    """Refuse to build on the server an environment that is not the model's own."""
    if said != own:
        odd = min(set(said) ^ set(own), default="their order")
        raise BundleRefused(
            f"the bundle's requirements differ from its model's in {odd[:80]!r}; pack it with `greenroom run`"
            " of the server's release and its BentoML"
        )


def _compare_origins(submission: Submission, *, pull: int) -> None:
    manifest, report, origin = submission.bundle.manifest, submission.report, submission.sheet.origin
    if report.lineage is None or report.preview is None:
        raise BundleRefused(
            "the bundle's report has no lineage or no preview; send that of a run of the whole loop"
        )
    for what, said, known in (
        ("the run's project", submission.sheet.project, manifest.project),
        ("the report's project", report.project, manifest.project),
        ("the candidate's name", report.candidate.name, manifest.project),
        ("the run's commit", origin.sha, manifest.sha),
        ("the report's commit", report.lineage.sha, manifest.sha),
        ("the run's pull request", origin.pull, pull),
        ("the report's pull request", report.lineage.pull, pull),
        ("the preview's slot", report.preview.slot, manifest.slot),
        ("the Bento", report.preview.bento.partition(":")[0], manifest.project),
        ("the report's branch", report.lineage.branch, origin.branch),
        ("the report's fingerprint", report.lineage.fingerprint, origin.fingerprint),
        ("the report's holdout", report.holdout.digest, origin.holdout),
        ("the report's parameters", report.lineage.parameters, submission.sheet.parameters),
        (
            "the predictions' holdout",
            submission.sheet.predictions.startswith(begin_name(origin.holdout)),
            True,
        ),
    ):
        _require_same(what, said, known)
    if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", report.candidate.sha or "") is None:
        raise BundleRefused("the bundle's report does not say at which commit its candidate was trained")


def _compare_profiles(submission: Submission) -> None:
    profile, report = submission.profile, submission.report
    _require_same("the profile's task", profile.task, report.task)
    _require_same("the profile's rows", profile.rows, report.holdout.rows)
    _require_same(
        "the Bento's profile", _read(submission.bundle, "bento/src/profile.json", FeatureProfile), profile
    )
    if not profile.examples:
        raise BundleRefused("the bundle's profile has no example row; send that of a holdout with rows")


def _require_honest_verdict(report: Report) -> None:
    """Refuse a verdict that its own checks do not give, and any override: those are said on the server."""
    if any(check.override is not None for check in report.checks):
        raise BundleRefused(
            "the bundle's report overrides a check; that is said with `greenroom override` on the server"
        )
    _require_same("the verdict", report.verdict, decide(report.checks))


def _require_names(report: Report) -> None:
    if len(report.summary) > SUMMARY_CHARACTERS:
        raise BundleTooLarge(
            f"the report's summary is longer than {SUMMARY_CHARACTERS} characters; say less in it"
        )
    if any(each.p_value is not None and each.difference is None for each in report.metrics):
        raise BundleRefused("the report tests a difference that it does not have; send the run's own")
    overall = [result.metric for result in report.metrics if result.slice is None]
    wrong = next((name for name in overall if METRIC_NAME.fullmatch(name) is None), None)
    if wrong is not None or len(overall) > MAX_METRICS:
        raise BundleRefused(f"the report has more than {MAX_METRICS} metrics, or one named {wrong!r:.80}")


def _require_cases(report: Report) -> None:
    """Refuse more, or longer, than a file of pinned cases can lead to, and a check that its own cases contradict."""
    pins = report.pins or Pins(taken=[])
    if max(len(report.cases), len(pins.taken), len(pins.changed)) > MOST_CASES:
        raise BundleTooLarge(f"the report has more than {MOST_CASES:,} pinned cases; leave less in it")
    texts = [*pins.taken, *pins.changed]
    for case in report.cases:
        texts += [case.name, case.expected, case.answered, case.champion or "", case.reason, case.by]
    wide = any(len(case.row) > MOST_COLUMNS for case in report.cases)
    if wide or max(map(len, texts), default=0) > CASE_CHARACTERS:
        raise BundleTooLarge(
            f"a pinned case of the report has more than {MOST_COLUMNS} columns, or a text of more than"
            f" {CASE_CHARACTERS:,} characters; send what `greenroom run` packed"
        )
    broken = any(case.outcome == "broken" for case in report.cases)
    passed = any(each.code == PinnedCases.code and each.outcome == "passed" for each in report.checks)
    if broken and passed:
        raise BundleRefused(
            "the report's pinned cases hold in its check, and one of them broke; send the run's own"
        )


def _rewrite_predictions(submission: Submission) -> None:
    report, target = submission.report, submission.predictions.with_suffix(".own")
    kind = "numbers" if report.task == "regression" else "labels"
    arguments = [str(submission.predictions), str(target), str(report.holdout.rows), kind]
    reason = _run_script(arguments)
    if reason:
        raise BundleRefused(f"the bundle's {PREDICTIONS} {reason[:300]}; send what scoring left")
    target.replace(submission.predictions)


def _run_script(arguments: list[str]) -> str:
    """Return what the script says is wrong; nothing when it is content."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), *arguments],
            # Made from nothing, so that no secret is among it.
            env={"LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"takes longer than {SCRIPT_SECONDS:g} seconds to read"
    if done.returncode == 0:
        return ""
    said = " ".join(done.stdout.decode(errors="replace").split())
    return said or "cannot be read within the limits of memory and time"
