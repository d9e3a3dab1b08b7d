"""The host's figures for Prometheus: all slots as they are when it asks."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import get_args

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from greenroom_services.host.slot import Slot
from greenroom_services.previews import PreviewState, State

BUCKETS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0)
LABELS = ("project", "slot")
Shown = Sequence[tuple[Slot, PreviewState]]


def wake_histogram() -> Histogram:
    return Histogram(
        "greenroom_wake_seconds",
        "From a preview's start to its readiness, when it was woken.",
        buckets=BUCKETS,
        registry=None,
    )


class HostCollector(Collector):
    """Reads the slots anew each time: one that was removed is not shown any more."""

    def __init__(self, show: Callable[[], Shown]) -> None:
        self._show = show

    def collect(self) -> Iterable[Metric]:
        shown = self._show()
        yield _build()
        yield _states(shown)
        yield from _counters(shown)
        memory = GaugeMetricFamily(
            "greenroom_preview_memory_bytes", "Bytes that are its alone.", labels=LABELS
        )
        for _, state in shown:
            if state.memory is not None:
                memory.add_metric((state.project, state.slot), state.memory)
        yield memory
        stored = sum(slot.stored.stored for slot, _ in shown if slot.stored)
        yield GaugeMetricFamily("greenroom_stored_bytes", "Bytes of all bundles.", value=stored)


def expose(show: Callable[[], Shown], wake_seconds: Histogram) -> CollectorRegistry:
    """Return a registry of the host's own."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HostCollector(show))
    registry.register(wake_seconds)
    return registry


def write_metrics(registry: CollectorRegistry) -> bytes:
    return generate_latest(registry)


def _build() -> Metric:
    build = GaugeMetricFamily(
        "greenroom_host_build_info", "Version of the preview host.", labels=("version", "python")
    )
    build.add_metric((version("greenroom"), platform.python_version()), 1)
    return build


def _states(shown: Shown) -> Metric:
    family = GaugeMetricFamily("greenroom_previews", "Previews by state.", labels=("state",))
    counts = Counter(state.state for _, state in shown)
    for name in get_args(State):
        family.add_metric((name,), counts[name])
    return family


def _counters(shown: Shown) -> Iterable[Metric]:
    wakes = CounterMetricFamily("greenroom_wakes", "How often previews were woken.", labels=LABELS)
    requests = CounterMetricFamily(
        "greenroom_requests", "Queries that previews answered.", labels=(*LABELS, "status")
    )
    errors = CounterMetricFamily(
        "greenroom_errors", "Queries that previews broke off or answered with 5xx.", labels=LABELS
    )
    for slot, state in shown:
        labels = (state.project, state.slot)
        wakes.add_metric(labels, slot.wakes)
        errors.add_metric(labels, slot.tally.errors)
        for status, count in sorted(slot.tally.answered.items()):
            requests.add_metric((*labels, status), count)
    return wakes, requests, errors
