"""Chat-Orthopedist: a knowledge base behind the chat against none, and what a wrong pooling costs its search."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from osler.core.types import Example, Passage, Prediction
from osler.data.published import locate, rows
from osler.experiments.measure import Gain, Right, ask, gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.knowledge.dense import Dense
from osler.knowledge.passages import PassageList
from osler.models.encoder import Encoder
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.retrieve import Retrieve
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

TITLE = "The [CLS] vector of a mean-pooled encoder finds less, and the chat knows what its search finds"
SOURCE = "Chat-Orthopedist, Shi et al. 2023, ACM BCB (MPNet with the [CLS] token, second hand); data: MedQuAD (needs OSLER_DATA)"
PLAIN = (
    "A chat with a knowledge base answers what its search finds. Reading a sentence encoder in another way than it was trained "
    "for costs much of that, and nothing shows it: the vectors look all right."
)
TASK = Template(title="Consumer questions", capability="knowledge and reasoning", question="{question}")
AT = (1, 3, 5, 10)
CHARACTERS = 240  # of an answer: enough to know what it is about, and quick to embed
EACH = 4  # kinds of question on a condition: signs, causes, treatment, ...


async def run(setting: Setting) -> Outcome:
    cases, passages = _questions(setting.cases(240))
    ranks = {name: await _ranks(index, cases) for name, index in _indexes(passages).items()}
    recall = {name: {k: _right([rank < k for rank in held]) for k in AT} for name, held in ranks.items()}
    model = SimulatedSources(knows=0.0, seed=setting.seed).keyed(cases, lettered=False)
    bare = await ask(ZeroShot(by="generate"), model, TASK, cases, correct=_read)
    chats = {
        name: await ask(Retrieve(index=index, k=1, query="last_line"), model, TASK, _dialogues(cases), correct=_read)
        for name, index in _indexes(passages).items()
    }
    mean, cls = chats["mean"], chats["[CLS]"]
    lost = gain(recall["[CLS]"][1], recall["mean"][1])
    return Outcome(
        setup=(
            f"{len(cases):,} consumer questions (MedQuAD), {EACH} kinds on each condition, and the beginning of their answers "
            f"({CHARACTERS} characters) as the base. MiniLM embeds both: by the mean of its tokens, as it was "
            "trained, and by its first token, as the paper took it from a like checkpoint. The chat is a simulated model that "
            "knows none of it by itself and reads the best passage; the question stands last in a dialogue, which stays in the prompt."
        ),
        tables=[
            TableOf(
                title="Questions whose own answer is among the first k",
                columns=("pooling", *(f"k = {k}" for k in AT)),
                rows=[[name, *(one.told() for one in held.values())] for name, held in recall.items()],
            ),
            TableOf(
                title="Questions that the chat answers from the right passage",
                columns=("chat", "right", "difference to none"),
                rows=[
                    ["without a base", bare.told(), ""],
                    *([f"with a base, {name}", one.told(), gain(bare, one).told()] for name, one in chats.items()),
                ],
            ),
        ],
        figures=[
            Figure(
                title="Recall by pooling",
                x_title="passages found (k)",
                y_title="questions whose answer is among them",
                curves=[_curve(name, held) for name, held in recall.items()],
            )
        ],
        claims=[
            Claim(
                text="The chat answers more with its base than without",
                seen=gain(bare, mean).told(),
                holds=gain(bare, mean).positive,
            ),
            Claim(
                text="Pooling by the first token finds less than the mean that the encoder was trained with",
                seen=f"at k = 1: {lost.told()} for the mean, p {lost.p_told}",
                holds=_settled(lost),
            ),
            Claim(
                text="The chat loses what its search loses",
                seen=f"{cls.told()} against {mean.told()}: {gain(cls, mean).told()} for the mean",
                holds=_settled(gain(cls, mean)),
            ),
        ],
        limits=(
            "The encoder and the base are not the paper's, so the size of the loss is not its loss; the paper reports no figure "
            "that could be verified. Questions on one condition are counted as if they were independent, so that the intervals are "
            "somewhat too narrow. What a reader makes of a wrong passage is left out: the simulated one says what it finds."
        ),
    )


def _questions(n: int) -> tuple[list[Example], list[Passage]]:
    """``n`` questions, ``EACH`` kinds of one condition, in the order of the file, with their answers as passages."""
    by_focus: dict[str, dict[str, tuple[str, str]]] = {}
    for row in rows(locate("medquad/medquad.jsonl.gz", what="this experiment"), what="MedQuAD"):
        text = " ".join(str(row["answer"] or "").split())[:CHARACTERS].strip()
        if text:
            kinds = by_focus.setdefault(str(row["focus"]).strip().casefold(), {})
            kinds.setdefault(str(row["qtype"]), (str(row["question"]), text))
    cases: list[Example] = []
    passages: list[Passage] = []
    seen: set[str] = set()
    for kinds in by_focus.values():
        held = [pair for pair in list(kinds.values())[:EACH] if pair[1] not in seen]
        if len(held) < EACH or len({text for _, text in held}) < EACH:
            continue
        for question, text in held:
            seen.add(text)
            at = len(cases)
            passages.append(Passage(id=f"a{at}", text=text))
            meta = {"subject": text, "wrong": "This is treated with rest."}
            cases.append(Example(id=f"q{at}", input={"question": question}, target=text, meta=meta))
        if len(cases) >= n:
            break
    return cases, passages


def _read(case: Example, prediction: Prediction) -> bool:
    """Whether the answer was read off the passage that holds it."""
    return str(case.meta["subject"]).casefold() in (prediction.answer or "").casefold()


def _dialogues(cases: Sequence[Example]) -> list[Example]:
    """The same questions as the last line of a dialogue about something else."""
    before = "Patient: Hello, may I ask something?\nAssistant: Of course.\n"
    return [
        Example(id=case.id, input={"question": before + case.input["question"]}, target=case.target, meta=case.meta)
        for case in cases
    ]


def _indexes(passages: Sequence[Passage]) -> dict[str, Dense]:
    from osler.models.minilm import model_folder
    from osler.models.sentence_encoder import SentenceEncoder

    held = PassageList(items=tuple(passages))
    first = SentenceEncoder(path=str(model_folder()), pooling="cls")
    return {"mean": Dense(collection=held, encoder=Encoder()), "[CLS]": Dense(collection=held, encoder=first)}


async def _ranks(index: Dense, cases: Sequence[Example]) -> list[int]:
    """Where the own answer of each question stands, from 0; as many as there are passages where it is not found."""

    async def one(case: Example) -> int:
        hits = await index.search(case.input["question"], max(AT))
        own = f"a{case.id[1:]}"
        return next((rank for rank, (passage, _) in enumerate(hits) if passage.id == own), len(cases))

    await index.build()
    return list(await asyncio.gather(*(one(case) for case in cases)))


def _right(held: Sequence[bool]) -> Right:
    return Right(tuple(held), 0)


def _settled(found: Gain) -> bool | None:
    """Whether a gain is there; None where the interval holds zero, so that the cases do not settle it."""
    return None if found.none else found.positive


def _curve(title: str, held: dict[int, Right]) -> Curve:
    return Curve(
        title=title, points=[Point(x=k, y=one.share, low=one.ends[0], high=one.ends[1]) for k, one in held.items()]
    )
