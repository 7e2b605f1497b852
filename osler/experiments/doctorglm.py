"""DoctorGLM's change from LoRA to P-tuning v2: what tuning on single answers leaves of a model's dialogue."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from osler.core.block import replace
from osler.data.generated.invented_clinic import Disease, clinic
from osler.experiments.measure import Gain
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds
from osler.models.local import Local
from osler.recipes.models.doctorglm import TINY
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.dialogue.mixture import MixedConversations
from osler.tuning.dialogue.replies import replies
from osler.tuning.peft.lora import LoRA
from osler.tuning.stage import made

TITLE = "Tuning on single answers: what LoRA and P-tuning v2 leave of a model's dialogue"
SOURCE = "DoctorGLM, Xiong et al. 2023, arXiv:2304.01097; its repository's move from LoRA to P-tuning v2"
PLAIN = (
    "Small models that could hold a consultation were trained on single questions and answers. Then it was counted how well "
    "they still consult, and whether holding them in fewer bits changes what they say."
)
SEEDS = 3
LORA, PREFIX, FULL, BASE = "LoRA", "P-tuning v2", "all weights", "before tuning"
ARMS: Mapping[str, tuple[Any, float]] = {
    LORA: (LoRA(rank=8, dropout=0.0), 1e-2),
    PREFIX: (TINY.adapter, 2e-2),
    FULL: (None, 2e-3),
}


async def run(setting: Setting) -> Outcome:
    seeds = range(setting.seed, setting.seed + SEEDS)
    found = [await _one(seed, setting) for seed in seeds]
    learnt, kept, again, same, error = (
        {arm: [one[place][arm] for one in found] for arm in found[0][place]} for place in range(5)
    )
    lost = gain_over_seeds(kept[LORA], kept[BASE])
    better = gain_over_seeds(kept[LORA], kept[PREFIX])
    repeats = gain_over_seeds(again[PREFIX], again[LORA])
    bits = gain_over_seeds(same["int4"], same["int8"])
    return Outcome(
        setup=(
            f"{SEEDS} trainings of each kind. A decoder of 0.1 million weights learns consultations on {TINY.base.data.diseases} made-up "
            "diseases (complaint, question, answer, advice) and single questions on other diseases. Then it is tuned on single questions (which drug, which dose) by LoRA of rank 8 "
            f"on queries and values, by P-tuning v2 with {TINY.adapter.length} places, or by all weights. Each model then gives the advice of "
            "other consultations (right: it names a drug for a disease that has both signs) and answers the single questions. "
            "The untuned model is also held in 8 and in 4 bits, one scale for each row."
        ),
        tables=[
            TableOf(
                title="What was learnt and what was kept",
                columns=(
                    "tuned by",
                    "single answers right",
                    "advice right in dialogue",
                    "replies that repeat themselves",
                ),
                rows=[[arm, _told(learnt[arm]), _told(kept[arm]), _told(again[arm])] for arm in kept],
                about="With 95 % intervals over trainings and cases. A reply repeats itself where three words in a row come twice.",
            ),
            TableOf(
                title="Fewer bits",
                columns=("held in", "error of the weights", "replies that stay the same"),
                rows=[[kind, _told(error[kind]), _told(same[kind])] for kind in ("int8", "int4")],
                about="Error: root mean square of what rounding moved, over that of the weights, in the linear layers.",
            ),
        ],
        figures=[
            Figure(
                title="Learnt and kept",
                x_title="tuned by",
                y_title="share of the cases",
                names={float(at): arm for at, arm in enumerate(kept)},
                curves=[
                    Curve(title=title, joined=False, points=[_point(at, values[arm]) for at, arm in enumerate(kept)])
                    for title, values in (("single answers right", learnt), ("advice right in dialogue", kept))
                ],
            )
        ],
        claims=[
            Claim(
                text="LoRA on single answers loses dialogue",
                seen=f"before less after: {lost.told()}",
                holds=_sign(lost),
            ),
            Claim(text="P-tuning v2 keeps more of it than LoRA", seen=better.told(), holds=_sign(better)),
            Claim(
                text="LoRA's replies repeat themselves more than those of P-tuning v2",
                seen=repeats.told(),
                holds=_sign(repeats),
            ),
            Claim(text="8 bits change fewer replies than 4 bits", seen=bits.told(), holds=_sign(bits)),
        ],
        limits=(
            "The paper's own comparison differs in data too: it moved to multi-turn data together with P-tuning v2. Here the data are the "
            "same for both, so only the method is compared. Rates were set once for each method. Replies are short and greedy, so "
            "repetition as the repository shows it, in long sampled replies, can hardly arise."
        ),
    )


async def _one(seed: int, setting: Setting) -> tuple[dict[str, list[float]], ...]:
    """Of one seed, by arm: single answers right, advice right, replies that repeat; by bits: replies kept, error."""
    number, quick = TINY.base.data.diseases, setting.quick
    whole = clinic(number, seed=seed)
    single = replace(TINY.data, clinic=seed, seed=seed)
    tests = [(one.turns[0].text, one.turns[1].text) for one in single.conversations()]
    moments = InventedDialogues(diseases=number, clinic=seed, each=4, asks=1.0, seed=1000 + seed).conversations()
    others = replace(TINY.data, clinic=1000 + seed, each=6, seed=seed)  # the form of single questions, other facts
    spoken = MixedConversations(parts=(replace(TINY.base.data, clinic=seed, seed=seed), others), synthetic="tagged")
    learnt: dict[str, list[float]] = {}
    kept: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as shelf:
        base_stage = replace(TINY.base, data=spoken, **{"schedule.steps": 100 if quick else 300})
        base = await asyncio.to_thread(made, base_stage, seed=seed, shelf=shelf)

        async def ask(arm: str, model: Any) -> list[str]:
            answers = await replies(model, [(Turn("user", text),) for text, _ in tests], max_tokens=6)
            advice = await replies(model, [one.turns[:3] for one in moments], max_tokens=16)
            learnt[arm] = [float(text.split()[:1] == [tail]) for text, (_, tail) in zip(answers, tests, strict=True)]
            kept[arm] = [float(_advises(text, one, whole)) for text, one in zip(advice, moments, strict=True)]
            again[arm] = [float(_repeats(text)) for text in [*answers, *advice]]
            return advice

        before = await ask(BASE, base)
        for arm, (adapter, rate) in ARMS.items():
            changes = {"schedule.steps": 60 if quick else 150, "schedule.learning_rate": rate}
            stage = replace(TINY, base=base, data=single, adapter=adapter, **changes)
            await ask(arm, await asyncio.to_thread(made, stage, seed=seed, shelf=shelf))
        same: dict[str, list[float]] = {}
        error: dict[str, list[float]] = {}
        for kind in ("int8", "int4"):
            folder = Path(shelf) / kind
            error[kind] = [await asyncio.to_thread(_held_in, base.folder, kind, folder)]
            texts = await replies(Local(path=str(folder)), [one.turns[:3] for one in moments], max_tokens=16)
            same[kind] = [float(a == b) for a, b in zip(before, texts, strict=True)]
    return learnt, kept, again, same, error


def _advises(text: str, one: Conversation, whole: Sequence[Disease]) -> bool:
    """Whether a drug of a disease that has both signs of the consultation is named."""
    told = {word for turn in one.turns[:3] for word in turn.text.split()}
    fits = [disease for disease in whole if len(told & set(disease.symptoms)) >= 2]
    return any(disease.drug in text.split() for disease in fits)


def _repeats(text: str) -> bool:
    words = text.split()
    runs = [tuple(words[at : at + 3]) for at in range(len(words) - 2)]
    return len(set(runs)) < len(runs)


def _held_in(folder: Path, kind: str, there: Path) -> float:
    """Write the model with its linear layers rounded to ``kind``; gives the relative error of these weights."""
    import torch
    import transformers

    from osler.models.adapter_network import linear_layers, transformer_of
    from osler.models.adapter_quantise import pack, unpack

    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    inner, moved, size = transformer_of(network), 0.0, 0.0
    with torch.no_grad():
        for name in linear_layers(inner, "all"):
            weight = inner.get_submodule(name).weight
            rounded = unpack(pack(weight, kind), kind, (weight.shape[0], weight.shape[1]))
            moved, size = moved + float(((rounded - weight) ** 2).sum()), size + float((weight**2).sum())
            weight.copy_(rounded)
    network.save_pretrained(there)
    transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True).save_pretrained(there)
    return float((moved / size) ** 0.5)


def _point(x: float, values: Sequence[Sequence[float]]) -> Point:
    mean, low, high = mean_over_seeds(values)
    return Point(x=x, y=mean, low=max(0.0, low), high=min(1.0, high))


def _told(values: Sequence[Sequence[float]]) -> str:
    mean, low, high = mean_over_seeds(values)
    return f"{100 * mean:.1f} % ({100 * max(0.0, low):.1f} to {100 * min(1.0, high):.1f})"


def _sign(found: Gain) -> bool | None:
    return True if found.positive else False if found.high < 0 else None
