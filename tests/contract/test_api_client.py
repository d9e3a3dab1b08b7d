"""What a run asks of the server: the champion as it is there, and errors that say what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from greenroom_pipeline.access import Access, find_access
from greenroom_pipeline.api.client import TRIES, ServerClient
from greenroom_pipeline.errors import GreenroomError, RepositoryError, ServerError, SettingsError
from greenroom_pipeline.forge.assigned import AssignedForge
from greenroom_pipeline.handover import run_for_server
from greenroom_pipeline.mirror import mirror_champion, mirror_places
from greenroom_pipeline.progress import Silence
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import read_profile, read_report
from greenroom_pipeline.subject import find_champion
from greenroom_services.bundle import PackedBundle
from greenroom_services.errors import HostAbsent
from tests.api_server import ApiServer, make_repository, serving_api
from tests.submissions import HOLDOUT, PREDICTIONS_KEY, PROJECT, make_draft


@pytest.fixture
def server(tmp_path: Path, tables: Path) -> Iterator[ApiServer]:
    with serving_api(tmp_path / PROJECT, tables=tables) as running:
        yield running


@pytest.fixture
def client(server: ApiServer) -> ServerClient:
    return ServerClient(server.access(), wait=lambda _: None)


@pytest.fixture
def mirror(server: ApiServer, tmp_path: Path) -> Project:
    places = make_repository(tmp_path / "clone").places
    return open_project(mirror_places(places, server.access()))


def crown(server: ApiServer, folder: Path, *, model: str) -> None:
    draft = make_draft(sha=server.head, branch="better", champion=server.champion_digest(), model=model)
    state = server.hand_in(draft, folder).json()
    server.project.store.set_champion(state["version"])


def test_the_mirror_follows_production(
    server: ApiServer, client: ServerClient, mirror: Project, tmp_path: Path
) -> None:
    """Its champion is the server's, files, profile, report and commit; none there is none here, and another another."""
    assert mirror_champion(client, mirror) is None
    assert find_champion(mirror.store) is None

    crown(server, tmp_path / "first", model="1")
    for _ in range(2):
        mirror_champion(client, mirror)
    ours, theirs = find_champion(mirror.store), find_champion(server.project.store)
    assert ours is not None
    assert theirs is not None
    assert (ours.model.digest, ours.model.sha) == (theirs.model.digest, theirs.model.sha)
    assert read_profile(mirror.store, ours.version.tags["run"]) is not None
    # By it a candidate is told apart from production.
    report = read_report(mirror.store, ours.version.tags["run"])
    assert report is not None
    assert report == read_report(server.project.store, theirs.version.tags["run"])
    assert len(mirror.store.versions()) == 1
    assert mirror.store.records() == []

    server.project.store.unset_champion()
    assert mirror_champion(client, mirror) is None
    assert find_champion(mirror.store) is None


def test_predictions_are_fetched_by_holdout(server: ApiServer, client: ServerClient, tmp_path: Path) -> None:
    """They keep the name that says what they follow from; of a holdout that was not scored there are none."""
    crown(server, tmp_path / "first", model="1")
    found = client.fetch_predictions(PROJECT, holdout=HOLDOUT, into=tmp_path)

    assert found is not None
    assert found.name == f"{PREDICTIONS_KEY}.parquet"
    assert client.fetch_predictions(PROJECT, holdout="0" * 64, into=tmp_path) is None


def test_it_comes_again_until_the_host_is_there(server: ApiServer, tmp_path: Path) -> None:
    """While the server says 503 the bundle is sent again after the time that it names."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            server.previews.fail = None

    packed = make_draft(sha=server.head, branch="better").pack(tmp_path)
    server.previews.fail = HostAbsent("no preview host runs; start one")
    state = ServerClient(server.access(), wait=wait).hand_in(packed)
    assert (waited, state.preview.state) == ([5.0, 5.0], "awake")


def test_what_the_server_says_is_passed_on(server: ApiServer, client: ServerClient, tmp_path: Path) -> None:
    """A refusal is the server's own sentence; a token that has ended is told from one for another slot."""
    with pytest.raises(ServerError, match=r"refuses \(409\): pull request 7 has moved"):
        client.hand_in(_stale(server, tmp_path))
    with pytest.raises(ServerError, match=r"refuses \(403\): this credential is not for project other"):
        client.champion("other")
    with pytest.raises(ServerError, match=r"does not take GREENROOM_TOKEN: .* `greenroom token create"):
        ServerClient(Access(server.address, "grt_x")).rights()


