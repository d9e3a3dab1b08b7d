"""The expressions of workflows, `${{ … }}`, as far as ours use them, evaluated as GitHub says it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|[!().,\[\]]))"
)
_INSIDE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(always|cancelled|failure|success)\(")

Functions = Mapping[str, Callable[..., Any]]


@dataclass
class Scope:
    """What an expression may name."""

    contexts: Mapping[str, Any]
    functions: Functions

    def evaluate(self, expression: str) -> Any:
        return _Reader(_split(expression), self).read()

    def fill(self, template: Any) -> Any:
        """Return a value of the workflow file with its expressions evaluated to text."""
        if isinstance(template, str):
            return _INSIDE.sub(lambda found: write(self.evaluate(found[1])), template)
        if isinstance(template, Mapping):
            return {key: self.fill(value) for key, value in template.items()}
        return write(template)

    def admits(self, condition: str | None) -> bool:
        """Say whether a job's or a step's `if` holds; without a word on its status, all before must have succeeded."""
        expression = "success()" if condition is None else condition.strip()
        whole = _INSIDE.fullmatch(expression)
        expression = whole[1] if whole else expression
        if not _STATUS.search(expression):
            expression = f"success() && ({expression})"
        return bool(self.evaluate(expression))


def write(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "Object" if isinstance(value, Mapping) else str(value)


def _split(expression: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    while expression[place:].strip():
        found = _TOKEN.match(expression, place)
        if found is None:
            raise ValueError(f"{expression!r} is no expression that is known here")
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        place = found.end()
    return tokens


@dataclass
class _Reader:
    """Reads by recursive descent: or, and, comparison, not, value."""

    tokens: list[tuple[str, str]]
    scope: Scope
    place: int = 0

    def read(self) -> Any:
        value = self._any()
        if self.place != len(self.tokens):
            raise ValueError(f"unexpected {self.tokens[self.place][1]!r}")
        return value

    def _takes(self, *signs: str) -> str | None:
        if self.place < len(self.tokens) and self.tokens[self.place] in [("sign", sign) for sign in signs]:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return None

    def _expect(self, sign: str) -> None:
        if self._takes(sign) is None:
            raise ValueError(f"{sign!r} is missing")

    def _any(self) -> Any:
        value = self._all()
        while self._takes("||"):
            other = self._all()
            value = value or other
        return value

    def _all(self) -> Any:
        value = self._compared()
        while self._takes("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._negated()
        while sign := self._takes("==", "!="):
            same = _are_equal(value, self._negated())
            value = same if sign == "==" else not same
        return value

    def _negated(self) -> Any:
        return not self._negated() if self._takes("!") else self._value()

    def _value(self) -> Any:
        if self._takes("("):
            value = self._any()
            self._expect(")")
            return value
        kind, word = self.tokens[self.place]
        self.place += 1
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return float(word) if "." in word else int(word)
        if kind != "name":
            raise ValueError(f"unexpected {word!r}")
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        if self._takes("("):
            return self._call(word)
        return self._property(self.scope.contexts[word])

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._takes(")"):
            arguments.append(self._any())
            self._takes(",")
        return self.scope.functions[name](*arguments)

    def _property(self, value: Any) -> Any:
        while sign := self._takes(".", "["):
            if sign == ".":
                key = self.tokens[self.place][1]
                self.place += 1
            else:
                key = self._any()
                self._expect("]")
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def _are_equal(one: Any, other: Any) -> bool:
    """Compare as GitHub does: texts without their case, and unlike kinds as numbers."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if type(one) is type(other):
        return bool(one == other)
    return _number(one) == _number(other)


def _number(value: Any) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def contains(text: Any, part: Any) -> bool:
    return write(part).lower() in write(text).lower()
