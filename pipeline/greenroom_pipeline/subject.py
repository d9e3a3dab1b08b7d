"""What a run is about: a commit, its fingerprint, the holdout and the champion to compare with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import version

from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.errors import SettingsError, StoreError
from greenroom_pipeline.fingerprint import compute_fingerprint, require_committed
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.gate import choose_metrics, require_known_checks
from greenroom_pipeline.holdout import Holdout, read_holdout
from greenroom_pipeline.models import Model, read_model
from greenroom_pipeline.origin import LINE_CHARACTERS, Origin
from greenroom_pipeline.overlap import Training, open_training
from greenroom_pipeline.own_metrics import define_metrics, require_committed_sources
from greenroom_pipeline.project import Project
from greenroom_pipeline.repository import Commit
from greenroom_pipeline.settings import Settings
from greenroom_pipeline.slices import cut_slices
from greenroom_pipeline.tracking import ModelVersion, Store
from greenroom_pipeline.vocabulary import read_words
from greenroom_pipeline.words import Words


@dataclass(frozen=True)
class Champion:
    version: ModelVersion
    model: Model

    @property
    def bento(self) -> str:
        """Tag of the Bento that was reviewed."""
        return self.version.tags["bento"]


@dataclass(frozen=True)
class Subject:
    commit: Commit
    branch: str | None
    pull: PullRequest | None
    fingerprint: str
    holdout: Holdout
    training: Training | None
    """The rows that training reads, where the settings name them."""
    champion: Champion | None
    evidence: str
    """Digest of all that the verdict depends on: the same evidence has the same verdict."""
    words: Words
    """What people call the rows, classes and columns."""

    @property
    def seed(self) -> int:
        """What everything random about the verdict starts from: the same evidence draws the same."""
        return start_seed(self.evidence)

    @property
    def origin(self) -> Origin:
        """What its record says of it before anything is found out."""
        title = self.pull.title if self.pull else self.commit.subject
        return Origin(
            sha=self.commit.sha,
            subject=self.commit.subject[:LINE_CHARACTERS],
            author=self.commit.author[:LINE_CHARACTERS],
            branch=self.branch,
            pull=self.pull.number if self.pull else None,
            title=title[:LINE_CHARACTERS],
            fingerprint=self.fingerprint,
            holdout=self.holdout.digest,
            evidence=self.evidence,
        )

    @property
    def slot(self) -> str:
        """Where its preview runs. A commit without a pull request is on its way to production."""
        return str(self.pull.number) if self.pull else "staging"


def identify(project: Project) -> Subject:
    """Read the checked-out commit and all that it is judged by; at most opens a local pull request."""
    settings = project.settings
    # What the verdict rests on belongs to the commit as well as what training reads.
    require_committed(project.repository, [FILE, settings.data.holdout, *settings.data.train])
    require_committed_sources(settings, project.repository)
    holdout = read_holdout(project.repository.root, settings.data, task=settings.project.task)
    # Rules and slices that fit nothing are told before training, not after it.
    require_known_checks(settings.gate)
    choose_metrics(settings.gate, task=settings.project.task, own=define_metrics(settings))
    _require_loss_rule(settings)
    cut_slices(holdout.frame, settings.data.slices)
    words = read_words(settings.words, holdout)
    training = open_training(project.repository.root, settings.data)
    fingerprint = compute_fingerprint(project.repository, settings.train)
    champion = find_champion(project.store)
    commit = project.repository.commit()
    return Subject(
        commit=commit,
        branch=project.repository.branch(),
        pull=project.forge.pull_of_checkout(),
        fingerprint=fingerprint,
        holdout=holdout,
        training=training,
        champion=champion,
        evidence=_digest(
            version("greenroom"),
            commit.sha,
            fingerprint,
            holdout.digest,
            training.digest if training else "none",
            champion.model.digest if champion else "none",
            project.settings.model_dump_json(),
        ),
        words=words,
    )


def start_seed(evidence: str) -> int:
    return int(evidence[:15], 16)


def _require_loss_rule(settings: Settings) -> None:
    """Raise `SettingsError` when seeds are to be trained that no rule would look at."""
    own = define_metrics(settings)
    ruled = [rule for rule in settings.gate.check if rule.max_loss is not None and rule.metric not in own]
    if settings.train.seeds > 1 and not ruled:
        raise SettingsError(
            f"train.seeds is {settings.train.seeds}, but no [[gate.check]] of a built-in metric has a max_loss, "
            "by which the seeds are judged; add one, or drop train.seeds"
        )


def find_champion(store: Store) -> Champion | None:
    """Return the model in production, or None; `StoreError` when MLflow no longer holds what it names."""
    registered = store.champion()
    return None if registered is None else open_champion(store, registered)


def open_champion(store: Store, registered: ModelVersion) -> Champion:
    """Return a registered version with its model, whose files must be the ones that were reviewed."""
    logged = store.logged_model(registered.run_id)
    if logged is None or "bento" not in registered.tags:
        raise StoreError(
            f"version {registered.version} of {store.project} was not reviewed by greenroom; "
            "remove the alias 'champion' from it and promote a candidate"
        )
    model = read_model(logged, sha=registered.tags["trained_at"])
    if model.digest != registered.tags["digest"]:
        raise StoreError(
            f"the files of version {registered.version} of {store.project} changed since its review "
            f"(digest {model.digest[:12]}, reviewed {registered.tags['digest'][:12]}); promote another one"
        )
    return Champion(registered, model)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
