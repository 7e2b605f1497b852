"""GatorTron's two axes at toy size: more parameters and more notes, each by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from osler.data.generated.invented_clinic import clinic
from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, lower, mean_told, over_seeds, schedule
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_figures import masked_loss
from osler.tuning.pretrain_probes import CONCEPTS, entity_f1, probed_tags, tagged_notes
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.tokenizers.pieces import WordPiece

TITLE = "A larger encoder and more notes each lower the masked loss and help tagging"
SOURCE = "GatorTron, Yang et al. 2022, arXiv:2203.03540, at the size of a toy on an invented medicine"
PLAIN = (
    "Language models that learn from notes get better in two ways: by being larger, and by reading more notes. This shows "
    "both ways, one at a time, on made-up notes."
)
SIZES = {"small": (1, 32), "middle": (2, 64), "large": (2, 128)}
PARAMETERS = {"small": 0.04, "middle": 0.16, "large": 0.53}  # millions, with a vocabulary of 800
DATA = {"a quarter": 4, "all": 16}
DISEASES = 40
Looked = tuple[list[float], list[float]]


async def run(setting: Setting) -> Outcome:
    sizes = ("small", "middle") if setting.quick else tuple(SIZES)
    steps = 24 if setting.quick else 60
    arms = {f"{size}/{data}": model(size, data, steps) for size in sizes for data in DATA}
    unseen = [one.text for one in Invented(diseases=DISEASES, each=2, kind="notes", wording=1).texts()]
    diseases = clinic(DISEASES)
    known = tagged_notes(diseases[: DISEASES // 2], 40, CONCEPTS)
    asked = tagged_notes(diseases[DISEASES // 2 :], 80, CONCEPTS, seed=1)

    def look(_: str, folder: Path, __: int) -> Looked:
        losses = masked_loss(folder, unseen)
        tags = probed_tags(folder, known, asked)
        f1 = [entity_f1(one.tags, said) for one, said in zip(asked, tags, strict=True)]
        return (losses.sums / np.maximum(losses.counts, 1)).tolist(), f1

    found = await over_seeds(arms, look, seed=setting.seed)
    loss = {name: [one[0] for one in held] for name, held in found.items()}
    f1 = {name: [one[1] for one in held] for name, held in found.items()}
    first, last = f"{sizes[0]}/all", f"{sizes[-1]}/all"
    little = f"{sizes[-1]}/a quarter"
    return Outcome(
        setup=(
            f"Encoders of {len(sizes)} sizes from scratch, with masked language and one vocabulary of word pieces, on "
            f"{DISEASES} x 16 notes of an invented medicine or a quarter of these, {steps} steps of 2,048 tokens each, so that only "
            f"the notes differ and not the work; 3 seeds. Measured: the masked loss of {len(unseen)} other notes, and a linear probe "
            f"that tags diseases, symptoms, drugs and tests in {len(asked)} notes on diseases that none of its {len(known)} "
            "notes names. Intervals know of seeds and notes."
        ),
        tables=[
            TableOf(
                title="Size and data",
                columns=("encoder", "million parameters", "notes", "masked loss, nats", "entity F1 of the probe"),
                rows=[
                    [size, f"{PARAMETERS[size]:.2f}", data, mean_told(loss[key]), mean_told(f1[key], share=True)]
                    for size in sizes
                    for data in DATA
                    for key in [f"{size}/{data}"]
                ],
            )
        ],
        figures=[
            Figure(
                title="Masked loss on other notes",
                x_title="million parameters",
                y_title="nats a masked token",
                unit="nats",
                scale="log",
                curves=[
                    curve(f"{data} of the notes", {PARAMETERS[size]: loss[f"{size}/{data}"] for size in sizes})
                    for data in DATA
                ],
                about="95 % intervals over seeds and notes.",
            )
        ],
        claims=[
            claim("A larger encoder has a lower masked loss", lower(loss[first], loss[last]), "nats"),
            claim("More notes give a lower masked loss", lower(loss[little], loss[last]), "nats"),
            claim("A larger encoder tags better", gain_over_seeds(f1[first], f1[last])),
            claim("More notes let it tag better", gain_over_seeds(f1[little], f1[last])),
        ],
        limits=(
            "Networks ten thousand times smaller than GatorTron on notes of one template. The words of a quarter of the notes are "
            "nearly those of all; what more data brings in real notes, rare words, is hardly there. The vocabulary is that of all notes "
            "in every arm, so that losses are of the same pieces."
        ),
    )


def model(size: str, data: str, steps: int) -> Pretrain:
    layers, hidden = SIZES[size]
    return Pretrain(
        base=EncoderShape(layers=layers, hidden=hidden, heads=2, inner=4 * hidden, context=96, dropout=0.0),
        data=Invented(diseases=DISEASES, each=DATA[data], kind="notes"),
        tokenizer=VocabularyFrom(
            data=Invented(diseases=DISEASES, each=16, kind="notes"), tokenizer=WordPiece(size=800)
        ),
        length=96,
        held_out=0.0,
        schedule=schedule(steps),
    )
