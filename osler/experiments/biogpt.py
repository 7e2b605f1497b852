"""BioGPT's targets at toy size: relations written as a sentence or as marks, by a decoder that read abstracts before."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from osler.core.block import block
from osler.core.types import Message, Part
from osler.data.generated import invented_clinic as invented
from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, mean_told, over_seeds, schedule
from osler.experiments.seeds import gain_over_seeds
from osler.models.local import Local
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.symbols import Words

TITLE = "Relations as plain sentences or as marks, written by a decoder after a text"
SOURCE = "BioGPT, Luo et al. 2022, arXiv:2210.10341, at the size of a toy on an invented medicine"
PLAIN = (
    "A language model that only writes can pull facts out of a text by writing them down. The paper found that whole sentences "
    "work better as its notes than lists with marks; here both are tried."
)
DISEASES = 30
RELATIONS = ("treats", "harms")
_TOLD = {"treats": ("{drug} cures {disease} .", "{disease} is treated with {drug} ."),
         "harms": ("never give {drug} in {disease} .", "{drug} is dangerous in {disease} .")}  # fmt: skip
_TARGETS = {
    "marks": "| {drug} | {relation} | {disease}",
    "sentence": "the drug {drug} {relation} the disease {disease} .",
}
_READ = {
    "marks": re.compile(r"\| (\S+) \| (\S+) \| (\S+)"),
    "sentence": re.compile(r"the drug (\S+) (\S+) the disease (\S+)"),
}
Target = Literal["marks", "sentence"]
Triple = tuple[str, str, str]


@block
class RelationCases:
    """``cases`` texts of two sentences on drugs and diseases that are drawn anew, so that no answer can be known, with
    their relations as what is to be written: with marks or as a sentence."""

    target: Target = "sentence"
    cases: int = 400
    seed: int = 0

    def drawn(self) -> list[tuple[str, tuple[Triple, ...]]]:
        """Texts and their triples (drug, relation, disease), in the order of the text."""
        draw = random.Random(f"relations {self.seed}")
        clinic = invented.clinic(DISEASES)
        made = []
        for _ in range(self.cases):
            drugs, diseases = draw.sample([one.drug for one in clinic], 2), draw.sample([one.name for one in clinic], 2)
            triples = tuple((drug, draw.choice(RELATIONS), name) for drug, name in zip(drugs, diseases, strict=True))
            told = [draw.choice(_TOLD[held]).format(drug=drug, disease=name) for drug, held, name in triples]
            made.append((" ".join(told), triples))
        return made

    def conversations(self) -> Sequence[Conversation]:
        return [
            Conversation(f"r{self.seed}-{at}", (Turn("user", text), Turn("assistant", self.written(triples))), "relations",
                         "template")
            for at, (text, triples) in enumerate(self.drawn())
        ]  # fmt: skip

    def written(self, triples: Sequence[Triple]) -> str:
        form = _TARGETS[self.target]
        return " ".join(form.format(drug=drug, relation=held, disease=name) for drug, held, name in triples)


async def run(setting: Setting) -> Outcome:
    words = Words(size=600, kind="decoder")
    base = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=4, inner=176, context=128),
        data=Invented(diseases=DISEASES, each=8),
        objectives=(NextToken(),),
        tokenizer=VocabularyFrom(data=RelationTexts(), tokenizer=words),
        length=96,
        held_out=0.0,
        schedule=schedule(8 if setting.quick else 60),
    )
    arms = {
        name: SFT(
            base=base,
            data=RelationCases(target=name, cases=200 if setting.quick else 2000),
            template="auto",
            length=96,
            schedule=schedule(8 if setting.quick else 250, tokens=2048),
        )
        for name in ("marks", "sentence")
    }
    asked = RelationCases(cases=16 if setting.quick else 60, seed=1).drawn()

    def look(name: str, folder: Path, _: int) -> list[float]:
        written = asyncio.run(replies(folder, [text for text, _ in asked]))
        return [triple_f1(triples, read(name, text)) for (_, triples), text in zip(asked, written, strict=True)]

    f1 = await over_seeds(arms, look, seed=setting.seed)
    return Outcome(
        setup=(
            f"A decoder of 2 layers of width 64 learns abstracts on {DISEASES} invented diseases, then to write the relations of "
            "texts with two sentences, in which drugs and diseases are drawn anew, once with marks and once as sentences; 3 seeds, equal "
            f"steps and the same texts. Measured: F1 of the triples read from what it writes after {len(asked)} other texts."
        ),
        tables=[
            TableOf(
                title="Form of the target",
                columns=("target", "for example", "triple F1"),
                rows=[
                    [name, _TARGETS[name].format(drug="ralpeidine", relation="treats", disease="brataalgia"),
                     mean_told(f1[name], share=True)]
                    for name in arms
                ],
            )
        ],
        figures=[
            Figure(
                title="Triples found",
                x_title="form of the target",
                y_title="triple F1",
                names={float(at): name for at, name in enumerate(arms)},
                curves=[curve("triple F1", {float(at): f1[name] for at, name in enumerate(arms)}, joined=False)],
                about="95 % intervals over seeds and texts.",
            )
        ],
        claims=[
            claim("A target in sentences finds more triples than one with marks", gain_over_seeds(f1["marks"], f1["sentence"]))
        ],
        limits=(
            "The paper's reason is that sentences are like the text that was read in pre-training; abstracts of one template are "
            "hardly like either form. Sentences are longer, so that equal steps are fewer targets. The learnt prompt before the "
            "target (0, 1 or 9 vectors, tuned with the whole network) is not shown: adapters here leave the network as it is."
        ),
    )  # fmt: skip


@block
class RelationTexts:
    """All that the networks of this experiment read, for one vocabulary."""

    def texts(self) -> Sequence[object]:
        from osler.tuning.corpora.corpus import Text

        read = list(Invented(diseases=DISEASES, each=2).texts())
        for target in ("marks", "sentence"):
            cases = RelationCases(target=target, cases=200)
            read += [Text(one.id, "\n".join(turn.text for turn in one.turns)) for one in cases.conversations()]
        return read


async def replies(folder: Path, texts: Sequence[str]) -> list[str]:
    local = Local(path=str(folder), device="cpu")
    asked = [local.generate([Message("user", (Part(text),))], max_tokens=24) for text in texts]
    return [one.text for one in await asyncio.gather(*asked)]


def read(target: str, text: str) -> set[Triple]:
    """The triples (drug, relation, disease) that stand in a reply of this form."""
    return {(drug, held, name) for drug, held, name in _READ[target].findall(text)}


def triple_f1(right: Sequence[Triple], said: set[Triple]) -> float:
    return 2 * len(set(right) & said) / (len(set(right)) + len(said))
