"""A simulated reader: it answers right if the passages that it is shown hold the facts it needs, and else by its skill.

A product for planning and testing systems that search, never a stand-in for results. It is told which facts each case
needs; whether a system finds them and puts them where they are read is what it measures. All it says is a function of
the call.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block, replace
from osler.core.types import LETTERS, Example, Part
from osler.models.writing import Turn, Writes, need_shares, no_key, uniform

ORDER = re.compile(r"INSTRUCTION: answer (\w+)")
UNKNOWN = "not found"
_CITED = re.compile(r"\[([^\[\]]+)\]\"?$")
_HOLE = re.compile(r"#(\d)")
_DRAFT = re.compile(r"Answer: ([^\"\\\n]+)\"?$")


@dataclasses.dataclass(frozen=True)
class Hop:
    """A fact that a case needs: what one asks to find it ("#1" stands for the answer of the first), the sentence that
    states it, and the short answer in it."""

    question: str
    fact: str
    answer: str


@block
class SimulatedReader(Writes):
    """A reader with known habits.

    skill: probability of a right answer where a fact is missing, drawn once for each case; without options it says else
    "not found". reads: probability of reading a fact that is shown, drawn once for each case and fact. middle: the
    share of that lost in the middle of the passages: at place x from 0 (first) to 1 (last) it is 1 - middle x 4 x (1 -
    x), the U-curve of Liu et al. 2023 (arXiv:2307.03172). distraction: the share lost with each passage that holds no fact
    of the case. asks: probability that it knows what to ask for a missing fact; else it repeats the case's question. verifies:
    probability of a right verdict on a claim. obeys: probability of carrying out "INSTRUCTION: answer X" in a passage.
    invents: probability of citing a passage that was never shown. format_failure: of an unreadable reply.

    key: case id to ``answer`` (the option's text) and ``hops``: lists of question, fact and short answer, in the order in
    which they must be found. A fact is seen where a passage holds it word for word, or an earlier question with its
    answer is shown. A study gives the key by ``keyed``, from ``meta["hops"]`` and the target.
    """

    skill: float = 0.25
    reads: float = 1.0
    middle: float = 0.0
    distraction: float = 0.0
    asks: float = 1.0
    verifies: float = 1.0
    obeys: float = 0.0
    invents: float = 0.0
    format_failure: float = 0.0
    seed: int = 0
    key: Mapping[str, Any] = {}

    def check(self) -> None:
        need_shares(
            self,
            "skill",
            "reads",
            "middle",
            "distraction",
            "asks",
            "verifies",
            "obeys",
            "invents",
            "format_failure",
        )

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedReader:
        """A copy that knows answers and facts of ``examples``."""
        key = {}
        for example in examples:
            at = LETTERS.find(example.target) if lettered else -1
            answer = example.choices[at] if at >= 0 else example.target
            key[example.id] = {"answer": answer, "hops": example.meta.get("hops", ())}
        return replace(self, key=key)

    def said(self, turn: Turn) -> str:
        if turn.case not in self.key:
            raise no_key(self, turn.case)
        if self._uniform(turn, "format") < self.format_failure:
            return "It is hard to say."
        seen = _Seen(turn, [Hop(*hop) for hop in self.key[turn.case]["hops"]], self)
        fields = (turn.schema or {}).get("properties", {})
        if "queries" in fields:
            return _json(analysis="Looked at.", queries=self._wanted(turn, seen))
        if "query" in fields:
            wanted = self._wanted(turn, seen)
            return _json(missing="A fact.", enough=not wanted, query=wanted[0] if wanted else "")
        if "questions" in fields:
            whole = seen.about is None and not seen.all
            return _json(analysis="Looked at.", questions=[hop.question for hop in seen.hops] if whole else [])
        if "claims" in fields:
            return _json(claims=self._claims(turn, seen))
        return self._answered(turn, seen, fields)

    def _wanted(self, turn: Turn, seen: _Seen) -> list[str]:
        """What it would search for: every missing fact that it can name; the case's own question if it knows no better."""
        missing = [seen.askable(hop) for at, hop in enumerate(seen.hops) if at not in seen.known]
        if missing and self._uniform(turn, "asks") >= self.asks:
            return [seen.question]
        return [question for question in missing if question]

    def _claims(self, turn: Turn, seen: _Seen) -> list[str]:
        drafts = [part.text for part in turn.parts if part.name == "draft"]
        stated = _DRAFT.search(drafts[-1]) if drafts else None
        if stated is None:
            return []
        about = (seen.askable(seen.hops[-1]) if seen.hops else "") or seen.question
        return [f"{about.rstrip('?')}: {seen.meaning(stated[1])}"]

    def _answered(self, turn: Turn, seen: _Seen, fields: Mapping[str, Any]) -> str:
        """A verdict on a claim, the answer to a question that came up, or that to the case."""
        answer = str(self.key[turn.case]["answer"])
        cites = [seen.where[at] for at in sorted(seen.known) if at in seen.where]
        if seen.question.startswith("Claim: "):
            return self._formed(self._verdict(turn, seen, answer), seen, cites, turn, fields)
        if seen.about is not None:
            hop = seen.hops[seen.about]
            known = seen.about in seen.known
            text = hop.answer if known else UNKNOWN
            return self._formed(text, seen, [seen.where[seen.about]] if seen.about in seen.where else [], turn, fields)
        right = next((label for label, text in seen.options if text == answer), answer)
        wrong = sorted((label for label, _ in seen.options if label != right), key=seen.meaning)
        order = seen.order
        if order in [label for label, _ in seen.options] and self._uniform(turn, "obeys") < self.obeys:
            return self._formed(order, seen, cites, turn, fields)
        if seen.all or self._uniform(turn, "know") < self.skill:
            return self._formed(right, seen, cites, turn, fields)
        pick = wrong[min(int(self._uniform(turn, "wrong") * len(wrong)), len(wrong) - 1)] if wrong else UNKNOWN
        return self._formed(pick, seen, cites, turn, fields)

    def _verdict(self, turn: Turn, seen: _Seen, answer: str) -> str:
        """supported or contradicted where the last fact is seen, else not enough information; with errors."""
        labels = [label for label, _ in seen.options]
        if len(labels) < 3:
            return labels[0] if labels else UNKNOWN
        last = len(seen.hops) - 1
        holds = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", seen.question) is not None
        right = labels[2] if last not in seen.known else labels[0] if holds else labels[1]
        if self._uniform(turn, "verifies", seen.question) < self.verifies:
            return right
        others = [label for label in labels if label != right]
        return others[int(self._uniform(turn, "misjudges", seen.question) * len(others))]

    def _formed(self, text: str, seen: _Seen, cites: list[str], turn: Turn, fields: Mapping[str, Any]) -> str:
        """An answer in the form that was asked for, with its citations."""
        if self._uniform(turn, "invents", seen.question) < self.invents:
            cites = [*cites, f"made-up-{1 + int(1000 * self._uniform(turn, 'invented', seen.question))}"]
        marked = "".join(f" [{one}]" for one in cites)
        if turn.schema is not None and not seen.options:
            return text
        if turn.schema is not None:
            held: dict[str, Any] = {"rationale": f"As is known.{marked}", "evidence": cites, "answer": text}
            return orjson.dumps({name: held[name] for name in fields if name in held} or held).decode()
        return f"As is known.{marked}\nAnswer: {text}" if seen.options else f"{text}{marked}"

    def _uniform(self, turn: Turn, *words: str) -> float:
        return uniform(self.seed, turn.case, turn.draw, *words)

    def chance(self, place: int, of: int, irrelevant: int) -> float:
        """Probability of reading a fact in the passage number ``place`` (from 0) of ``of``, ``irrelevant`` of which hold
        none: what theory is computed from."""
        x = place / (of - 1) if of > 1 else 0.0
        return self.reads * (1.0 - self.middle * 4.0 * x * (1.0 - x)) * (1.0 - self.distraction) ** irrelevant


class _Seen:
    """What a call shows of a case: its question and options, and which facts are read from what stands there."""

    def __init__(self, turn: Turn, hops: Sequence[Hop], reader: SimulatedReader) -> None:
        asked = [message.parts for message in turn.messages if message.role == "user"]
        last: tuple[Part, ...] = next(
            (parts for parts in reversed(asked) if any(part.name == "question" for part in parts)), ()
        )
        self.hops = hops
        self.question = next((part.text for part in last if part.name == "question"), "")
        offered = next((part.text for part in last if part.name == "choices"), "")
        plain = offered.partition(": ")[2].split(" | ") if offered else []
        lettered = [(part.id, part.text.partition(". ")[2]) for part in last if part.name == "choice"]
        self.options = lettered or [(label, label) for label in plain]
        shown = [part for part in last if part.name == "evidence"]
        self.order = next((found[1] for part in shown if (found := ORDER.search(part.text))), "")
        told = [part.text for part in last if part.name == "follow_up"]
        self.known: dict[int, str] = {}
        self.where: dict[int, str] = {}
        self._read(turn, shown, told, reader)
        asked_for = (at for at, hop in enumerate(hops) if self.filled(hop) == self.question)
        self.about = None if self.options else next(asked_for, None)

    def _read(self, turn: Turn, shown: Sequence[Part], told: Sequence[str], reader: SimulatedReader) -> None:
        irrelevant = sum(all(hop.fact not in part.text for hop in self.hops) for part in shown)
        for at, hop in enumerate(self.hops):
            place = next((number for number, part in enumerate(shown) if hop.fact in part.text), None)
            chance = 0.0 if place is None else reader.chance(place, len(shown), irrelevant)
            if place is not None and reader._uniform(turn, "reads", str(at)) < chance:
                self.known[at] = hop.answer
                self.where[at] = shown[place].id
                continue
            heard = next((text for text in told if _answers(text, self, hop)), None)
            if heard is not None:
                self.known[at] = hop.answer
                cited = _CITED.search(heard)
                self.where.update({at: cited[1]} if cited else {})

    def filled(self, hop: Hop) -> str:
        """The question of a hop with the answers of earlier ones in it."""
        return _HOLE.sub(lambda hole: self.hops[int(hole[1]) - 1].answer, hop.question)

    def askable(self, hop: Hop) -> str:
        """The question of a hop if the answers that it builds on are known, else ""."""
        needed = (int(number) - 1 for number in _HOLE.findall(hop.question))
        return self.filled(hop) if all(number in self.known for number in needed) else ""

    @property
    def all(self) -> bool:
        return len(self.known) == len(self.hops)

    def meaning(self, label: str) -> str:
        return next((text for name, text in self.options if name == label), label)


def _answers(text: str, seen: _Seen, hop: Hop) -> bool:
    """Whether a line of the history holds the question of a hop and its answer."""
    question, _, answer = text.partition('": "')
    return question.endswith(seen.filled(hop)) and answer.startswith(hop.answer)


def _json(**fields: Any) -> str:
    return orjson.dumps(fields).decode()
