"""A service that does whatever it is told: what a hostile candidate could."""

from __future__ import annotations

from typing import Any

import bentoml


@bentoml.service(traffic={"timeout": 60})
class Obedient:
    def __init__(self) -> None:
        self.batches: list[int] = []

    @bentoml.api  # type: ignore[untyped-decorator]
    def run(self, code: str) -> str:
        """Run *code*, and return what it leaves in `answer`."""
        scope: dict[str, Any] = {}
        try:
            exec(code, scope)
        except BaseException as error:
            return f"{type(error).__name__}: {error}"
        return str(scope.get("answer"))

    @bentoml.api(batchable=True, max_batch_size=8, max_latency_ms=5_000)  # type: ignore[untyped-decorator]
    def double(self, numbers: list[float]) -> list[float]:
        self.batches.append(len(numbers))
        return [2 * number for number in numbers]

    @bentoml.api  # type: ignore[untyped-decorator]
    def largest_batch(self) -> int:
        return max(self.batches, default=0)
