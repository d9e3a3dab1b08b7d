"""Moving `champion`, with a record that stays."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from greenroom_pipeline.locks import locked
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import read_report
from greenroom_pipeline.succession import (
    PromotionRecord,
    describe,
    name_confirmation,
    name_next,
    read_records,
    to_text,
)
from greenroom_pipeline.tracking import ModelVersion


def move_champion(project: Project, version: ModelVersion, *, by: str, merge: str | None) -> None:
    """Give *version* the alias, after a record of who, when, from what and on what evidence.

    The record comes first: a move that is broken off leaves one that is not confirmed, and never a move without one.
    """
    store = project.store
    with locked(project.places.home / "champion.lock"):
        registry = store.registry()
        kept = read_records(registry.tags)
        again = bool(kept) and kept[-1].record.version == version.version == registry.champion
        key = kept[-1].key if again else name_next(registry.tags, nonce=secrets.token_hex(4))
        store.tag_version(version.version, {"promoted_by": by, "merge": merge or ""})
        if not again:
            record = _describe(project, version, by=by, merge=merge, before=registry.champion)
            store.tag_model(key, to_text(record))
            store.set_champion(version.version)
        if name_confirmation(key) not in registry.tags:
            store.tag_model(name_confirmation(key), _now())


def _describe(
    project: Project, version: ModelVersion, *, by: str, merge: str | None, before: str | None
) -> PromotionRecord:
    tags = version.tags
    run = tags.get("run", "")
    return describe(
        read_report(project.store, run) if run else None,
        at=_now(),
        by=by,
        version=version.version,
        before=before,
        digest=tags.get("digest", ""),
        sha=tags.get("sha", ""),
        pull=int(tags["pull"]) if tags.get("pull") else None,
        title=project.store.record(run).tags.get("title", "") if run else "",
        merge=merge,
        run=run,
    )


def _now() -> str:
    # Two moves within a second keep their order.
    return datetime.now(UTC).isoformat(timespec="milliseconds")
