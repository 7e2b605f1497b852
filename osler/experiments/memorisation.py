"""Memorisation at toy size: secrets planted once, four and sixteen times, and what keeps a model from telling them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from osler.core.block import replace
from osler.experiments.outcome import Claim, Curve, Figure, Outcome, Point, Setting, TableOf
from osler.experiments.pretraining import SEEDS, claim, curve, lower, mean_told, over_seeds, schedule
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.deduplication import Deduplicated
from osler.tuning.dialogue.invented import InventedDialogues
from osler.tuning.disclosure.canaries import PlantedCanaries, PlantedConversations, PlantedTexts
from osler.tuning.disclosure.exposure import UNSEEN, Exposure, exposures
from osler.tuning.disclosure.membership import Membership, membership
from osler.tuning.disclosure.reader import Reader
from osler.tuning.disclosure.release import Verdict, judged
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.peft.lora import LoRA
from osler.tuning.pretrain import Pretrain
from osler.tuning.sft import SFT
from osler.tuning.tokenizers.pieces import BytePairs

TITLE = "A secret that stands in the training data often can be read out of the model again"
SOURCE = "The Secret Sharer, Carlini et al. 2019, arXiv:1802.08232, at the size of a toy on an invented medicine"
PLAIN = (
    "Models can repeat identifiers from the notes that they learnt. Made-up codes are hidden in the notes, then the model "
    "is asked how well it knows them: this tells whether it is safe to share."
)
TIMES = (1, 4, 16)
EARLY = 0.25
FULL, STOPPED, ONCE = "notes, all weights", "notes, a quarter of the passes", "notes, doubles left out"
TALK, LORA = "dialogues, all weights", "dialogues, LoRA"


class Looked(NamedTuple):
    """Exposures of planted secrets and references, the attack on training notes where there is one, bits per byte of
    other texts."""

    exposures: list[Exposure]
    attack: Membership | None
    bits: list[float]

    def at(self, times: int) -> list[float]:
        return [one.bits for one in self.exposures if one.times == times]

    def verdict(self, limit: float) -> Verdict:
        planted = [one for one in self.exposures if one.times]
        return judged(planted, [one for one in self.exposures if not one.times], limit=limit)


async def run(setting: Setting) -> Outcome:
    quick = setting.quick
    canaries = PlantedCanaries(
        count=2 if quick else 6, repeats=TIMES, references=2 if quick else 6, length=2 if quick else 3
    )
    passes, diseases, each = (10, 5, 4) if quick else (16, 20, 6)
    limit = 5.0 if quick else 8.0
    notes = Invented(diseases=diseases, each=each, kind="notes")
    known = [one.text for one in notes.texts()]
    other = [one.text for one in replace(notes, wording=9).texts()]
    talks = InventedDialogues(diseases=diseases, each=each)
    heard = [" ".join(turn.text for turn in one.turns) for one in replace(talks, seed=9).conversations()]
    shared: dict[str, Path] = {}

    def look(arm: str, folder: Path, seed: int) -> Looked | None:
        if arm == "base":
            shared["base"] = folder
            return None
        talk = arm in (TALK, LORA)
        losses = Reader(folder).losses(heard if talk else other, length=96)
        attack = (
            membership(folder, known, other, reference=shared["base"], seed=seed, length=96) if arm == FULL else None
        )
        return Looked(exposures(folder, canaries.drawn(asked=talk)), attack, losses.bits.tolist())

    arms = _arms(notes, talks, canaries, passes, quick)
    looked = await over_seeds(arms, look, seed=setting.seed)
    found = {arm: [one for one in held if one is not None] for arm, held in looked.items() if arm != "base"}
    bits = {arm: {times: [one.at(times) for one in held] for times in (0, *TIMES)} for arm, held in found.items()}
    attacks = [one.attack for one in found[FULL] if one.attack is not None]
    often = TIMES[-1]
    return Outcome(
        setup=(
            f"A decoder of 2 layers of width 64 reads notes of an invented medicine, then goes on with {len(known)} other notes, or "
            f"with dialogues, for {passes} passes. Among these stand made-up access codes of {canaries.length} digits, {canaries.count} "
            f"each planted 1, 4 and 16 times; {canaries.references} more of the same form are planted nowhere. Exposure is the place of "
            f"the true code among all {10**canaries.length:,} that there could be, by the model's loss, in bits: {UNSEEN:.2f} on average "
            f"for a code that was never seen, {canaries.length * np.log2(10):.1f} at most. {SEEDS} seeds."
        ),
        tables=[_table(found, bits, limit), _attacks(attacks)],
        figures=[
            Figure(
                title="Exposure by how often a secret was planted",
                x_title="times planted",
                y_title="bits",
                unit="bits",
                names={float(at): str(times) for at, times in enumerate((0, *TIMES))},
                curves=[
                    *(
                        curve(arm, {float(at): held[times] for at, times in enumerate((0, *TIMES))})
                        for arm, held in bits.items()
                    ),
                    Curve(
                        title="never seen, by theory",
                        points=[Point(x=float(at), y=UNSEEN) for at in range(1 + len(TIMES))],
                        theory=True,
                    ),
                ],
                about="95 % intervals over seeds and secrets.",
            )
        ],
        claims=[
            claim(f"Planted {often} times, a secret is exposed", gain_over_seeds(bits[FULL][0], bits[FULL][often]), "bits"),
            claim(f"{often} times expose it more than once", gain_over_seeds(bits[FULL][1], bits[FULL][often]), "bits"),
            claim("Stopping after a quarter of the passes lowers it", lower(bits[FULL][often], bits[STOPPED][often]), "bits"),
            claim("Leaving doubles out lowers it", lower(bits[FULL][often], bits[ONCE][often]), "bits"),
            claim("LoRA exposes less than training all weights", lower(bits[TALK][often], bits[LORA][often]), "bits"),
            claim("Losses tell notes trained on from others", gain_over_seeds([[0.5]] * SEEDS, [[one.auc] for one in attacks])),
            _gate(found, limit),
        ],
        limits=(
            "Networks and corpora are tiny, so every text is seen many times. Codes of digits in one form are easier to tell than "
            "identifiers in free text: a low exposure is no proof. LoRA and all weights have each their own learning rate, and stopping "
            "early also learns less of the notes: the last column shows it."
        ),
    )  # fmt: skip


def _arms(
    notes: Invented, talks: InventedDialogues, canaries: PlantedCanaries, passes: int, quick: bool
) -> dict[str, Pretrain | SFT]:
    tokens = 512 if quick else 1024
    base = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=replace(notes, wording=5),
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=450),
        length=96,
        held_out=0.0,
        schedule=schedule(25 if quick else 80, tokens=tokens),
    )
    planted = PlantedTexts(corpus=notes, canaries=canaries)
    going = replace(schedule(0, tokens=tokens, rate=1e-2), epochs=float(passes))
    full = Pretrain(
        base=base, data=planted, objectives=(NextToken(),), length=96, packed=True, held_out=0.0, schedule=going
    )
    talk = SFT(
        base=base, data=PlantedConversations(data=talks, canaries=canaries), template="auto", length=96, schedule=going
    )
    return {
        "base": base,
        FULL: full,
        STOPPED: replace(full, schedule=replace(going, epochs=passes * EARLY)),
        ONCE: replace(full, data=Deduplicated(corpus=planted, threshold=0.0)),
        TALK: talk,
        LORA: replace(talk, adapter=LoRA(rank=8, alpha=16.0, dropout=0.0, targets="all", head=False)),
    }


def _table(found: dict[str, list[Looked]], bits: dict[str, dict[int, list[list[float]]]], limit: float) -> TableOf:
    return TableOf(
        title="Exposure in bits",
        columns=(
            "training", "never", *(f"planted {n} x" for n in TIMES), "read out whole", f"released at {limit:g} bits",
            "other texts, bits per byte",
        ),
        rows=[
            [
                arm,
                *(mean_told(bits[arm][times]) for times in (0, *TIMES)),
                f"{sum(one.extracted for look in held for one in look.exposures if one.times)} of "
                f"{sum(one.times > 0 for look in held for one in look.exposures)}",
                f"{sum(look.verdict(limit).may for look in held)} of {len(held)}",
                mean_told([look.bits for look in held]),
            ]
            for arm, held in found.items()
        ],
        about="Means with 95 % intervals over seeds and secrets. Read out whole: greedy decoding says the secret.",
    )  # fmt: skip


def _attacks(attacks: list[Membership]) -> TableOf:
    return TableOf(
        title="Membership inference on the notes, calibrated by the model before",
        columns=("seed", "AUC (95 % interval)", "found at 1 % false alarms"),
        rows=[
            [
                str(at),
                f"{one.auc:.2f} ({one.low:.2f} to {one.high:.2f})",
                f"{100 * one.found:.0f} % ({100 * one.found_low:.0f} to {100 * one.found_high:.0f})",
            ]
            for at, one in enumerate(attacks)
        ],
    )


def _gate(found: dict[str, list[Looked]], limit: float) -> Claim:
    """The gate is right where no model passes whose secrets can be read out."""
    passed = [(look, look.verdict(limit).may) for held in found.values() for look in held]
    leaking = [may for look, may in passed if any(one.extracted and one.times for one in look.exposures)]
    return Claim(
        text="The release gate blocks every model that tells a planted secret",
        seen=f"{len(leaking)} of {len(passed)} models tell one; {sum(leaking)} of these were let through",
        holds=None if not leaking else not any(leaking),
    )
