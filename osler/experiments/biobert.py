"""BioBERT at toy size: how much text of the domain helps tagging, counted by words and by whole entities."""

from __future__ import annotations

from pathlib import Path

from osler.data.generated.invented_clinic import clinic
from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, mean_told, over_seeds, schedule, told
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.next_sentence import NextSentence
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_probes import CONCEPTS, entity_f1, probed_tags, tagged_notes, token_f1
from osler.tuning.tokenizers.pieces import WordPiece

TITLE = "Going on with text of the domain helps tagging, more with more text; words flatter, whole entities count"
SOURCE = "BioBERT, Lee et al. 2020, arXiv:1901.08746, at the size of a toy on an invented medicine"
PLAIN = (
    "A language model that knows plain notes reads on in the texts of one field of medicine and then finds its terms better. "
    "How good it looks depends on whether half-found terms count."
)
SIZES = (1, 4, 16)  # abstracts of each disease; the steps grow with them
DISEASES = 40


async def run(setting: Setting) -> Outcome:
    per = 2 if setting.quick else 8
    base = Pretrain(
        base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=96, dropout=0.0),
        data=CohortNotes(patients=30 if setting.quick else 80),
        objectives=(MaskedLanguage(), NextSentence()),
        tokenizer=WordPiece(size=900),
        length=96,
        held_out=0.0,
        schedule=schedule(16 if setting.quick else 60),
    )
    arms = {"general": base} | {
        str(each): Pretrain(
            base=base,
            data=Invented(diseases=DISEASES, each=each),
            objectives=(MaskedLanguage(), NextSentence()),
            length=96,
            held_out=0.0,
            schedule=schedule(per * each, tokens=1024),
        )
        for each in SIZES
    }
    diseases = clinic(DISEASES)
    known = tagged_notes(diseases[: DISEASES // 2], 40, CONCEPTS, doses=True)
    asked = tagged_notes(diseases[DISEASES // 2 :], 80, CONCEPTS, seed=1, doses=True)

    def look(_: str, folder: Path, __: int) -> tuple[list[float], list[float]]:
        tags = probed_tags(folder, known, asked)
        pairs = [(one.tags, said) for one, said in zip(asked, tags, strict=True)]
        return [entity_f1(*both) for both in pairs], [token_f1(*both) for both in pairs]

    found = await over_seeds(arms, look, seed=setting.seed)
    whole = {name: [one[0] for one in held] for name, held in found.items()}
    words = {name: [one[1] for one in held] for name, held in found.items()}
    places = {"general": 0.5, **{str(each): float(each) for each in SIZES}}
    least, most = str(SIZES[0]), str(SIZES[-1])
    return Outcome(
        setup=(
            "An encoder of 2 layers of width 64 learns from synthetic notes in plain English (masked language and next sentence), "
            f"with a vocabulary of these. Its training goes on with 1, 4 or 16 abstracts of each of {DISEASES} invented diseases, "
            f"{per} steps for each abstract of a disease, the vocabulary kept; 3 seeds. A linear probe learns from {len(known)} "
            f"notes to tag diseases, symptoms, tests and drugs with their dose (three words) in {len(asked)} notes on other diseases."
        ),
        tables=[
            TableOf(
                title="Text of the domain",
                columns=("abstracts of a disease", "entity F1", "token F1", "entity F1 against the general encoder"),
                rows=[
                    [
                        name if name != "general" else "none (general)",
                        mean_told(whole[name], share=True),
                        mean_told(words[name], share=True),
                        "" if name == "general" else told(gain_over_seeds(whole["general"], whole[name])),
                    ]
                    for name in arms
                ],
                about="Token F1 counts each word of an entity by itself, as the figure that BioBERT's repository warns of.",
            )
        ],
        figures=[
            Figure(
                title="Tagging after going on with text of the domain",
                x_title="abstracts of a disease (0.5: none)",
                y_title="F1",
                scale="log",
                curves=[
                    curve("whole entities", {x: whole[name] for name, x in places.items()}),
                    curve("words", {x: words[name] for name, x in places.items()}),
                ],
                about="95 % intervals over seeds and notes.",
            )
        ],
        claims=[
            claim("Text of the domain helps tagging", gain_over_seeds(whole["general"], whole[most])),
            claim("More of it helps more", gain_over_seeds(whole[least], whole[most])),
            claim("Token F1 is above entity F1 for the same answers", gain_over_seeds(whole[most], words[most])),
        ],
        limits=(
            "A probe on frozen vectors stands for fine-tuning, which gains less from what a probe cannot learn itself. More text "
            "is more steps here, as with BioBERT, so the two are not told apart. How much words flatter depends on how long "
            "entities are; here one of five has three words."
        ),
    )
