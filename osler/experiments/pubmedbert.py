"""PubMedBERT's choices at toy size: a vocabulary of the domain, and whole words masked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from osler.data.generated.invented_clinic import clinic
from osler.experiments.outcome import Claim, Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import Values, claim, curve, lower, mean_told, over_seeds, schedule
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.whole_word import WholeWord
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_probes import CONCEPTS, entity_f1, probed_tags, tagged_notes
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.tokenizers.pieces import WordPiece

TITLE = "A vocabulary of the domain keeps its words whole, and whole-word masking makes the task harder to guess"
SOURCE = "PubMedBERT, Gu et al. 2021, arXiv:2007.15779, at the size of a toy on an invented medicine"
PLAIN = (
    "A language model reads words in pieces. If the pieces come from everyday text, names of drugs are shattered. Here the "
    "pieces are taken from the medicine itself, and whole words are hidden while it learns."
)
VOCABULARIES = {"general": CohortNotes(patients=60), "domain": Invented(each=8)}
MASKS = {"pieces": MaskedLanguage(), "whole words": WholeWord()}
DISEASES = 40
VOCABULARY = 300  # pieces: so few that terms of the domain, too, have several


async def run(setting: Setting) -> Outcome:
    steps = 12 if setting.quick else 90
    arms = {
        f"{words}/{masks}": Pretrain(
            base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=128, dropout=0.0),
            data=Invented(diseases=DISEASES, each=8),
            objectives=(MASKS[masks],),
            tokenizer=VocabularyFrom(data=VOCABULARIES[words], tokenizer=WordPiece(size=VOCABULARY)),
            length=128,
            held_out=0.0,
            schedule=schedule(steps, tokens=1024 if setting.quick else 2048),
        )
        for words, masks in itertools.product(VOCABULARIES, MASKS)
    }
    diseases = clinic(DISEASES)
    known = tagged_notes(diseases[: DISEASES // 2], 40, CONCEPTS)
    asked = tagged_notes(diseases[DISEASES // 2 :], 80, CONCEPTS, seed=1)
    terms = sorted({term for one in diseases for term in (one.name, one.drug, one.test, *one.symptoms)})

    def look(_: str, folder: Path, __: int) -> tuple[list[float], list[float]]:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        pieces = [float(len(ids)) for ids in tokenizer(terms, add_special_tokens=False)["input_ids"]]
        tags = probed_tags(folder, known, asked)
        return [entity_f1(one.tags, said) for one, said in zip(asked, tags, strict=True)], pieces

    found = await over_seeds(arms, look, seed=setting.seed)
    f1 = {name: [one[0] for one in held] for name, held in found.items()}
    pieces = {words: [one[1] for one in found[f"{words}/pieces"]] for words in VOCABULARIES}
    return Outcome(
        setup=(
            f"Encoders of 2 layers of width 64 from scratch on {DISEASES} x 8 abstracts of an invented medicine, {steps} steps each; "
            f"the vocabulary of {VOCABULARY} pieces is made from these abstracts or from notes in plain English; masked are any pieces or whole "
            f"words. 3 seeds. Measured: pieces of {len(terms)} terms, and a linear probe that tags diseases, symptoms, drugs and "
            f"tests in {len(asked)} notes on diseases that its {len(known)} notes do not name."
        ),
        tables=[
            TableOf(
                title="Vocabulary and masks",
                columns=("vocabulary", "masked", "pieces of a term", "entity F1 of the probe"),
                rows=[
                    [words, masks, f"{np.mean(pieces[words]):.2f}", mean_told(f1[f"{words}/{masks}"], share=True)]
                    for words, masks in itertools.product(VOCABULARIES, MASKS)
                ],
            )
        ],
        figures=[
            Figure(
                title="Tagging by a linear probe",
                x_title="vocabulary",
                y_title="entity F1",
                names={float(at): words for at, words in enumerate(VOCABULARIES)},
                curves=[
                    curve(masks, {float(at): f1[f"{words}/{masks}"] for at, words in enumerate(VOCABULARIES)})
                    for masks in MASKS
                ],
                about="95 % intervals over seeds and notes.",
            )
        ],
        claims=claims(f1, pieces),
        limits=(
            "Invented names are made of a few parts that tell their kind, which pieces of a general vocabulary may show as well "
            "as whole words do; real names of drugs do so less. Equal steps are equal pieces read, so the general vocabulary sees "
            "less text in them, as in the paper. The probe reads the first piece of a word."
        ),
    )


def claims(f1: Mapping[str, Values], pieces: Mapping[str, Values]) -> list[Claim]:
    fewer = lower([pieces["general"][0]], [pieces["domain"][0]])  # the same in every seed: terms alone vary
    return [
        claim("Terms fall into fewer pieces with a vocabulary of the domain", fewer, "pieces"),
        claim(
            "The vocabulary of the domain tags better (whole words masked)",
            gain_over_seeds(f1["general/whole words"], f1["domain/whole words"]),
        ),
        claim(
            "Whole-word masking tags better (vocabulary of the domain)",
            gain_over_seeds(f1["domain/pieces"], f1["domain/whole words"]),
        ),
        claim(
            "Whole-word masking tags better (general vocabulary, where words have more pieces)",
            gain_over_seeds(f1["general/pieces"], f1["general/whole words"]),
        ),
    ]
