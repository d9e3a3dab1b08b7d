"""Before against after: parameters, requirements and counts, each as what changed and cut to what can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from greenroom_pipeline.since import TEXT_CHARACTERS, Changed

ANY_VERSION = "any version"


def compare_values(before: Mapping[str, str], after: Mapping[str, str]) -> list[Changed]:
    """Return what was added, removed or changed, by name."""
    return [
        _change(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def compare_requirements(before: Iterable[str], after: Iterable[str]) -> list[Changed]:
    """Return the packages that were added, removed or have another version; the lines are PEP 508's."""
    return compare_values(_read_versions(before), _read_versions(after))


def compare_counts(name: str, before: int | None, after: int | None) -> Changed | None:
    """Return both counts, also where they are the same; None where neither is known."""
    if before is None and after is None:
        return None
    return _change(name, *(None if number is None else f"{number:,}" for number in (before, after)))


def cut(text: str, longest: int = TEXT_CHARACTERS) -> str:
    """Return the text as JSON can hold it, and no longer than is read; names of files are bytes to git."""
    valid = text[: longest + 1].encode("utf-8", "replace").decode()
    return valid if len(valid) <= longest else f"{valid[: longest - 1]}…"


def _change(name: str, before: str | None, after: str | None) -> Changed:
    return Changed(
        name=cut(name),
        before=None if before is None else cut(before),
        after=None if after is None else cut(after),
    )


def _read_versions(lines: Iterable[str]) -> dict[str, str]:
    """Return each package's versions; of one that is named for several platforms, all of them."""
    found: dict[str, list[str]] = {}
    for line in lines:
        requirement = Requirement(line)
        version = str(requirement.specifier).removeprefix("==") or ANY_VERSION
        where = f" ({requirement.marker})" if requirement.marker else ""
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        found.setdefault(f"{canonicalize_name(requirement.name)}{extras}", []).append(f"{version}{where}")
    return {name: " or ".join(sorted(versions)) for name, versions in found.items()}
