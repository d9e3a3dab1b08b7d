"""The demo as a person runs it: the command, the portal in a browser, the previews, and Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from rich.console import Console

from greenroom_pipeline.candidate import find_trained
from greenroom_pipeline.demo import prove_demo
from greenroom_pipeline.errors import DemoError
from greenroom_pipeline.models import Model
from greenroom_pipeline.places import find_places
from greenroom_pipeline.progress import Silence
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.run import run_loop
from greenroom_pipeline.subject import Subject, identify
from greenroom_services.client import HostClient
from greenroom_services.environments import Environment, build_environment, model_requirements
from tests.bento_server import bentoml_serving

DEADLINE = 600
MOST_ROWS = 10_000
SCREENSHOTS = Path(__file__).parent / "screenshots"
ASK_ORACLE = """
import json, sys
import mlflow.sklearn, pandas
model = mlflow.sklearn.load_model(sys.argv[1])
rows = pandas.read_parquet(sys.argv[2])
pandas.DataFrame(model.predict_proba(rows), columns=["0", "1"]).to_parquet(sys.argv[3])
"""


@dataclass(frozen=True)
class Demo:
    """A demo that has been played and serves."""

    process: subprocess.Popen[str]
    portal: str
    workspace: Path

    @property
    def project(self) -> Project:
        return open_project(find_places(self.workspace, os.environ))

    def subject(self, branch: str) -> Subject:
        """Check a branch out and read what it is about."""
        project = self.project
        project.repository.git("switch", "--quiet", branch)
        return identify(project)

    def model(self, branch: str) -> Model:
        model = find_trained(self.project.store, self.subject(branch).fingerprint)
        assert model is not None
        return model


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Run `greenroom demo` and wait for its invitation; stop it by Ctrl-C, and see that nothing is left."""
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        output = "".join(_read_until(process, "Press Ctrl-C"))
        portal = re.search(r"Open the portal: (\S+)", output)
        workspace = re.search(r"its data in (\S+)", output)
        assert portal is not None, output
        assert workspace is not None, output
        yield Demo(process, portal[1], Path(workspace[1]))
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert process.returncode == 130
    assert not Path(workspace[1]).exists()


def _read_until(process: subprocess.Popen[str], word: str) -> list[str]:
    lines, deadline = [], time.monotonic() + DEADLINE
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if word in line or time.monotonic() > deadline:
            break
    return lines


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(30_000)
    yield page
    page.close()


def test_everything_really_happened(demo: Demo) -> None:
    """The proof of `demo --once` holds: endings, live answers, repetition, portal."""
    console = Console(record=True, quiet=True)
    prove_demo(demo.project, demo.portal, console)

    assert demo.process.poll() is None


def test_the_verdicts_follow_from_the_data(demo: Demo) -> None:
    """Better passes, worse for a slice fails on that slice, noise passes or stays open, and one does not load."""
    project = demo.project
    records = {record.tags["branch"]: record for record in reversed(project.store.records())}

    assert records["gradient-boosting"].tags["verdict"] == "pass"
    assert records["merged-airlines"].tags["verdict"] == "fail"
    assert "carrier US" in records["merged-airlines"].tags["summary"]
    assert "better overall" in records["merged-airlines"].tags["summary"]
    assert records["stronger-regularisation"].tags["verdict"] in ("pass", "inconclusive")
    assert records["cyclic-hour"].tags["state"] == "failed"
    assert records["cyclic-hour"].tags["step"] == "score"
    assert "No module named 'features'" in records["cyclic-hour"].tags["reason"]


def test_nothing_of_a_failed_candidate_is_registered(demo: Demo) -> None:
    """The champion and three candidates are versions in the registry; the one that does not load is none."""
    assert len(demo.project.store.versions()) == 4


def test_the_bento_answers_every_row_as_the_model_does(demo: Demo, tmp_path: Path) -> None:
    """`bentoml serve` of the candidate's Bento gives, for all holdout rows, what MLflow's model gives."""
    model, subject = demo.model("gradient-boosting"), demo.subject("gradient-boosting")
    features = subject.holdout.features(model.columns)
    expected = _ask_oracle(model, features, tmp_path)
    report = read_report(demo.project.store, demo.project.store.records(sha=subject.commit.sha)[0].id)
    assert report is not None
    assert report.preview is not None
    bento = demo.project.places.bentos / "bentos" / report.preview.bento.replace(":", "/")

    with bentoml_serving(bento, environment=_environment(model), folder=tmp_path) as client:
        answered = _ask_all(client, features)

    np.testing.assert_allclose(answered, expected, rtol=1e-9)


def _ask_oracle(model: Model, features: pd.DataFrame, folder: Path) -> NDArray[np.float64]:
    """Let scikit-learn itself answer, in the model's environment, without any code of Greenroom's."""
    features.to_parquet(folder / "rows.parquet")
    arguments = [str(model.path), str(folder / "rows.parquet"), str(folder / "answers.parquet")]
    subprocess.run(
        [str(_environment(model).python), "-c", ASK_ORACLE, *arguments], check=True, capture_output=True
    )
    return pd.read_parquet(folder / "answers.parquet")["1"].to_numpy()


