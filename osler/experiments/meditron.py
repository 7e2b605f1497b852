"""MEDITRON's mixture at toy size: one per cent of replay, and texts of the domain with and without a quality filter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from osler.core.block import block
from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, lower, mean_told, over_seeds, schedule, told
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.corpus import Text
from osler.tuning.corpora.filtering import QualityFiltered
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.objectives.next_token import NextToken
from osler.tuning.pretrain import Pretrain
from osler.tuning.pretrain_figures import perplexity
from osler.tuning.tokenizers.pieces import BytePairs

TITLE = "A little replay reduces forgetting, and a filtered domain is learnt better than a raw one"
SOURCE = "MEDITRON, Chen et al. 2023, arXiv:2311.16079, at the size of a toy on an invented medicine"
PLAIN = (
    "A model that reads on in medical texts forgets less if it sees some general text in between, and learns more from the same "
    "work if page menus and tables of numbers are taken out first."
)
GENERAL = CohortNotes(patients=80)
DOMAIN = Invented(diseases=40, each=8)
SHARES = (0.0, 0.01, 0.1)
RAW = "raw, no replay"


@block
class PageRemains:
    """What is left of web pages beside their text: ``pages`` menus and tables of numbers."""

    pages: int = 200

    def texts(self) -> Iterator[Text]:
        for at in range(self.pages):
            draw = random.Random(at)
            cells = " | ".join(f"{draw.randrange(10_000)} ; {draw.randrange(100)} %" for _ in range(24))
            yield Text(
                f"page{at}", f"home >> login >> cart ( {at} ) >> {cells} | << 1 2 3 >>", "pages", made="template"
            )


async def run(setting: Setting) -> Outcome:
    steps = 12 if setting.quick else 60
    tokens = 1024 if setting.quick else 2048
    base = Pretrain(
        base=DecoderShape(layers=2, hidden=64, heads=2, inner=176, context=128),
        data=GENERAL,
        objectives=(NextToken(),),
        tokenizer=BytePairs(size=700),
        length=128,
        held_out=0.0,
        schedule=schedule(20 if setting.quick else 100, tokens=tokens),
    )
    raw = Mixture(parts=(DOMAIN, PageRemains()), ratios=(0.5, 0.5))
    filtered = QualityFiltered(corpus=raw)
    corpora = {RAW: raw} | {
        named(share): Mixture(parts=(filtered, GENERAL), ratios=(1 - share, share)) if share else filtered
        for share in SHARES
    }
    arms = {"before": base} | {
        name: Pretrain(
            base=base,
            data=data,
            objectives=(NextToken(),),
            length=128,
            held_out=0.0,
            schedule=schedule(steps, tokens=tokens, rate=2e-3),
        )
        for name, data in corpora.items()
    }
    old = [one.text for one in CohortNotes(patients=24, seed=9).texts()]
    new = [one.text for one in Invented(diseases=40, each=1, wording=1).texts()]

    def look(_: str, folder: Path, __: int) -> tuple[list[float], list[float]]:
        general, domain = (perplexity(folder, texts, length=128) for texts in (old, new))
        return general.bits.tolist(), domain.bits.tolist()

    found = await over_seeds(arms, look, seed=setting.seed)
    general = {name: [one[0] for one in held] for name, held in found.items()}
    domain = {name: [one[1] for one in held] for name, held in found.items()}
    none, one, ten = (named(share) for share in SHARES)
    return Outcome(
        setup=(
            "A decoder of 2 layers of width 64 learns synthetic notes in plain English, then goes on with texts of an invented "
            f"medicine, {steps} steps in all arms: raw texts, half of which are menus and tables of web pages; the same through "
            "the quality filter of the corpus tools; and filtered texts with 1 or 10 % of the earlier notes. 3 seeds. Measured: bits "
            f"per byte of {len(old)} other notes and of {len(new)} abstracts on the same diseases in other words."
        ),
        tables=[
            TableOf(
                title="Mixtures",
                columns=("mixture", "general, bits per byte", "domain, bits per byte", "general, less than filtered alone"),
                rows=[
                    [
                        name,
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
                title="Forgetting and learning by mixture",
                x_title="mixture",
                y_title="bits per byte",
                unit="bits",
                names={float(at): name for at, name in enumerate(corpora)},
                curves=[
                    curve(title, {float(at): held[name] for at, name in enumerate(corpora)}, joined=False)
                    for title, held in (("general text", general), ("text of the domain", domain))
                ],
                about="95 % intervals over seeds and texts. Lower is better.",
            )
        ],
        claims=[
            claim("One per cent of replay forgets less than none", lower(general[none], general[one]), "bits"),
            claim("Ten per cent forgets less than none", lower(general[none], general[ten]), "bits"),
            claim("The filter lets the domain be learnt better in the same steps", lower(domain[RAW], domain[none]), "bits"),
        ],
        limits=(
            "The remains of pages are of one kind that any filter finds. Code in the mixture, the paper's arm that hurt, is not "
            "shown. Its figures are accuracies on questions after 48 billion tokens; these are losses of a toy."
        ),
    )  # fmt: skip


def named(share: float) -> str:
    return f"filtered, {100 * share:g} % replay" if share else "filtered, no replay"
