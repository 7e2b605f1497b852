"""Baize's point: conversations of a model with itself teach another its form, its end and its manner."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from osler.core.block import replace
from osler.core.types import Message, Part
from osler.evaluation.consultation.questions import asks
from osler.experiments.dialogue_arms import Values, better, figure, gain, seeds, shorter, table
from osler.experiments.outcome import Claim, Outcome, Setting
from osler.experiments.seeds import mean_over_seeds
from osler.models.simulated_writer import SimulatedWriter
from osler.recipes.models.baize import TINY
from osler.tuning.dialogue.files import ConversationFiles
from osler.tuning.factory.production import ROWS, produce
from osler.tuning.factory.self_chatted import SelfChatted
from osler.tuning.stage import made

TITLE = "A model tuned on self-chat takes over its form, and whether it asks"
SOURCE = "Baize, Xu et al. 2023, arXiv:2304.01196; on asking: BianQue, Chen et al. 2023, arXiv:2310.15896"
PLAIN = (
    "One model talked with itself; another learnt from the transcripts that passed the checks. It then ended its turns, and asked "
    "back where the transcripts did, and never where they did not."
)
ARMS = {"asks nothing (Baize)": 0.0, "asks in 46 % (BianQue)": 0.46}
BROKEN = 0.2


class Found(NamedTuple):
    asked: list[float]
    ended: list[float]
    rejected: int
    written: int
    data: float


async def run(setting: Setting) -> Outcome:
    found: dict[str, list[Found]] = {arm: [] for arm in ARMS}
    for seed in seeds(setting):
        for arm, rate in ARMS.items():
            found[arm].append(await _trained(rate, seed, setting))
    asked: dict[str, Values] = {arm: [one.asked for one in rows] for arm, rows in found.items()}
    ended: dict[str, Values] = {arm: [one.ended for one in rows] for arm, rows in found.items()}
    none, some = ARMS
    rate, _, high = mean_over_seeds(asked[none])
    stop, low, _ = mean_over_seeds([row for values in ended.values() for row in values])
    more = gain(asked[none], asked[some])
    every = [one for rows in found.values() for one in rows]
    lost, written = sum(one.rejected for one in every), sum(one.written for one in every)
    return Outcome(
        setup=(
            f"A simulated writer holds {every[0].written} conversations with itself on seed questions, {100 * BROKEN:.0f} % of them broken on purpose "
            "(somebody speaks twice); the format check keeps the others. A decoder with 0.09 million weights learns from "
            "these, 3 trainings each, and replies to new questions (T = 1). In one arm the writer never asks, as Baize's prompt "
            "wants, in the other 46 % of its turns end in a question."
        ),
        tables=[
            table(
                "Replies of the tuned model",
                "the writer",
                ("replies that ask", "replies that end by themselves"),
                {arm: (asked[arm], ended[arm]) for arm in ARMS},
            )
        ],
        figures=[figure("Replies that ask", "replies", list(ARMS), {"replies that ask": [asked[arm] for arm in ARMS]})],
        claims=[
            Claim(
                text="The format check throws away what was broken, and nothing else",
                seen=f"{lost} of {written} conversations ({100 * lost / written:.1f} %)",
                holds=abs(lost / written - BROKEN) < 3 * (BROKEN * (1 - BROKEN) / written) ** 0.5,
            ),
            Claim(
                text="A model tuned on self-chat that forbids questions does not ask: its ask rate is about 0",
                seen=f"{100 * rate:.1f} % of replies (at most {100 * max(high, rate):.1f} %)",
                holds=True if high < 0.05 else False if rate > 0.05 else None,
            ),
            Claim(text="It asks where the transcripts ask", seen=more.told(), holds=better(more)),
            Claim(
                text="It ends its turn by itself (95 % of replies or more)",
                seen=f"{100 * stop:.1f} % of replies",
                holds=True if low >= 0.95 else False if stop < 0.95 else None,
            ),
        ],
        limits=(
            "The writer's sentences are empty of medicine, so nothing is said of what such a model knows. The paper plays both roles with ChatGPT "
            "and tunes 7 billion weights by LoRA; here all weights of a tiny network are tuned."
        ),
    )


async def _trained(rate: float, seed: int, setting: Setting) -> Found:
    count = 60 if setting.quick else 160
    topics = tuple(f"What should I know about finding {at}?" for at in range(count))
    writer = SimulatedWriter(ask_rate=rate, broken=BROKEN, seed=seed)
    with tempfile.TemporaryDirectory() as place:
        produced = await produce(SelfChatted(seeds=topics, alike=1.0), writer, seed=seed, folder=Path(place) / "made")
        data = ConversationFiles(paths=(str(Path(place) / "made" / ROWS),))
        stage = shorter(replace(TINY, data=data), setting, 40)
        model = await asyncio.to_thread(made, stage, seed=seed, shelf=Path(place) / "shelf")
        cases = [
            [Message("user", (Part(f"Tell me about {word}, part 0 of seed:{at}."),))] for at, word in _asked(setting)
        ]
        replies = await asyncio.gather(
            *(
                model.generate(case, temperature=1.0, seed=1000 * seed + at, max_tokens=32)
                for at, case in enumerate(cases)
            )
        )
    said = [turn.text for one in produced.conversations for turn in one.turns if turn.role == "assistant"]
    return Found(
        [float(asks(reply.text)) for reply in replies],
        [float(reply.finish == "stop") for reply in replies],
        sum(produced.rejected.values()),
        count,
        sum(map(asks, said)) / max(1, len(said)),
    )


def _asked(setting: Setting) -> Sequence[tuple[int, str]]:
    words = ("causes", "signs", "course", "treatment", "prevention", "diet", "costs", "risks")
    return [(at, words[at % len(words)]) for at in range(40 if setting.quick else 120)]
