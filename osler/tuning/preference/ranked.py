"""Replies to one prompt in the order in which somebody or something preferred them; a pair is a list of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from osler.core.block import canonical, digest, to_spec
from osler.core.errors import DataError, SpecError
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.preference.preference import Preference


class Ranked(NamedTuple):
    """``ranks``: of each reply, 1 is the best; equal ranks are ties, which teach nothing. ``by`` as of a preference."""

    id: str
    prompt: tuple[Turn, ...]
    replies: tuple[str, ...]
    ranks: tuple[float, ...]
    by: str = "human"
    source: str = ""


@runtime_checkable
class RankedLists(Protocol):
    """A block that gives ranked lists, in the same order every time."""

    def ranked(self) -> Sequence[Ranked]: ...


def pairs_of(row: Ranked) -> list[Preference]:
    """Every two replies of different rank as a preference, the better one chosen."""
    order = sorted(range(len(row.replies)), key=lambda at: row.ranks[at])
    made = []
    for first, better in enumerate(order):
        for worse in order[first + 1 :]:
            if row.ranks[better] < row.ranks[worse]:
                name = f"{row.id}/{better}>{worse}"
                chosen, rejected = row.replies[better], row.replies[worse]
                made.append(Preference(name, row.prompt, chosen, rejected, row.by, row.source))
    return made


def lists_of(data: Any) -> list[Ranked]:
    """The rows of a block as ranked lists; one that only gives preferences has lists of two."""
    if hasattr(data, "ranked"):
        return [row for row in data.ranked() if len(set(row.ranks)) > 1]
    if hasattr(data, "preferences"):
        return [Ranked(p.id, p.prompt, (p.chosen, p.rejected), (1.0, 2.0), p.by, p.source) for p in data.preferences()]
    raise SpecError(f"{type(data).__name__} gives neither preferences nor ranked replies", hint="use PreferenceFiles")


def preferences_of(data: Any) -> list[Preference]:
    """The rows of a block as preferences; ranked lists give all their pairs."""
    if hasattr(data, "preferences"):
        return list(data.preferences())
    return [pair for row in lists_of(data) for pair in pairs_of(row)]


def turns_of(value: Any, where: str) -> tuple[Turn, ...]:
    """Turns from a text (one turn of the user) or a list of ``{"role", "content"}``. DataError for anything else."""
    if isinstance(value, str):
        return (Turn("user", value),)
    roles = {"system", "user", "assistant"}
    if isinstance(value, (list, tuple)) and value and all(
        isinstance(turn, Mapping) and turn.get("role") in roles for turn in value
    ):  # fmt: skip
        return tuple(Turn(turn["role"], str(turn.get("content", turn.get("text", "")))) for turn in value)
    raise DataError(
        f"{where} has no prompt: a text, or a list of turns with role and content",
        hint="name its column with prompt = ...",
    )


def text_of(turns: Sequence[Turn]) -> str:
    """Turns as one text, for hashes and for the comparison of prompts."""
    return "\n".join(f"{turn.role}: {turn.text}" for turn in turns)


def rows_hash(rows: Sequence[Any]) -> str:
    """Hash of rows (named tuples) in their order."""
    return digest(canonical(to_spec(list(rows))))
