"""Calls BentoML's own build for `bento`, in a process whose BENTOML_HOME names the store.

Reads one JSON request from standard input.
"""

from __future__ import annotations

import json
import sys

import bentoml


def main() -> None:
    request = json.load(sys.stdin)
    bentoml.bentos.build(
        "service:Candidate",
        name=request["name"],
        version=request["version"],
        labels=request["labels"],
        include=["service.py", "identity.json", "profile.json", "model/"],
        python={"packages": request["requirements"], "lock_packages": False},
        build_ctx=request["context"],
    )


if __name__ == "__main__":
    main()
