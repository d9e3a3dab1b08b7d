"""The file of pinned cases: read with errors that name the line, and a line added to it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import ValidationError

from greenroom_pipeline.cases import CASES_FILE, PinnedCase
from greenroom_pipeline.errors import CasesError

MOST_CASES = 1_000
MOST_BYTES = 2**20
# JSON lets these through as they are, and a reader of a diff would not see them.
_UNSEEN = re.compile("[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def read_cases(content: bytes) -> list[PinnedCase]:
    """Return the cases of a file in its order; `CasesError` says which line is wrong and how to mend it."""
    if len(content) > MOST_BYTES:
        raise CasesError(f"{CASES_FILE} is larger than {MOST_BYTES // 2**20} MiB; take cases out of it")
    cases: list[PinnedCase] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        case = _read_line(line, number)
        if case.name in seen:
            raise _fault(
                number, f"the name {case.name!r} is line {seen[case.name]}'s already; choose another"
            )
        seen[case.name] = number
        cases.append(case)
    if len(cases) > MOST_CASES:
        raise CasesError(f"{CASES_FILE} has {len(cases):,} cases; keep at most {MOST_CASES:,}")
    return cases


def add_case(content: bytes, case: PinnedCase) -> bytes:
    """Return the file with a line for the case at its end; `CasesError` when it cannot have it."""
    known = next((each for each in read_cases(content) if each.name == case.name), None)
    if known is not None:
        raise CasesError(f"a case named {case.name!r} is pinned already, by {known.by}; choose another name")
    gap = b"\n" if content and not content.endswith(b"\n") else b""
    longer = content + gap + write_line(case).encode()
    read_cases(longer)
    return longer


def write_line(case: PinnedCase) -> str:
    """Return the case as one line of JSON, its keys in order and nothing in it unseen."""
    document = case.model_dump(mode="json")
    document["expect"] = case.expect.model_dump(mode="json", exclude_none=True)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _read_line(line: bytes, number: int) -> PinnedCase:
    try:
        document = json.loads(
            line.decode(),
            parse_constant=_refuse_constant,
            parse_float=_parse_finite,
            object_pairs_hook=_refuse_twice,
        )
        return PinnedCase.model_validate(document)
    except ValidationError as error:
        raise _fault(number, "; ".join(_tell(dict(each)) for each in error.errors()[:3])) from None
    except UnicodeDecodeError:
        raise _fault(number, "is no UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise _fault(number, "is nested too deep; write a row of plain values") from None
    except json.JSONDecodeError as error:
        raise _fault(
            number, f"is no JSON ({error.msg} at character {error.colno}); write one object"
        ) from None
    except ValueError as error:
        raise _fault(number, str(error)[:200]) from None


def _fault(number: int, says: str) -> CasesError:
    return CasesError(f"{CASES_FILE}, line {number}: {says}")


def _tell(problem: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])[:80]
    message = str(problem["msg"]).removeprefix("Value error, ")
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown key {key}; take it out"
        case "missing":
            return f"{key} is missing; add it"
        case "value_error":
            return f"{key}: {message}" if key else message
        case "model_type":
            return "is no JSON object; write {…}"
        case _:
            return f"{key} is {problem['input']!r:.60}: {message[:1].lower()}{message[1:]}"


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number; write a finite one, or null")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number; write a finite one")
    return number


def _refuse_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """JSON's readers differ in which of two equal keys they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"has the key {next(each for each in names if names.count(each) > 1)!r:.60} twice; drop one"
        )
    return found
