"""What changes for whom, told in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.frequencies import is_one, say_part, say_share
from greenroom_pipeline.movements import Move, Movement
from greenroom_pipeline.report import Report
from greenroom_pipeline.wording import count, join_names, write_figure
from greenroom_pipeline.words import Words, call_class, call_rows, call_slice, count_rows
from greenroom_portal.tales import Tale, choose_tales

MOST_NAMED = 4


@dataclass(frozen=True)
class Told:
    """A sentence or two, of which the first words are the ones that count; foreign text is in both."""

    strong: str
    rest: str


def find_whole(report: Report) -> Movement | None:
    """Return how answers move on all rows; None without a champion, and in reports of older shape."""
    return next((one for one in report.movements if one.column is None), None)


def tell_whole(whole: Movement, words: Words) -> Told:
    return tell_movement(whole, words, things=words.rows)


def tell_tale(tale: Tale, words: Words) -> Told:
    """Tell of one slice: how its answers change, and what shows that it gains or loses."""
    things = call_rows(words, tale.column, tale.value)
    proofs = "".join(f" {proof[:1].upper()}{proof[1:]}." for proof in tale.proofs)
    if tale.movement is None:
        return Told(f"{things[:1].upper()}{things[1:]}", f" ({count_rows(words, tale.rows)}).{proofs}")
    told = tell_movement(tale.movement, words, things=things)
    return Told(told.strong, f"{told.rest}{proofs}")


def tell_sides(tales: list[Tale], words: Words) -> str:
    """Say in one sentence who loses and who gains, or that nobody is shown to."""
    named = {
        effect: [call_slice(words, tale.column, tale.value) for tale in choose_tales(tales, effect)]
        for effect in ("worse", "better")
    }
    sides = [f"{effect} for {join_names(names, most=MOST_NAMED)}" for effect, names in named.items() if names]
    if sides:
        told = "; ".join(sides)
        return f"{told[:1].upper()}{told[1:]}."
    judged = [tale for tale in tales if tale.effect != "few"]
    if not judged:
        return f"Nobody can be told apart: every slice has too few {words.rows}."
    return f"Nobody is shown to gain or lose: {count(len(judged), 'slice')} looked at."


def tell_surety(report: Report) -> str:
    """Say how sure it is who gains and who loses."""
    sure = f"{report.metrics[0].confidence if report.metrics else 0.95:.0%}"
    return f"Only what chance does not explain is said, with {sure} confidence over all slices together."


def tell_few(tales: list[Tale], words: Words) -> str:
    """Name the slices with too few rows to tell; nothing where there are none."""
    few = [
        f"{call_slice(words, tale.column, tale.value)} ({tale.rows:,})" for tale in choose_tales(tales, "few")
    ]
    return f"Too few {words.rows} to tell: {join_names(few, most=MOST_NAMED)}." if few else ""


def tell_movement(one: Movement, words: Words, *, things: str) -> Told:
    """Tell how the answers to *things*, a plural, change."""
    if one.changed is None:
        return _tell_numbers(one, things=things)
    if not one.changed or not one.moves:
        return Told("No", f" {things} get another answer.")
    first, *others = one.moves
    verb = "changes" if is_one(first.rows, one.rows) else "change"
    strong, rest = _begin(first.rows, one.rows, things)
    others_told = _tell_others(one, others, words)
    return Told(strong, f"{rest} {verb} {_name_move(first, words)}{others_told}. {_tell_flips(one)}")


def _begin(part: int, whole: int, things: str) -> tuple[str, str]:
    share = say_share(part, whole)
    return f"{share[:1].upper()}{share[1:]}", say_part(part, whole, things).removeprefix(share)


def _name_move(move: Move, words: Words) -> str:
    return f"from {call_class(words, move.before)} to {call_class(words, move.after)}"


def _tell_others(one: Movement, others: list[Move], words: Words) -> str:
    if not others:
        return ""
    second = f"{say_share(others[0].rows, one.rows)} {_name_move(others[0], words)}"
    rest = (one.changed or 0) - one.moves[0].rows - others[0].rows
    return f", {second}, and {rest:,} in other ways" if rest else f", and {second}"


def _tell_flips(one: Movement) -> str:
    fixed, broken = one.fixed or 0, one.broken or 0
    if not fixed and not broken:
        return "All of them were wrong and still are."
    return f"{fixed:,} that were wrong {_is(fixed)} right now; {broken:,} that were right {_is(broken)} wrong now."


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _tell_numbers(one: Movement, *, things: str) -> Told:
    if not one.shift and not one.closer and not one.farther:
        return Told("No", f" {things} get another answer.")
    shift = one.shift or 0.0
    way = "higher" if shift > 0 else "lower"
    strong = f"{write_figure(abs(shift))} {way}" if shift else "Neither higher nor lower"
    closer, farther = one.closer or 0, one.farther or 0
    return Told(
        strong,
        f" on average for {things}. {closer:,} get nearer to the truth ({say_share(closer, one.rows)}), "
        f"{farther:,} farther from it ({say_share(farther, one.rows)}).",
    )
