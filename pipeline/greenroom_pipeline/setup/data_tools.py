"""DVC and Git LFS in a repository: what fetches the files that git itself does not hold."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom_pipeline.setup.toolchain import Step, Toolchain, read_yaml, upwards

MODEL_FILES = (".skops", ".joblib", ".pkl", ".pickle")
_REMOTES = {"s3": "s3", "gs": "gs", "azure": "azure", "ssh": "ssh", "gdrive": "gdrive", "webdavs": "webdav"}


@dataclass(frozen=True)
class Dvc:
    why: str
    command: str
    """How DVC is called, such as `uv run --frozen dvc`."""
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Files that each stage of `dvc.yaml` leaves."""

    @property
    def step(self) -> Step:
        return Step("Fetch the data", f"{self.command} pull")

    def model(self, stage: str) -> str | None:
        """Return the file of a model that a stage leaves, of a kind that Greenroom can log."""
        return next((name for name in self.outputs.get(stage, ()) if name.endswith(MODEL_FILES)), None)


def find_dvc(folder: Path, toolchain: Toolchain, *, top: Path) -> Dvc | None:
    """Return how the data of *folder* is fetched by DVC, or None where nothing there is DVC's."""
    stages = folder / "dvc.yaml"
    pointers = sorted(path for pattern in ("*.dvc", "*/*.dvc", "*/*/*.dvc") for path in folder.glob(pattern))
    pointers = [path for path in pointers if path.is_file()]
    if not stages.is_file() and not pointers:
        return None
    outputs = _read_stages(stages) if stages.is_file() else {}
    why = "dvc.yaml" if stages.is_file() else pointers[0].relative_to(folder).as_posix()
    own = any(_locks_dvc(top / lock) for lock in toolchain.locks)
    return Dvc(why, toolchain.call("dvc") if own else f"uvx --from {_name_package(top)} dvc", outputs)


def _locks_dvc(lock: Path) -> bool:
    """Whether DVC is among the project's own packages."""
    pattern = r'^name = "dvc"$|^\s*-?\s*dvc\s*(\[[\w,]*\]\s*)?([=<>~!].*)?$'
    return re.search(pattern, lock.read_text(errors="replace"), re.MULTILINE) is not None


def _name_package(top: Path) -> str:
    """Return DVC as a requirement, with what its remote needs."""
    kinds = sorted({_REMOTES[scheme] for scheme in _remote_schemes(top) if scheme in _REMOTES})
    return shlex.quote(f"dvc[{','.join(kinds)}]") if kinds else "dvc"


def _remote_schemes(top: Path) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(top / ".dvc" / "config")
    except (configparser.Error, UnicodeDecodeError):
        return
    for section in parser.sections():
        yield parser[section].get("url", "").partition("://")[0].strip()


def _read_stages(path: Path) -> dict[str, tuple[str, ...]]:
    stages = read_yaml(path).get("stages")
    if not isinstance(stages, dict):
        return {}
    return {str(name): tuple(_outputs(stage)) for name, stage in stages.items()}


def _outputs(stage: Any) -> Iterator[str]:
    listed = stage.get("outs", []) if isinstance(stage, dict) else []
    for each in listed if isinstance(listed, list) else []:
        yield next(iter(each), "") if isinstance(each, dict) else str(each)


def uses_lfs(top: Path, folder: Path) -> bool:
    """Say whether Git LFS keeps files of the repository."""
    marks = [each / ".gitattributes" for each in upwards(folder, top=top)]
    return any("filter=lfs" in path.read_text(errors="replace") for path in marks if path.is_file())
