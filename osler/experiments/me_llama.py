"""Me-LLaMA's mixture at toy size: how much general text keeps a model from forgetting while it learns a domain."""

from __future__ import annotations

from pathlib import Path

from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, lower, mean_told, over_seeds, schedule, told
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_figures import perplexity
from osler.tuning.tokenizers.pieces import BytePairs

TITLE = "Replaying general text while a domain is learnt reduces forgetting"
SOURCE = "Me-LLaMA, Xie et al. 2024, arXiv:2402.12749, at the size of a toy on an invented medicine"
PLAIN = (
    "A language model that is taught a field of medicine forgets part of what it knew before. Mixing some of the old texts into "
    "the lessons keeps most of it, at a small price."
)
SHARES = (0.0, 0.01, 0.05, 0.2)
GENERAL = CohortNotes(patients=80)


async def run(setting: Setting) -> Outcome:
    steps = 12 if setting.quick else 60
    base = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=GENERAL,
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=700),
        length=128,
        held_out=0.0,
        schedule=schedule(20 if setting.quick else 100, tokens=1024 if setting.quick else 2048),
    )
    arms = {"before": base} | {f"{share:g}": goes_on(base, share, steps) for share in SHARES}
    old = [one.text for one in CohortNotes(patients=24, seed=9).texts()]
    new = [one.text for one in Invented(diseases=40, each=1, wording=1).texts()]

    def look(_: str, folder: Path, __: int) -> tuple[list[float], list[float]]:
        general, domain = (perplexity(folder, texts, length=128) for texts in (old, new))
        return general.bits.tolist(), domain.bits.tolist()

    found = await over_seeds(arms, look, seed=setting.seed)
    general = {name: [one[0] for one in held] for name, held in found.items()}
    domain = {name: [one[1] for one in held] for name, held in found.items()}
    names = [f"{share:g}" for share in SHARES]
    none, most = names[0], names[-1]
    return Outcome(
        setup=(
            "A decoder of 2 layers of width 64 learns synthetic notes in plain English, then goes on with abstracts of an invented "
            f"medicine, {steps} steps, of which 0, 1, 5 or 20 % of the characters are the earlier notes again; equal steps in "
            f"all, 3 seeds. Measured: bits per byte of {len(old)} other notes and of {len(new)} abstracts on the same "
            "diseases in other words."
        ),
        tables=[
            TableOf(
                title="Replay",
                columns=("replayed", "general, bits per byte", "domain, bits per byte", "general, less than without replay"),
                rows=[
                    [
                        "before" if name == "before" else f"{100 * float(name):g} %",
                        mean_told(general[name]),
                        mean_told(domain[name]),
                        "" if name in ("before", none) else told(lower(general[none], general[name]), "bits"),
                    ]
                    for name in arms
                ],
            )
        ],
        figures=[
            Figure(
                title="What is forgotten and what is learnt",
                x_title="share of general text in the mixture, percent",
                y_title="bits per byte",
                unit="bits",
                curves=[
                    curve("general text", {100 * share: general[f"{share:g}"] for share in SHARES}),
                    curve("text of the domain", {100 * share: domain[f"{share:g}"] for share in SHARES}),
                ],
                about="95 % intervals over seeds and texts. Lower is better.",
            )
        ],
        claims=[
            claim("Going on without replay forgets", lower(general[none], general["before"]), "bits"),
            claim("Replaying 20 % forgets less", lower(general[none], general[most]), "bits"),
            claim("20 % forgets less than 1 % (a mixture of 4 to 1 against 99 to 1)", lower(general["0.01"], general[most]), "bits"),
            claim("The price: the domain is learnt less well with 20 %", lower(domain[most], domain[none]), "bits"),
        ],
        limits=(
            "General text is that of one template, and is replayed from what the model was trained on. Instruction tuning after the "
            "mixture is not shown. A learning rate as high as in the first training makes forgetting larger than at 8e-6."
        ),
    )  # fmt: skip


def goes_on(base: Pretrain, share: float, steps: int) -> Pretrain:
    """The base after the domain with this share of general text."""
    domain = Invented(diseases=40, each=8)
    mixed = Mixture(parts=(domain, GENERAL), ratios=(1 - share, share)) if share else domain
    return Pretrain(
        base=base,
        data=mixed,
        objectives=(NextToken(),),
        length=128,
        held_out=0.0,
        schedule=schedule(steps, tokens=base.schedule.batch_tokens, rate=2e-3),
    )
