"""The reception: what the API does for a sender, on one project; nothing here knows of HTTP."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from greenroom_pipeline.api.deployment import HostPreviews, Previews, deploy, find_preview
from greenroom_pipeline.api.documents import ChampionState, PreviewLink, PullState
from greenroom_pipeline.api.examination import examine
from greenroom_pipeline.api.keeping import keep
from greenroom_pipeline.errors import InboxError, StoreError
from greenroom_pipeline.events.hints import PullHint
from greenroom_pipeline.events.inbox import FILE as INBOX
from greenroom_pipeline.events.inbox import Inbox
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.record import PROFILE, REPORT
from greenroom_pipeline.report import Verdict
from greenroom_pipeline.score import PREDICTIONS, begin_name
from greenroom_pipeline.subject import Champion, find_champion
from greenroom_pipeline.tracking import RunRecord
from greenroom_services.bento import plain_files
from greenroom_services.bundle import FULL, Bundle, PackedBundle, pack_bundle
from greenroom_services.errors import HostFull

_log = logging.getLogger(__name__)
MODEL = "model/"
TAKING = "bundle-"
"""What the names of folders begin with in which bundles are taken in."""
_VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)


class Reception:
    """Takes in bundles and gives out the champion. Moves no alias, and loads nothing of what it is given."""

    def __init__(
        self, project: Project, previews: Previews, *, notify: Callable[[int], None] = lambda _: None
    ) -> None:
        """*notify* is told the pull request of every bundle that was kept."""
        self.project = project
        self._previews = previews
        self._notify = notify

    @property
    def scratch(self) -> Path:
        return self.project.places.scratch

    def make_room(self) -> tempfile.TemporaryDirectory[str]:
        """Return a folder in which one bundle is taken in, and that is gone afterwards."""
        return tempfile.TemporaryDirectory(dir=self.scratch, prefix=TAKING)

    def champion(self) -> ChampionState | None:
        """Return the model in production, or None while there is none."""
        found = find_champion(self.project.store)
        if found is None:
            return None
        tags = found.version.tags
        return ChampionState(
            project=self.project.name,
            version=found.version.version,
            digest=found.model.digest,
            sha=tags["sha"],
            trained_at=tags["trained_at"],
            fingerprint=self.project.store.record(tags["run"]).tags.get("fingerprint", ""),
            bento=tags["bento"],
            profile=hashlib.sha256(self._profile(found).read_bytes()).hexdigest(),
        )

    @contextmanager
    def packed_champion(self) -> Iterator[PackedBundle | None]:
        """Give the champion's model, profile and report as one archive, for as long as the context is open."""
        found = find_champion(self.project.store)
        if found is None:
            yield None
            return
        files: dict[str, Path | bytes] = {
            MODEL + path.relative_to(found.model.path).as_posix(): path
            for path in plain_files(found.model.path)
        }
        with tempfile.TemporaryDirectory(dir=self.scratch) as nothing:
            yield pack_bundle(
                Path(nothing),
                project=self.project.name,
                slot="production",
                sha=found.version.tags["sha"],
                model=found.model.digest,
                requirements=(),
                extra={**files, PROFILE: self._profile(found), **self._report(found)},
            )

    def _report(self, champion: Champion) -> dict[str, Path | bytes]:
        """Return the champion's report by its name, where there is one: it says what candidates are told apart by."""
        path = self.project.store.get(champion.version.tags["run"], REPORT)
        return {} if path is None else {REPORT: path}

    def _profile(self, champion: Champion) -> Path:
        run_id = champion.version.tags["run"]
        path = self.project.store.get(run_id, PROFILE)
        if path is None:
            raise StoreError(f"run {run_id} has lost the champion's {PROFILE}; promote another candidate")
        return path

    def predictions(self, holdout: str) -> Path | None:
        """Return the champion's newest predictions on the holdout of this digest, or None where there are none.

        Their file's name says what else they follow from, such as the version of Greenroom that asked.
        """
        champion, store = self.project.store.champion(), self.project.store
        if champion is None:
            return None
        names = [
            name for name in store.names(champion.run_id, PREDICTIONS) if name.startswith(begin_name(holdout))
        ]
        return store.get(champion.run_id, f"{PREDICTIONS}/{names[-1]}") if names else None

    def pull(self, number: int) -> PullState | None:
        """Return what there is of a pull request; None before any run of it has finished."""
        found = self.project.store.records(pull=str(number), state="finished")
        if not found:
            return None
        link = find_preview(self._previews, project=self.project.name, slot=str(number))
        return self._state(found[0], number, link)

    def take_in(self, bundle: Bundle, number: int) -> PullState:
        """Keep what a bundle brings, and run its preview; the same bundle again changes nothing.

        Raises `BundleRefused`, `BundleTooLarge` or `BundleStale`, `RepositoryError` when there is no such pull
        request, `StoreError`, `HostFull` when the disk is, and `HostAbsent` when all is kept and no preview host
        runs.
        """
        with _told_when_full():
            submission = examine(bundle, project=self.project.name, pull=number)
            record = keep(self.project, submission)
        try:
            link = deploy(self._previews, bundle, timeout=self.project.settings.preview.timeout)
        finally:
            self._notify(number)
        return self._state(record, number, link)

    def _state(self, record: RunRecord, number: int, link: PreviewLink) -> PullState:
        tags = record.tags
        return PullState(
            project=self.project.name,
            pull=number,
            sha=tags["sha"],
            verdict=_VERDICT.validate_python(tags["verdict"]),
            summary=tags["summary"],
            version=tags["version"],
            digest=tags["digest"],
            bundle=tags.get("bundle"),
            preview=link,
        )


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except (OSError, StoreError) as error:
        reason = error.__cause__ if isinstance(error, StoreError) else error
        if not isinstance(reason, OSError) or reason.errno not in FULL:
            raise
        raise HostFull("the server's disk is full; what was begun is finished once it has room") from error


def open_reception(environ: Mapping[str, str] = os.environ) -> Reception:
    """Open that of the project in `GREENROOM_REPOSITORY`, by default the current folder.

    What a server that was killed has left half taken in is removed.
    """
    places = find_places(Path(environ.get("GREENROOM_REPOSITORY") or Path.cwd()), environ)
    reception = Reception(open_project(places), HostPreviews(places.host), notify=_choose_notify(places))
    for left in reception.scratch.glob(f"{TAKING}*"):
        shutil.rmtree(left, ignore_errors=True)
    return reception


def _choose_notify(places: Places) -> Callable[[int], None]:
    """Return how the server's worker is told of a pull request that has something new; nobody where it is no App."""
    registration = read_registration(places.home)
    if registration is None or registration.app is None:
        return lambda _: None
    inbox = Inbox(places.home / INBOX)

    def notify(number: int) -> None:
        hint = PullHint(number=number)
        try:
            inbox.note(hint.kind, hint.model_dump(mode="json"))
        except InboxError as error:
            # What was handed in is kept all the same, and the worker's next round finds it.
            _log.warning("pull request %d is not published at once: %s", number, error)

    return notify
