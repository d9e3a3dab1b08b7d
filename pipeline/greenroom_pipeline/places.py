"""Where Greenroom keeps things on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders and addresses, read once from the environment and passed down."""

    repository: Path
    home: Path
    cache: Path
    tracking_uri: str

    @property
    def artifacts(self) -> Path:
        """Where the embedded MLflow store keeps files."""
        return self.home / "artifacts"

    @property
    def bentos(self) -> Path:
        return self.home / "bentos"

    @property
    def environments(self) -> Path:
        """Environments of models, shared by all projects of this user."""
        return self.cache / "environments"

    @property
    def tools(self) -> Path:
        """Where training finds uv, when the machine has none."""
        return self.cache / "tools"

    @property
    def host(self) -> Path:
        """State of the preview host: its address and what it runs."""
        return self.home / "host"

    @property
    def tokens(self) -> Path:
        """Hashes of programs' tokens; the preview host reads them, too."""
        return self.host / "tokens.json"

    @property
    def holdouts(self) -> Path:
        """Copies of holdouts by digest, which can be made again."""
        return self.home / "holdouts"

    @property
    def scratch(self) -> Path:
        """Working files of runs; nothing here is needed once a run has ended."""
        return self.home / "scratch"


def find_places(repository: Path, environ: Mapping[str, str]) -> Places:
    """Read `GREENROOM_HOME`, `GREENROOM_CACHE` and `MLFLOW_TRACKING_URI`, each with its default."""
    root = repository.resolve()
    home = Path(environ.get("GREENROOM_HOME") or root / ".greenroom").resolve()
    user_cache = Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    cache = Path(environ.get("GREENROOM_CACHE") or user_cache / "greenroom").resolve()
    return Places(
        repository=root,
        home=home,
        cache=cache,
        tracking_uri=environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}",
    )


def prepare_home(places: Places) -> None:
    """Make the home folder, private to its user and ignored by git."""
    places.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignore = places.home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    for folder in (places.artifacts, places.bentos, places.host, places.scratch):
        folder.mkdir(exist_ok=True)
