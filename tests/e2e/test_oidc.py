"""`greenroom run` in a job that holds no secret: its identity alone hands the candidate in."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from greenroom_pipeline.access import CREDENTIALS
from greenroom_pipeline.api.app import Api
from greenroom_pipeline.api.exchange import open_exchange
from greenroom_pipeline.api.identity import TokenSenders
from greenroom_pipeline.api.reception import Reception
from greenroom_pipeline.local_desk import LocalDesk
from greenroom_pipeline.project import open_project
from greenroom_services.tokens import TokenStore
from tests.api_server import MemoryPreviews, listen, serving
from tests.exchanges import make_registration
from tests.issuers import REPOSITORY_ID, issuing
from tests.memory_forge import MemoryForge
from tests.projects import Workbench, make_project, training_script

REFUSE_CREDENTIALS = f"import os\nassert not set({CREDENTIALS!r}) & set(os.environ)\n"


def test_a_job_hands_in_its_candidate_without_a_secret(tmp_path: Path) -> None:
    """Its OIDC token is traded for a session of its own pull request, and training sees neither.

    What is handed in says which run of the workflow it is of.
    """
    bench = make_project(tmp_path / "cancer", "binary", estimator="LogisticRegression(C=0.001)")
    bench.git("switch", "--quiet", "--create", "better")
    bench.write("train.py", REFUSE_CREDENTIALS + training_script("LogisticRegression(C=0.1)").lstrip())
    head = bench.commit("A better model")
    bench.git("switch", "--quiet", "main")
    clone = Workbench(tmp_path / "ci" / "cancer", bench.environ)
    bench.git("clone", "--quiet", "--branch", "better", str(bench.root), str(clone.root))
    forge, previews = MemoryForge(), MemoryPreviews()
    forge.put(7, head=head)
    project = replace(open_project(bench.places), forge=forge)
    listener, address = listen()

    with issuing() as issuer:
        registration = make_registration(address, issuer.address)
        api = Api(
            TokenSenders(TokenStore(bench.places.tokens)),
            lambda: Reception(project, previews),
            exchange=open_exchange(registration, bench.places.home),
        )
        job = {
            "GREENROOM_SERVER": address,
            "GITHUB_TOKEN": "ghs_x",
            "GITHUB_RUN_ID": "41",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_REPOSITORY_ID": str(REPOSITORY_ID),
            **issuer.job(),
        }
        with serving(api, listener):
            done = clone.greenroom("run", **job)

    assert done.status == 0, done.err
    assert re.search(r"^Preview: http://\S+/p/cancer/7$", done.out, re.MULTILINE)
    review, manifest = LocalDesk(project).review("cancer", 7), previews.running["7"].manifest
    assert (review.run_state, review.sha, review.branch) == ("finished", head, "better")
    assert (manifest.sha, manifest.order, manifest.repository) == (head, 41_002, str(REPOSITORY_ID))
    assert project.store.champion() is None