def _stale(server: ApiServer, folder: Path) -> PackedBundle:
    packed = make_draft(sha=server.head, branch="better").pack(folder)
    server.put(packed)
    server.bench.git("switch", "--quiet", "better")
    server.bench.commit("Newer")
    return make_draft(sha=server.head, branch="better", model="2").pack(folder / "stale")


@pytest.mark.parametrize(
    ("slot", "project", "said"),
    [
        ("production", PROJECT, "is for slot 'production', and a run writes one pull request's"),
        ("*", PROJECT, r"is for slot '\*'"),
        ("7", "other", "is for project 'other', and this is 'flights'"),
    ],
)
def test_a_token_for_something_else_ends_a_run(server: ApiServer, slot: str, project: str, said: str) -> None:
    """Before anything is trained, a run is told that its token is for no pull request of this project."""
    access = Access(server.address, server.token(slot=slot, project=project))
    with pytest.raises(ServerError, match=said):
        run_for_server(server.bench.places, access, Silence(), {})

    assert server.project.store.records() == []


def test_a_server_that_is_not_there_is_one_line() -> None:
    """Nobody who listens is told after some tries, with the address and what to look at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        waited: list[float] = []
        with pytest.raises(ServerError, match=f"GREENROOM_SERVER {address} does not answer"):
            ServerClient(Access(address, "x"), wait=waited.append).rights()

    assert len(waited) == TRIES - 1


class Elsewhere(BaseHTTPRequestHandler):
    """Answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Sign in</html>")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_sign_in_page_is_no_server() -> None:
    """What is no answer of Greenroom's is said to be so, and not parsed on."""
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as page:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        client = ServerClient(Access(f"http://127.0.0.1:{page.server_port}", "x"))
        with pytest.raises(ServerError, match="answers 200 with something that is none of Greenroom's"):
            client.rights()
        page.shutdown()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"GREENROOM_SERVER": "greenroom.example"}, "is no address; write it like https://"),
        ({"GREENROOM_SERVER": "https://user:secret@x.example"}, "is no address"),
        ({"GREENROOM_SERVER": "http://greenroom.example"}, "would send the token in the open; use https"),
        ({"GREENROOM_SERVER": "http://127.0.0.1:1"}, "GREENROOM_TOKEN holds no token"),
        ({"GREENROOM_SERVER": "http://127.0.0.1:1", "GREENROOM_TOKEN": "a\nb"}, "holds no token"),
        (
            {"GREENROOM_SERVER": "http://[::1]:1", "GREENROOM_TOKEN": "x", "MLFLOW_TRACKING_URI": "http://y"},
            "unset one of them",
        ),
    ],
)
def test_an_environment_that_cannot_work_is_refused(environ: dict[str, str], said: str) -> None:
    """Address and token are looked at before anything is done."""
    with pytest.raises(SettingsError, match=said):
        find_access(environ)


def test_without_a_server_nothing_changes() -> None:
    """A token alone names no server; and a token is shown nowhere."""
    assert find_access({"GREENROOM_TOKEN": "x"}) is None
    found = find_access({"GREENROOM_SERVER": "https://x.example/", "GREENROOM_TOKEN": "hidden"})
    assert found == Access("https://x.example", "hidden")
    assert "hidden" not in repr(found)


def test_a_checkout_is_its_senders_pull_request(server: ApiServer) -> None:
    """Whatever is checked out, it is the one pull request that the sender may write, and it is merged elsewhere."""
    forge = AssignedForge(server.project.repository, 7)

    assert [pull.number for pull in forge.pulls()] == [7]
    assert forge.pull(7).head == server.bench.git("rev-parse", "HEAD")
    asks: list[Callable[[], object]] = [
        lambda: forge.pull(8),
        lambda: forge.merge(7, head="x", by="Ada"),
        lambda: forge.admit(7, branch=None, head="x"),
    ]
    for ask in asks:
        with pytest.raises(RepositoryError) as refused:
            ask()
        assert isinstance(refused.value, GreenroomError)
