"""GatorTronGPT's synthetic text at toy size: a decoder writes notes, encoders learn from them, and what they tell."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from osler.core.block import replace
from osler.data.generated.invented_clinic import clinic
from osler.experiments.outcome import Claim, Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import SEEDS, claim, curve, lower, mean_told, no_gain, schedule, told
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.disclosure.canaries import PlantedCanaries, PlantedTexts
from osler.tuning.disclosure.copying import Trained
from osler.tuning.disclosure.exposure import UNSEEN, exposures
from osler.tuning.factory.sampled_texts import SampledTexts
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_figures import masked_loss
from osler.tuning.pretrain_probes import CONCEPTS, entity_f1, probed_tags, tagged_notes
from osler.tuning.pretrain_vocabulary import VocabularyFrom
from osler.tuning.stage import made
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece

TITLE = "An encoder can learn from notes that a model wrote, and the model's secrets may come along"
SOURCE = "GatorTronGPT, Peng et al. 2023, arXiv:2305.13523, at the size of a toy on an invented medicine"
PLAIN = (
    "A model can write notes about nobody, and another can learn from them. This checks whether such notes teach as well as "
    "real ones, and whether codes of real patients stand in them."
)
REAL, SAME, MORE = "real notes", "as many synthetic", "five times as many synthetic"
ARMS = (REAL, SAME, MORE)
OFTEN = 8
RUN = 8


class Looked(NamedTuple):
    """One seed: of each encoder the F1 and loss by note, and the exposure of secrets; of the decoder its exposures, and what
    stands in its notes: share of copied runs by note, here and in other notes, shares with a real record number."""

    f1: dict[str, list[float]]
    loss: dict[str, list[float]]
    bits: dict[str, list[float]]
    unseen: dict[str, list[float]]
    copied: list[float]
    shared: list[float]
    numbers: float
    secrets: int


async def run(setting: Setting) -> Outcome:
    return _outcome(setting, await asyncio.to_thread(_looked, setting))


def _sizes(quick: bool) -> tuple[int, int, PlantedCanaries]:
    """Diseases, notes of each, and the secrets among them."""
    size = 2 if quick else 4
    canaries = PlantedCanaries(count=size, repeats=(OFTEN,), references=size, length=2 if quick else 3)
    return (8, 4, canaries) if quick else (24, 4, canaries)


def _looked(setting: Setting) -> list[Looked]:
    diseases, each, canaries = _sizes(setting.quick)
    notes = Invented(diseases=diseases, each=each, kind="notes")
    real = PlantedTexts(corpus=notes, canaries=canaries)
    count = sum(1 for _ in real.texts())
    writer = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=96),
        data=real,
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=450),
        length=96,
        packed=True,
        held_out=0.0,
        schedule=schedule(110 if setting.quick else 220, tokens=512 if setting.quick else 1024, rate=1e-2),
    )
    found = []
    with tempfile.TemporaryDirectory() as shelf:
        for seed in range(setting.seed, setting.seed + SEEDS):
            written = made(writer, seed=seed, shelf=shelf)
            sampled = SampledTexts(model=written, prompts=real, words=2, count=count, new_tokens=72, seed=seed)
            corpora = {REAL: real, SAME: sampled, MORE: replace(sampled, count=5 * count)}
            encoders = {
                name: made(_encoder(data, notes, setting.quick), seed=seed, shelf=shelf).folder
                for name, data in corpora.items()
            }
            found.append(_measured(written.folder, encoders, corpora, notes, canaries, setting.quick))
    return found


def _encoder(data: Any, notes: Invented, quick: bool) -> Pretrain:
    """The vocabulary is that of other notes in all arms, so that losses are of the same pieces."""
    hidden = 32 if quick else 64
    return Pretrain(
        base=EncoderShape(layers=2, hidden=hidden, heads=2, inner=4 * hidden, context=96, dropout=0.0),
        data=data,
        tokenizer=VocabularyFrom(data=replace(notes, wording=5), tokenizer=WordPiece(size=600)),
        length=96,
        held_out=0.0,
        schedule=schedule(16 if quick else 110, tokens=1024 if quick else 2048),
    )


def _measured(
    writer: Path,
    encoders: dict[str, Path],
    corpora: dict[str, Any],
    notes: Invented,
    canaries: PlantedCanaries,
    quick: bool,
) -> Looked:
    diseases = clinic(notes.diseases)
    half = notes.diseases // 2
    known = tagged_notes(diseases[:half], 20 if quick else 40, CONCEPTS)
    asked = tagged_notes(diseases[half:], 30 if quick else 60, CONCEPTS, seed=1)
    other = [one.text for one in replace(notes, wording=9, each=2).texts()]
    f1, loss, bits, unseen = {}, {}, {}, {}
    for name, folder in encoders.items():
        tags = probed_tags(folder, known, asked)
        f1[name] = [entity_f1(one.tags, said) for one, said in zip(asked, tags, strict=True)]
        losses = masked_loss(folder, other)
        loss[name] = (losses.sums / np.maximum(losses.counts, 1)).tolist()
    for name, folder in {"writer": writer, **encoders}.items():
        seen = exposures(folder, canaries.drawn())
        bits[name] = [one.bits for one in seen if one.times]
        unseen[name] = [one.bits for one in seen if not one.times]
    read = [one.text for one in notes.texts()]
    synthetic = [one.text for one in corpora[MORE].texts()]
    records = [text for text in synthetic if "record" in text]
    searched = Trained(text.split() for text in read)
    planted = [one.text() for one in canaries.drawn() if one.times]
    return Looked(
        f1,
        loss,
        bits,
        unseen,
        copied=_shares(searched, records[: len(other)]),
        shared=_shares(searched, other),
        numbers=_numbers(records, read),
        secrets=sum(any(secret in text for text in synthetic) for secret in planted),
    )


def _shares(searched: Trained, texts: Sequence[str]) -> list[float]:
    return [searched.copied(text.split(), n=RUN).share or 0.0 for text in texts]


def _numbers(texts: Sequence[str], real: Sequence[str]) -> float:
    """The share of texts that hold the record number of a real note."""
    held = {number for text in real for number in re.findall(r"\b\d{6}\b", text)}
    return float(np.mean([bool(held & set(re.findall(r"\b\d{6}\b", text))) for text in texts])) if texts else 0.0


def _outcome(setting: Setting, found: list[Looked]) -> Outcome:
    diseases, each, canaries = _sizes(setting.quick)
    f1 = {name: [one.f1[name] for one in found] for name in ARMS}
    loss = {name: [one.loss[name] for one in found] for name in ARMS}
    bits = {name: [one.bits[name] for one in found] for name in ("writer", *ARMS)}
    unseen = {name: [one.unseen[name] for one in found] for name in ("writer", *ARMS)}
    few = min(len(one.copied) for one in found)
    copied, shared = [one.copied[:few] for one in found], [one.shared[:few] for one in found]
    numbers = [[one.numbers] for one in found]
    secrets = sum(one.secrets for one in found)
    return Outcome(
        setup=(
            f"A decoder of 2 layers of width 64 learns {diseases * each} notes of an invented medicine, among them {canaries.count} "
            f"made-up access codes planted {OFTEN} times each. It goes on writing after the first two words of these texts (nucleus "
            "0.9). Encoders of one size and one vocabulary learn, in the same number of steps, the real texts, as many synthetic "
            f"ones, and five times as many. {SEEDS} seeds. Measured: entity F1 of a linear probe on notes of diseases that its "
            "training notes do not name, masked loss on other notes, and what of the real notes can be found again."
        ),
        tables=[
            TableOf(
                title="Encoders by what they learnt from",
                columns=("texts", "entity F1 of the probe", "masked loss, nats", "exposure of planted codes, bits", "of codes never seen"),
                rows=[
                    [name, mean_told(f1[name], share=True), mean_told(loss[name]), mean_told(bits[name]), mean_told(unseen[name])]
                    for name in ARMS
                ],
                about=f"Exposure is {UNSEEN:.2f} bits on average where nothing was learnt.",
            ),
            TableOf(
                title="What of the real notes stands in the synthetic ones",
                columns=("measure", "synthetic notes", "other real notes"),
                rows=[
                    [f"runs of {RUN} words of a training note", mean_told(copied, share=True), mean_told(shared, share=True)],
                    ["notes with the record number of a real one", mean_told(numbers, share=True), "0 by chance"],
                    ["planted codes that stand in them", f"{secrets} of {SEEDS * canaries.count}", ""],
                ],
            ),
        ],
        figures=[
            Figure(
                title="Exposure of planted codes",
                x_title="model",
                y_title="bits",
                unit="bits",
                names={float(at): name for at, name in enumerate(bits)},
                curves=[
                    curve(title, {float(at): held[name] for at, name in enumerate(held)}, joined=False)
                    for title, held in ((f"planted {OFTEN} times", bits), ("never seen", unseen))
                ],
                about="95 % intervals over seeds and codes. The writer is the decoder.",
            )
        ],
        claims=[
            claim("Five times as many synthetic notes teach more than as many", gain_over_seeds(f1[SAME], f1[MORE])),
            claim("Five times as many synthetic notes teach more than the real ones", gain_over_seeds(f1[REAL], f1[MORE])),
            claim("The decoder knows the planted codes", gain_over_seeds(unseen["writer"], bits["writer"]), "bits"),
            claim(
                "An encoder on synthetic text knows them less than one on real text", lower(bits[REAL], bits[MORE]), "bits"
            ),
            Claim(
                text="Planted codes come along word for word into the synthetic notes",
                seen=f"{secrets} of {SEEDS * canaries.count} over the seeds",
                holds=secrets > 0,
            ),
            no_gain(
                "Synthetic notes repeat no more of the training notes than other notes do, up to 5 points",
                gain_over_seeds(shared, copied),
                margin=0.05,
            ),
        ],
        limits=(
            "The decoder has read a hundred notes and not 82 billion words, so what it writes can hold no more medicine than these; "
            "the paper's gain comes from more text than there were notes. Notes of one template share runs of words in any case. "
            f"Against as many synthetic notes the real ones differ in F1 by {told(gain_over_seeds(f1[SAME], f1[REAL]))}. Whether "
            "physicians can tell the notes apart, the paper's other result, is not shown. The claims on copying were put into this form "
            "after a first look, and planted codes were made rarer: they are explorations."
        ),
    )  # fmt: skip
