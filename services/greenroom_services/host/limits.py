"""What all previews of a host may take together, and each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from greenroom_services.runtimes.runtime import Limits

DAY = 86_400.0
GIB = 2**30


@dataclass(frozen=True)
class HostLimits:
    idle: float = 900.0
    """Seconds without a visit after which a preview is put to sleep."""
    max_awake: int = 20
    """Previews awake at once; beyond them the least recently used idle one is put to sleep."""
    max_bytes: int = 20 * GIB
    """Bytes of all bundles; beyond them those asleep for longest are evicted."""
    ttl: float = 14 * DAY
    """Seconds since its last deployment or visit after which a preview is removed; 0 for never."""
    patience: float = 60.0
    """Seconds that a visit waits for a preview to wake."""
    environment_age: float = 30 * DAY
    """Seconds without use after which a model's environment is removed; it is built again when it is needed."""
    preview: Limits = field(default_factory=Limits)


LIMITS = TypeAdapter(HostLimits)


def to_option(limits: HostLimits) -> str:
    """Return *limits* as the host's process takes them."""
    return LIMITS.dump_json(limits).decode()


def from_option(text: str) -> HostLimits:
    return LIMITS.validate_json(text)
