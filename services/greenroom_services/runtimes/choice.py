"""Which runtime a host uses: processes of its own, or a container engine's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greenroom_services.runtimes.engine import find_engine
from greenroom_services.runtimes.oci import OciRuntime
from greenroom_services.runtimes.process import ProcessRuntime
from greenroom_services.runtimes.runtime import Runtime

RuntimeName = Literal["process", "podman", "docker"]


@dataclass(frozen=True)
class RuntimeChoice:
    name: RuntimeName = "process"
    image: str = ""
    """Of containers; processes have none."""


def make_runtime(choice: RuntimeChoice, *, owner: str, shown: Sequence[Path]) -> Runtime:
    """Return the runtime of the host that *owner* stands for; all its Bentos are below the folders *shown*.

    Raises `HostError` when there is no such engine, or it does not work.
    """
    if choice.name == "process":
        return ProcessRuntime(shown=shown)
    return OciRuntime(find_engine(choice.name), image=choice.image, owner=owner)
