"""The mirror: the server's champion in a store of this machine's own, so that the loop runs as it always does."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from greenroom_pipeline.access import Access
from greenroom_pipeline.api.client import ServerClient
from greenroom_pipeline.api.documents import ChampionState
from greenroom_pipeline.errors import ServerError
from greenroom_pipeline.places import Places
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import PROFILE, REPORT
from greenroom_pipeline.score import PREDICTIONS, begin_name
from greenroom_pipeline.tracking import ModelVersion
from greenroom_services.bento import digest_folder


def mirror_places(places: Places, access: Access) -> Places:
    """Return the places of runs for this server: their champion is the server's, and never this machine's own."""
    name = hashlib.sha256(access.address.encode()).hexdigest()[:12]
    home = places.home / "servers" / name
    return replace(places, home=home, tracking_uri=f"sqlite:///{home / 'mlflow.db'}")


def mirror_champion(client: ServerClient, project: Project) -> ChampionState | None:
    """Make the mirror's champion the server's, with what it predicted on the checkout's holdout."""
    state, known = client.champion(project.name), project.store.champion()
    if state is None:
        if known is not None:
            project.store.unset_champion()
        return None
    if known is None or not _is_same(known, state):
        known = _fetch(client, project, state)
        project.store.set_champion(known.version)
    _fetch_predictions(client, project, known)
    return state


def _is_same(known: ModelVersion, state: ChampionState) -> bool:
    return (known.tags.get("digest"), known.tags.get("profile")) == (state.digest, state.profile)


def _fetch(client: ServerClient, project: Project, state: ChampionState) -> ModelVersion:
    store = project.store
    with tempfile.TemporaryDirectory(dir=project.places.scratch) as folder:
        unpacked = client.fetch_champion(project.name, into=Path(folder) / "champion").folder
        digest = digest_folder(unpacked / "model")
        if digest != state.digest:
            raise ServerError(
                f"the champion that came is {digest[:12]}, and {state.digest[:12]} was told; run it again"
            )
        # Without the tag `sha` it is no candidate of anybody's.
        run_id = store.begin(f"champion {state.version}", {"fingerprint": state.fingerprint})
        store.put_folder(run_id, unpacked / "model", "model")
        store.put(run_id, unpacked / PROFILE)
        # A server of an earlier release sends none.
        if (unpacked / REPORT).is_file():
            store.put(run_id, unpacked / REPORT)
        store.end(run_id)
    logged = store.logged_model(run_id)
    assert logged is not None
    return store.register(
        logged,
        {
            "digest": digest,
            "sha": state.sha,
            "trained_at": state.trained_at,
            "bento": state.bento,
            "profile": state.profile,
            "run": run_id,
        },
    )


def _fetch_predictions(client: ServerClient, project: Project, known: ModelVersion) -> None:
    """Fetch them where they are not here; which of them fit is known by their name when they are asked for."""
    holdout, store = project.repository.root / project.settings.data.holdout, project.store
    if not holdout.is_file():
        return
    with holdout.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if any(name.startswith(begin_name(digest)) for name in store.names(known.run_id, PREDICTIONS)):
        return
    with tempfile.TemporaryDirectory(dir=project.places.scratch) as folder:
        path = client.fetch_predictions(project.name, holdout=digest, into=Path(folder))
        if path is not None:
            store.put(known.run_id, path, PREDICTIONS)
