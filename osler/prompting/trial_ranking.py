"""Candidate trials of a patient, matched criterion by criterion, scored and ranked as TrialGPT does it
(Jin et al. 2024, Nat Commun 15:9074, arXiv:2307.15051)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Reply
from osler.evaluation.parsing.texts import structure
from osler.prompting.criterion_matching import EXCLUSION, INCLUSION, Matched, matched, matching_prompt
from osler.prompting.reading import need_text
from osler.prompting.sampling import together

RATED = {
    "type": "object",
    "properties": {
        "relevance_explanation": {"type": "string"},
        "relevance_score_R": {"type": "number"},
        "eligibility_explanation": {"type": "string"},
        "eligibility_score_E": {"type": "number"},
    },
    "required": [
        "relevance_explanation",
        "relevance_score_R",
        "eligibility_explanation",
        "eligibility_score_E",
    ],
    "additionalProperties": False,
}
RATE = (
    "You rate how well a clinical trial fits a patient. You are given the note, the trial, and the judgement of each of "
    "its criteria. Say first how relevant the trial is to the patient's main problem and give it as R from 0 "
    "(irrelevant) to 100 (exactly this problem). Then say how eligible the patient is and give it as E from -R (surely "
    "excluded) through 0 (neutral) to R (surely eligible). Answer with one JSON object with the keys "
    "relevance_explanation, relevance_score_R, eligibility_explanation, eligibility_score_E."
)
_MARK = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,2}[.)]|[a-z][.)])\s*(.*)$")
_SIDE = re.compile(r"\b(inclusion|exclusion)\s+criteria\b[^\n:]*:?", re.IGNORECASE)
_HEAD = re.compile(r"^(Conditions|Interventions|Title):.*\n?", re.MULTILINE)


@block
class TrialRanking:
    """Rank the trials that stand as evidence of the prompt, whose question is the patient's note.

    Per trial one call for its inclusion criteria, one for its exclusion criteria and one for relevance and
    eligibility (T = 0); the answer is the JSON list of the trials' ids, the best first. A trial of which nothing could
    be read stands last; where that is all of them nothing is answered. ``at_once`` trials are matched side by side.
    """

    max_criteria: int = 40
    max_tokens: int = 4096
    at_once: int = 4

    def check(self) -> None:
        if self.max_criteria < 1 or self.at_once < 1:
            raise SpecError("trial_ranking.max_criteria and at_once must be at least 1", hint="leave them out")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 3 * len(prompt.evidence)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_text(prompt, "trial_ranking")
        if not prompt.evidence:
            raise SpecError(
                "trial_ranking ranks trials and the prompt has none",
                hint='use a task whose evidence holds the candidates: data = { source = "trial_search" }',
            )
        gate = asyncio.Semaphore(self.at_once)
        note = sentences(prompt.question)

        async def one(trial: Passage) -> tuple[float | None, str, list[Reply]]:
            async with gate:
                return await self._rated(prompt, trial, note, model, seed)

        found = await together([one(trial) for trial in prompt.evidence])
        replies = tuple(reply for _, _, made in found for reply in made)
        said = [f"{trial.id}: {told}" for trial, (_, told, _) in zip(prompt.evidence, found, strict=True)]
        scores = {trial.id: score for trial, (score, _, _) in zip(prompt.evidence, found, strict=True)}
        if all(score is None for score in scores.values()):
            return Prediction(answer=None, replies=replies, parsed=False)
        order = sorted(scores, key=lambda name: (-_or_last(scores[name]), name))
        return Prediction(answer=orjson.dumps(order).decode(), rationale="\n".join(said), replies=replies)

    async def _rated(
        self, prompt: Prompt, trial: Passage, note: Sequence[Passage], model: Model, seed: int
    ) -> tuple[float | None, str, list[Reply]]:
        """The score of one trial, what it was made of, and the replies."""
        replies: list[Reply] = []
        judged: dict[str, list[Matched]] = {}
        for kind, criteria in zip(("inclusion", "exclusion"), eligibility_criteria(trial.text), strict=True):
            judged[kind] = []
            if criteria:
                kept = criteria[: self.max_criteria]
                asked = matching_prompt(f"{prompt.id}|{trial.id}|{kind}", kind, kept, note)
                replies.append(await self._ask(asked, model, seed))
                judged[kind] = matched(replies[-1], INCLUSION if kind == "inclusion" else EXCLUSION, len(kept))
        asked = rating_prompt(f"{prompt.id}|{trial.id}|rating", trial, judged, note)
        replies.append(await self._ask(asked, model, seed))
        rated = ratings(replies[-1])
        included, excluded = ([one.label for one in judged[kind]] for kind in ("inclusion", "exclusion"))
        if rated is None and not any((*included, *excluded)):
            return None, "nothing could be read", replies
        relevance, eligibility = rated or (0.0, 0.0)
        score = trial_score(included, excluded, relevance, eligibility)
        told = f"{score:.4f} (R {relevance:g}, E {eligibility:g}; {_told(included)}; {_told(excluded)})"
        return score, told, replies

    async def _ask(self, asked: Prompt, model: Model, seed: int) -> Reply:
        return await model.generate(
            asked.messages(), temperature=0.0, seed=seed, max_tokens=self.max_tokens, schema=asked.schema
        )


def trial_score(
    inclusion: Sequence[str | None], exclusion: Sequence[str | None], relevance: float, eligibility: float
) -> float:
    """TrialGPT's score of a trial: share of inclusion criteria met, minus 1 where any is not met, minus 1 where any
    exclusion holds, plus (R + E) / 100. A label None (unread) counts for nothing. About -2 to 3."""
    met, missed = inclusion.count("included"), inclusion.count("not included")
    unknown = inclusion.count("not enough information")
    share = met / (met + missed + unknown + 1e-9)
    return share - float(missed > 0) - float("excluded" in exclusion) + (relevance + eligibility) / 100


def rating_prompt(
    name: str, trial: Passage, judged: Mapping[str, Sequence[Matched]], note: Sequence[Passage]
) -> Prompt:
    """The prompt that asks for R and E, with the judgements as they were made."""
    lines = [_SIDE.split(trial.text)[0].strip(), ""]
    for kind, found in judged.items():
        lines += [
            f"{kind} criterion {at}: {one.label or 'not judged'}. {one.reasoning}" for at, one in enumerate(found)
        ]
    return Prompt(id=name, instruction=RATE, question="\n".join(lines), evidence=tuple(note), schema=RATED)


def ratings(reply: Reply) -> tuple[float, float] | None:
    """R cut to 0..100 and E cut to -R..R; None where they cannot be read."""
    text = structure(reply.text)
    held = orjson.loads(text) if text else None
    if not isinstance(held, Mapping):
        return None
    relevance, eligibility = _number(held.get("relevance_score_R")), _number(held.get("eligibility_score_E"))
    if relevance is None or eligibility is None:
        return None
    relevance = min(max(relevance, 0.0), 100.0)
    return relevance, min(max(eligibility, -relevance), relevance)


def eligibility_criteria(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The inclusion and exclusion criteria in the text of a trial, each in one line.

    Text before the first heading belongs to neither; without any heading all of it counts as inclusion.
    """
    parts = _SIDE.split(text)
    if len(parts) == 1:
        return _listed(_HEAD.sub("", text)), ()
    sides: dict[str, tuple[str, ...]] = {"inclusion": (), "exclusion": ()}
    for at in range(1, len(parts), 2):
        sides[parts[at].casefold()] += _listed(parts[at + 1])
    return sides["inclusion"], sides["exclusion"]


def _listed(text: str) -> tuple[str, ...]:
    """A criterion begins at a bullet or number, after an empty line, or where a line starts anew with a capital."""
    out: list[str] = []
    fresh = True
    for line in text.splitlines():
        bare = line.strip()
        found = _MARK.match(line)
        if not bare or found:
            fresh = True
        body = found.group(1).strip() if found else bare
        if not body:
            continue
        ended = not out or not re.search(r"(,|;|:|\b(and|or|of|the|with|to|in|a))$", out[-1], re.IGNORECASE)
        if fresh or (body[0].isupper() and ended):
            out.append(body)
        else:
            out[-1] += f" {body}"
        fresh = False
    return tuple(out)


def sentences(note: str) -> tuple[Passage, ...]:
    """The sentences of a note, numbered from 0."""
    found = [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+", note) if part.strip()]
    return tuple(Passage(id=str(at), text=text) for at, text in enumerate(found))


def _number(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable else None


def _or_last(score: float | None) -> float:
    return float("-inf") if score is None else score


def _told(labels: Sequence[str | None]) -> str:
    counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
    return ", ".join(f"{count} {label or 'unread'}" for label, count in counts.items()) or "no criteria"
