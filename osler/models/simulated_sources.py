"""A simulated model for answers from sources: it knows or does not, reads what it is shown, cites, and may be talked into
things by what it reads.

A product for planning and testing grounded systems, never a stand-in for results. All it says is a function of the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block, replace
from osler.core.types import Example
from osler.models.writing import Turn, Writes, need_shares, no_key, uniform

_SAYS = re.compile(r"answer only: ([^\n]+)$", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.\d[^.!?\n]*)*[.!?]?")
_FINDING = re.compile(
    r'^- ("(?:[^"\\]|\\.)*"): (\w+)(?:; found: "(?:[^"\\]|\\.)*")?(?:; instead: ("(?:[^"\\]|\\.)*"))?$'
)
_MADE_UP = "a0/v1/0-1"
Evidence = Sequence[tuple[str, str]]


@block
class SimulatedSources(Writes):
    """A model with known habits around sources.

    knows: probability that it has the fact of a case in memory, drawn once a case; one dated after ``cutoff`` (ISO) it
    never has. reads: probability of finding the fact in a passage that is shown and names the case's subject. memory:
    probability of answering from memory although it was told to answer only from sources and they say nothing; what it
    does not remember it makes up. obeys: probability of doing what an order in a passage says. invents: probability of
    citing a passage that was never shown in place of the one that it read. verifies: probability of a right verdict on a
    claim. format_failure: of an unreadable reply.

    key: case id to ``answer`` (a sentence, or the text of an option), ``subject`` (what a passage must name), and where
    they differ from that ``first`` (what it says from memory when it remembers, wrong or right) and ``wrong`` (what it
    makes up). orders: a phrase in a passage to what an obeying model says then, with {subject} for
    that of the case. A study gives the key by ``keyed``, from
    ``meta["subject"]``, ``meta["first"]``, ``meta["wrong"]``, ``meta["date"]`` and the target.
    """

    knows: float = 0.0
    cutoff: str = ""
    reads: float = 1.0
    memory: float = 0.0
    obeys: float = 0.0
    invents: float = 0.0
    verifies: float = 1.0
    format_failure: float = 0.0
    seed: int = 0
    key: Mapping[str, Any] = {}
    orders: Mapping[str, str] = {}

    def check(self) -> None:
        need_shares(self, "knows", "reads", "memory", "obeys", "invents", "verifies", "format_failure")

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedSources:
        """A copy that knows the answers to ``examples`` and what their passages must name."""
        key = {}
        for example in examples:
            at = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(example.target) if lettered else -1
            answer = example.choices[at] if at >= 0 else example.target
            named = {
                name: str(example.meta[name]) for name in ("subject", "first", "wrong", "date") if name in example.meta
            }
            key[example.id] = {"answer": answer, **named}
        return replace(self, key=key)

    def said(self, turn: Turn) -> str:
        if turn.case not in self.key:
            raise no_key(self, turn.case)
        if self._drawn(turn, "format") < self.format_failure:
            return "It is hard to say."
        evidence = [
            (part.id, part.text.removeprefix(f"[{part.id}] ")) for part in turn.parts if part.name == "evidence"
        ]
        order = self._order(turn, evidence)
        if order is not None:
            return order
        fields = (turn.schema or {}).get("properties", {})
        if fields and "answer" not in fields:
            return self._step(turn, fields, evidence)
        drafts = [part for part in turn.parts if part.name in ("draft", "finding")]
        if drafts and any(part.name == "finding" for part in drafts) and not _named(turn, "critique"):
            return self._formed(turn, self._rewritten(turn), "")
        if drafts and not evidence and not _named(turn, "critique"):
            return self._formed(turn, self._merged(turn), "")
        return self._answered(turn, evidence)

    def _order(self, turn: Turn, evidence: Evidence) -> str | None:
        for phrase, said in self.orders.items():
            holds = any(phrase in text for _, text in evidence)
            if holds and self._drawn(turn, "obeys", phrase) < self.obeys:
                told = said.replace("{subject}", self._of(turn, "subject"))
                return told if told.startswith("Action:") else f"{_opening(turn)}{told}"
        return None

    def _step(self, turn: Turn, fields: Mapping[str, Any], evidence: Evidence) -> str:
        """A step that asks for JSON: keywords, queries, claims, relevance, a summary, a verdict, fitness."""
        subject = self._of(turn, "subject")
        claims = [str(orjson.loads(part.text.partition(" ")[2])) for part in turn.parts if part.name == "claim"]
        sentence = self._read(turn, evidence)[0]
        if "claims" in fields:
            return _json(claims=_sentences(_draft(turn)))
        if "relevant" in fields:
            return _json(relevant=any(subject.casefold() in text.casefold() for _, text in evidence))
        if "summary" in fields:
            near = _nearest(claims[0], evidence) if claims else sentence
            return _json(summary=near or "The passages say nothing of it.")
        if "verdict" in fields:
            return self._verdict(turn, claims[0] if claims else "", evidence)
        if "fit" in fields:
            return _json(fit=not self.key[turn.case].get("harmful", False))
        wanted = claims if claims else [subject] if subject else []
        return _json(**dict.fromkeys(fields, wanted))

    def _verdict(self, turn: Turn, claim: str, evidence: Evidence) -> str:
        near = _nearest(claim, evidence)
        verdict = "unsupported" if not near else "supported" if _plain(near) == _plain(claim) else "contradicted"
        if self._drawn(turn, "verify", claim) >= self.verifies:
            verdict = "supported" if verdict != "supported" else "unsupported"
        return _json(verdict=verdict, correction=near if verdict == "contradicted" else "")

    def _rewritten(self, turn: Turn) -> str:
        """The first answer after its check: claims that hold as they are, corrections in place of those that do not."""
        out = []
        for part in turn.parts:
            found = _FINDING.match(part.text) if part.name == "finding" else None
            if found is not None and (found[2] == "supported" or found[3]):
                out.append(str(orjson.loads(found[3] or found[1])))
        return " ".join(out) or self._fallback(turn)

    def _merged(self, turn: Turn) -> str:
        subject = self._of(turn, "subject").casefold()
        drafts = [str(orjson.loads(part.text.partition(" ")[2])) for part in turn.parts if part.name == "draft"]
        return next((text for text in drafts if subject and subject in text.casefold()), drafts[0])

    def _answered(self, turn: Turn, evidence: Evidence) -> str:
        sentence, where = self._read(turn, evidence)
        if sentence:
            return self._formed(turn, sentence, where)
        told = _SAYS.search("\n".join(message.text for message in turn.messages if message.role == "system"))
        if told is not None and self._drawn(turn, "memory") >= self.memory:
            return f"{_opening(turn)}{told[1].strip()}"
        made_up = _MADE_UP if told is not None else ""
        return self._formed(turn, self._remembered(turn), made_up)

    def _read(self, turn: Turn, evidence: Evidence) -> tuple[str, str]:
        """The first sentence shown that names the subject, and the id of its passage; "" where none is read."""
        subject = self._of(turn, "subject").casefold()
        for name, text in evidence:
            if subject and subject in text.casefold() and self._drawn(turn, "read", name) < self.reads:
                return next(one for one in [*_sentences(text), text] if subject in one.casefold()), name
        return "", ""

    def _remembered(self, turn: Turn) -> str:
        held = self.key[turn.case]
        late = bool(self.cutoff) and str(held.get("date", "")) > self.cutoff
        if not late and self._drawn(turn, "know") < self.knows:
            return str(held.get("first", held["answer"]))
        return str(held.get("wrong", "")) or self._fallback(turn)

    def _fallback(self, turn: Turn) -> str:
        return f"{self._of(turn, 'subject') or 'This'} is treated with rest."

    def _formed(self, turn: Turn, text: str, where: str) -> str:
        """``text`` as the case asks for it: a label, JSON with one, or a sentence with its citation if it is to cite."""
        options = _options(turn)
        cites = any(
            "write, in square brackets" in message.text for message in turn.messages if message.role == "system"
        )
        if where and cites and self._drawn(turn, "invent") < self.invents:
            where = _MADE_UP
        mark = f" [{where}]" if where and cites else ""
        if not options:
            stop = text[-1] if text[-1:] in ".!?" else "."
            return _opening(turn) + (f"{text.rstrip('.!?')}{mark}{stop}" if mark else text)
        label = self._label(turn, options, text)
        if turn.schema is not None:
            return _json(rationale=text, evidence=[where] if where else [], answer=label)
        return f"{text.rstrip('.!?')}{mark}.\nAnswer: {label}"

    def _label(self, turn: Turn, options: Mapping[str, str], text: str) -> str:
        """The option that the text holds, the longest first; else the right one if it is the answer, else a wrong one."""
        held = [label for label, said in options.items() if said.casefold() in text.casefold()]
        if held:
            return max(held, key=lambda label: len(options[label]))
        right = str(self.key[turn.case]["answer"])
        wrong = [label for label, said in options.items() if said != right] or list(options)
        return wrong[int(self._drawn(turn, "wrong") * len(wrong))]

    def _of(self, turn: Turn, name: str) -> str:
        return str(self.key[turn.case].get(name, ""))

    def _drawn(self, turn: Turn, *words: str) -> float:
        again = "again" if _named(turn, "critique") else ""
        return uniform(self.seed, turn.case, turn.draw, again, *words)


def _json(**fields: Any) -> str:
    return orjson.dumps(fields).decode()


def _named(turn: Turn, name: str) -> bool:
    return any(part.name == name for part in turn.parts)


def _opening(turn: Turn) -> str:
    """How an answer begins where the model could have called a tool instead (ReAct)."""
    return "Answer: " if any("Action Input:" in part.text for part in turn.parts if part.name == "instruction") else ""


def _draft(turn: Turn) -> str:
    text = next((part.text for part in reversed(turn.parts) if part.name == "draft"), '" "')
    return str(orjson.loads(text[text.index('"') :]))


def _options(turn: Turn) -> dict[str, str]:
    """Labels with what they say; {} where the case asks for a text."""
    lettered = {part.id: part.text.partition(". ")[2] for part in turn.parts if part.name == "choice"}
    line = next((part.text for part in reversed(turn.parts) if part.name == "choices"), "")
    return lettered or {label: label for label in line.partition(": ")[2].split(" | ") if label}


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.findall(text) if one.strip()]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w.]*\w", text.casefold()))


def _nearest(claim: str, evidence: Evidence) -> str:
    """The sentence shown that has most of a claim's words (Jaccard of at least 0.5); "" without one."""
    words = set(_plain(claim).split())
    best, sentence = 0.5, ""
    for _, text in evidence:
        for one in _sentences(text):
            other = set(_plain(one).split())
            share = len(words & other) / max(1, len(words | other))
            if share > best or (share == best and not sentence):
                best, sentence = share, one
    return sentence
