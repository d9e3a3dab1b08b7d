"""What is posted on the local forge, kept by git: blobs under refs for a pull request, notes for a commit.

`git log --notes='greenroom/*'` shows the checks beside the commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom_pipeline.forge.marker import mark_text
from greenroom_pipeline.forge.posts import Annotation, Check, Deployment
from greenroom_pipeline.locks import locked
from greenroom_pipeline.repository import Repository

_AUTHOR = "Greenroom"


@dataclass(frozen=True)
class LocalPosts:
    repository: Repository

    def comment(self, number: int, key: str) -> str | None:
        return self._read(_ref("comment", number, key))

    def write_comment(self, number: int, key: str, text: str) -> None:
        # Kept without the marker; refused where it would not fit with it.
        mark_text(key, text)
        self._write(_ref("comment", number, key), text)

    def write_check(self, check: Check) -> None:
        notes, text = f"--ref={_name_notes(check)}", tell_check(check)
        # Two commits' notes are one tree, and git does not see that another has written it in between.
        with locked(self._common() / "greenroom-notes.lock"):
            if self._note(notes, check.sha) != text:
                self.repository.git(
                    "notes", notes, "add", "--force", "--file=-", check.sha, by=_AUTHOR, given=text
                )

    def write_deployment(self, deployment: Deployment) -> None:
        self._write(_ref("deployment", deployment.pull, deployment.key), tell_deployment(deployment))

    def end_deployments(self, number: int, key: str) -> None:
        self.repository.git("update-ref", "-d", _ref("deployment", number, key))

    def _common(self) -> Path:
        return Path(self.repository.git("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def _note(self, notes: str, sha: str) -> str | None:
        known = self.repository.asks("notes", notes, "list", sha)
        return self.repository.git("notes", notes, "show", sha) if known else None

    def _read(self, ref: str) -> str | None:
        known = self.repository.asks("rev-parse", "--verify", "--quiet", ref)
        return self.repository.git("cat-file", "blob", ref) if known else None

    def _write(self, ref: str, text: str) -> None:
        if self._read(ref) != text:
            blob = self.repository.git("hash-object", "-w", "--stdin", given=text)
            self.repository.git("update-ref", ref, blob)


def _ref(kind: str, number: int, key: str) -> str:
    return f"refs/greenroom/{kind}/{number}/{key}"


def _name_notes(check: Check) -> str:
    """Return `greenroom/flights/gate` for the check `greenroom/gate` of flights."""
    return f"greenroom/{check.key}/{check.name.removeprefix('greenroom/').replace('/', '-')}"


def tell_check(check: Check) -> str:
    lines = [
        f"{check.name}: {check.state}",
        check.title,
        *([check.link] if check.link else []),
        *([f"\n{check.summary}"] if check.summary else []),
        *([f"\n{check.text}"] if check.text else []),
        *map(_tell_annotation, check.annotations),
    ]
    return "\n".join(lines).rstrip()


def _tell_annotation(annotation: Annotation) -> str:
    place = f"{annotation.path}:{annotation.line}"
    return f"\n{place}: {annotation.level}: {annotation.title}\n{annotation.message}"


def tell_deployment(deployment: Deployment) -> str:
    lines = [
        f"{deployment.state}: {deployment.description}",
        f"commit {deployment.sha}",
        f"model {deployment.digest}",
        *(f"{name} {value}" for name, value in (("link", deployment.link), ("log", deployment.log)) if value),
    ]
    return "\n".join(lines)