def _environment(model: Model) -> Environment:
    places = find_places(Path.cwd(), os.environ)
    return build_environment(model_requirements(model.path), cache=places.environments)


def _ask_all(client: httpx.Client, features: pd.DataFrame) -> NDArray[np.float64]:
    """Ask about every row, ten thousand at a time."""
    answers: list[float] = []
    for start in range(0, len(features), MOST_ROWS):
        part = features.iloc[start : start + MOST_ROWS]
        rows = part.astype(object).where(part.notna(), None).to_dict(orient="records")
        answer = client.post("/predict", json={"rows": rows})
        assert answer.status_code == 200, answer.text
        answers += [row["1"] for row in answer.json()["probabilities"]]
    return np.array(answers)


def test_a_reviewer_reads_the_verdict_and_tries_the_model(demo: Demo, page: Page) -> None:
    """From the list to the review: the verdict is readable, and one click shows both models' own numbers."""
    page.goto(demo.portal)
    expect(page.get_by_text("Worse for flights of carrier US").first).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Gradient boosting in place of logistic regression").click()
    expect(page.locator(".st-key-verdict")).to_contain_text(
        "Better overall: ROC AUC rises from 0.765 to 0.779", timeout=30_000
    )
    page.get_by_role("link", name="Try it").click()
    page.locator(".st-key-try-it button").click()
    table = page.locator(".st-key-answer-table")
    expect(table).to_be_visible(timeout=30_000)
    shown = [float(cell) for cell in table.locator("td").all_inner_texts() if re.fullmatch(r"0\.\d{4}", cell)]

    typical = pd.DataFrame(
        [HostClient(demo.project.places.host).describe("flight-delays", "1")["profile"]["typical"]]
    )
    candidate, champion = demo.model("gradient-boosting"), demo.model("main")
    with tempfile.TemporaryDirectory() as folder:
        own = [
            _ask_oracle(model, typical[list(model.inputs or {})], Path(folder))[0]
            for model in (candidate, champion)
        ]

    assert shown == [round(1 - own[0], 4), round(1 - own[1], 4), round(own[0], 4), round(own[1], 4)]


def test_a_failed_candidate_shows_its_log(demo: Demo, page: Page) -> None:
    """The candidate that loads nowhere is shown with the step that failed and its process's own log."""
    page.goto(f"{demo.portal}/review?project=flight-delays&pull=4")

    expect(page.locator(".st-key-run")).to_contain_text("Run failed at the step score", timeout=30_000)
    expect(page.locator(".st-key-run-log")).to_contain_text("ModuleNotFoundError: No module named 'features'")


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_review_fits_its_window(
    demo: Demo, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    """At both widths, in light and dark: everything is drawn, and nothing makes the page scroll sideways."""
    page = browser.new_page(viewport={"width": width, "height": 960}, color_scheme=scheme)
    page.goto(f"{demo.portal}/review?project=flight-delays&pull=2")
    expect(page.locator(".st-key-to-try-it a")).to_be_visible(timeout=30_000)
    expect(page.locator(".st-key-chart-slices canvas, .st-key-chart-slices svg").first).to_be_visible(
        timeout=30_000
    )
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"review-{width}-{scheme}.png")
    page.close()

    assert sideways <= 0


PAGES = {
    "list": ("", "[class*=st-key-review-flight-delays]"),
    "try": ("/try?project=flight-delays&pull=2", ".st-key-try-it button"),
    "previews": ("/previews", ".st-key-preview-production"),
    "history": ("/history", ".st-key-chart-reigns canvas, .st-key-chart-reigns svg"),
}


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", PAGES)
def test_every_other_page_fits_its_window(demo: Demo, browser: Browser, width: int, name: str) -> None:
    """The list, Try it, the previews and the history show what is there, and none scrolls sideways."""
    address, shown = PAGES[name]
    page = browser.new_page(viewport={"width": width, "height": 960}, color_scheme="light")
    page.goto(f"{demo.portal}{address}")
    expect(page.locator(shown).first).to_be_visible(timeout=60_000)
    if name == "try":
        page.locator(shown).click()
        expect(page.locator(".st-key-answer-table")).to_be_visible(timeout=60_000)
        page.locator(".st-key-answer-table").scroll_into_view_if_needed()
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"demo-{name}-{width}.png")
    page.close()

    assert sideways <= 0


def test_proof_fails_when_a_preview_is_gone(demo: Demo) -> None:
    """The proof is one: without a preview it fails, and says which slot did not answer."""
    HostClient(demo.project.places.host).stop("flight-delays", "3")

    with pytest.raises(DemoError, match="slot 3 answers"):
        prove_demo(demo.project, demo.portal, Console(quiet=True))

    demo.subject("stronger-regularisation")
    assert run_loop(demo.project, Silence()).recorded
    prove_demo(demo.project, demo.portal, Console(quiet=True))
