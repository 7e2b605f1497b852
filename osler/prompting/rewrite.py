"""De-identification by rewriting: the model writes the note anew with its identifiers replaced (DeID-GPT: Liu et al. 2023,
arXiv:2303.11032), and the rewritten note is read back into spans of the original, so that leak and retention count.

The measure published with that system holds tag strings against white-space tokens, so that names of several words and
dates before a full stop can never count as leaked, and nothing measures what is lost. Spans mend both.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt
from osler.evaluation.parsing.texts import passage

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")
COVERED = "REDACTED"


@block
class Rewrite:
    """Ask for the text of the case with every identifier replaced by ``mark``, and read what was replaced.

    For a prompt with a JSON schema the answer is ``{"entities": [{"start", "end", "text", "type"}]}`` over the question's
    text, with the type REDACTED, since a mark names none: measures of leak and retention read it, measures of types do
    not. For a free-text prompt it is the rewritten text. Choices are refused. A token of the original counts as covered
    when it does not stand at its place any more and nowhere among the words that were put in, so that an identifier that
    is merely moved has leaked. A reply of which less than the share ``kept`` (marks aside) stands in the original is no
    rewriting of it (a refusal, a summary): it is unread.

    The task's own instruction is not shown, as it asks for another form. temperature .05 and 4,000 tokens are those of
    the released code.
    """

    instruction: str
    mark: str = "[redacted]"
    kept: float = 0.5
    temperature: float = 0.05
    max_tokens: int = 4000

    def check(self) -> None:
        if not self.mark.strip() or not self.instruction.strip():
            raise SpecError("rewrite.instruction and rewrite.mark cannot be empty")
        if not 0.0 <= self.kept <= 1.0:
            raise SpecError(f"rewrite.kept must be from 0 to 1, got {self.kept}")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if prompt.labels:
            raise SpecError(
                "rewrite answers with a text and the case has choices", hint="use a task of de-identification"
            )
        asked = dataclasses.replace(prompt, instruction=self.instruction, schema=None)
        reply = await model.generate(
            asked.messages(), temperature=self.temperature, seed=seed, max_tokens=self.max_tokens
        )
        text = passage(reply.text)
        if text is None or kept_share(prompt.question, text, self.mark) < self.kept:
            return Prediction(answer=None, replies=(reply,), parsed=False)
        if prompt.schema is None:
            return Prediction(answer=text, replies=(reply,))
        found = [
            {"start": start, "end": end, "text": prompt.question[start:end], "type": COVERED}
            for start, end in covered(prompt.question, text, self.mark)
        ]
        return Prediction(
            answer=orjson.dumps({"entities": found}, option=orjson.OPT_SORT_KEYS).decode(),
            rationale=text,
            replies=(reply,),
        )


def covered(original: str, rewritten: str, mark: str) -> list[tuple[int, int]]:
    """Spans [start, end) of ``original`` that ``rewritten`` does not give away, in order and apart from each other."""
    places, matched, put_in = _aligned(original, rewritten, mark)
    spans: list[tuple[int, int]] = []
    last = -2
    for at, (start, end) in enumerate(places):
        word = original[start:end].casefold()
        if at in matched or (word[0].isalnum() and put_in[word] > 0):
            continue
        if last == at - 1 and spans:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        last = at
    return [span for span in spans if any(char.isalnum() for char in original[slice(*span)])]


def kept_share(original: str, rewritten: str, mark: str) -> float:
    """Share of the rewritten words, marks aside, that stand in the original in the same order; 1 where there is none."""
    places, matched, put_in = _aligned(original, rewritten, mark)
    kept = sum(original[places[at][0]].isalnum() for at in matched)
    whole = kept + sum(count for word, count in put_in.items() if word[0].isalnum())
    return kept / whole if whole else 1.0


def _aligned(original: str, rewritten: str, mark: str) -> tuple[list[tuple[int, int]], set[int], Counter[str]]:
    """Places of the original's tokens, which of them are kept, and the tokens that were put in beside the marks."""
    places = [match.span() for match in _TOKEN.finditer(original)]
    old = [original[start:end].casefold() for start, end in places]
    new: list[str] = []
    for number, piece in enumerate(re.split(re.escape(mark), rewritten, flags=re.IGNORECASE)):
        new += [mark] * bool(number) + [token.casefold() for token in _TOKEN.findall(piece)]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    matched: set[int] = set()
    there: set[int] = set()
    for block_ in matcher.get_matching_blocks():
        matched.update(range(block_.a, block_.a + block_.size))
        there.update(range(block_.b, block_.b + block_.size))
    _slide(old, matched)
    return places, matched, Counter(word for at, word in enumerate(new) if at not in there and word != mark)


def _slide(old: Sequence[str], matched: set[int]) -> None:
    """Move gaps that could as well stand one place on, so that they join others, in place.

    "Dr. Kim Park." replaced as a whole leaves one full stop, and which of the two is kept cannot be told from the
    tokens: a gap in one piece is what a replacement makes.
    """
    for place in range(len(old)):
        if place not in matched or not _gap(place - 1, old, matched) or not _gap(place + 1, old, matched):
            continue
        after = place + 1
        while _gap(after + 1, old, matched):
            after += 1
        before = place - 1
        while _gap(before - 1, old, matched):
            before -= 1
        for other in (after, before):
            if old[other] == old[place]:
                matched.remove(place)
                matched.add(other)
                break


def _gap(place: int, old: Sequence[str], matched: set[int]) -> bool:
    return 0 <= place < len(old) and place not in matched
