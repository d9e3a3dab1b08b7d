"""YAML that a candidate wrote: small, and without the parts of the language that make much of little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from greenroom_services.sandbox import open_plain

MAX_BYTES = 2**20
MAX_NODES = 20_000
MAX_DIGITS = 100
MERGE = "tag:yaml.org,2002:merge"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class PlainLoader(yaml.SafeLoader):
    """Refuses aliases and merge keys, which MLflow writes none of, and numbers that take long to compute."""

    _nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise yaml.YAMLError(f"it has more than {MAX_NODES:,} values")
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*name), which MLflow does not write")
        node = super().compose_node(parent, index)
        if node is not None and node.tag == MERGE:
            raise yaml.YAMLError("it has a merge key (<<), which MLflow does not write")
        if isinstance(node, yaml.ScalarNode) and node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            raise yaml.YAMLError(f"it has a number of more than {MAX_DIGITS} digits")
        return node


def load_plain(path: Path) -> Any:
    """Return what the file says; `OSError`, `ValueError` or `yaml.YAMLError` for what is not read."""
    with open_plain(path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB")
    try:
        return yaml.load(content.decode(), Loader=PlainLoader)  # it is a SafeLoader
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deep") from None
