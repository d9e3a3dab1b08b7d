"""A real Bento behind the gateway answers as `bentoml serve` of it does, and as its own document says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis

from greenroom_services.bento import PackagedBento
from greenroom_services.environments import Environment
from greenroom_services.host.launch import temporary_host
from tests.bento_server import bentoml_serving
from tests.contract.example_models import Example
from tests.contract.test_openapi import operations, try_out
from tests.contract.test_preview_host import deploy


@pytest.fixture(scope="module")
def bento(examples: dict[str, Example], pack: Callable[..., PackagedBento]) -> PackagedBento:
    return pack(examples["flights"])


@pytest.fixture(scope="module")
def preview(
    bento: PackagedBento,
    examples: dict[str, Example],
    requirements: list[str],
    cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """A client whose base is the preview's address on the gateway of a host."""
    with temporary_host(tmp_path_factory.mktemp("host"), cache=cache) as host:
        state = deploy(host.client, bento, examples["flights"], requirements)
        assert state.address is not None
        with httpx.Client(base_url=state.address, timeout=60) as client:
            yield client


def test_the_same_answers_as_bentoml_serve(
    preview: httpx.Client,
    bento: PackagedBento,
    examples: dict[str, Example],
    environment: Environment,
    tmp_path: Path,
) -> None:
    """Predictions, probabilities, descriptions and refusals are those of the same Bento served by BentoML itself."""
    rows = examples["flights"].records
    questions = [
        ("/predict", {"rows": rows}),
        *(("/predict", {"rows": [row]}) for row in rows[:3]),
        ("/predict", {"rows": []}),
        ("/predict", {"rows": [{"colour": "blue"}]}),
        ("/predict", {"row": 1}),
        ("/describe", {}),
    ]
    with bentoml_serving(bento.path, environment=environment, folder=tmp_path) as served:
        theirs = [served.post(path, json=body) for path, body in questions]
    ours = [preview.post(path, json=body) for path, body in questions]

    assert [answer.status_code for answer in ours] == [answer.status_code for answer in theirs]
    assert [answer.json() for answer in ours] == [answer.json() for answer in theirs]
    assert ours[0].json()["predictions"] == examples["flights"].expected
    assert {answer.status_code for answer in ours} == {200, 400}


def test_a_service_does_what_it_says(preview: httpx.Client) -> None:
    """The candidate's own OpenAPI document holds through the gateway: no JSON makes its service fail."""
    document = preview.get("/docs.json").json()
    service = schemathesis.openapi.from_dict(document)
    asked = {
        label: each for label, each in operations(service).items() if each.path in ("/predict", "/describe")
    }

    assert len(asked) == 2
    for operation in asked.values():
        try_out(operation, address=str(preview.base_url).rstrip("/"))
