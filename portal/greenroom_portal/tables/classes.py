"""Classes in people's words, where the project gives some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from greenroom_pipeline.wording import name_class
from greenroom_pipeline.words import Words
from greenroom_portal.wording import clean

LONGEST = 40


def name_rows(words: Words, label: str, *, number: int = 2) -> str:
    """Return the rows of a class, such as `late flights`, or `rows of class “1”` where it has no other name."""
    rows = clean(words.row if number == 1 else words.rows, longest=LONGEST)
    name = words.classes.get(label)
    return f"{clean(name, longest=LONGEST)} {rows}" if name else f"{rows} of {clean(name_class(label))}"


def name_classes(words: Words, labels: Sequence[str]) -> list[str]:
    """Return the classes' names for axes and lists, no two alike: two long ones may be cut to the same."""
    names = [clean(words.classes.get(label, label), longest=LONGEST) for label in labels]
    many, seen = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        seen[name] += 1
        if many[name] > 1:
            names[place] = f"{name} ({seen[name]})"
    return names
