"""Training of an entailment model: does a passage support a claim, contradict it, or say nothing of it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from osler.core.errors import DataError
from osler.data.overlap import overlap
from osler.models.entailment import LABELS, Entailment
from osler.tuning.entailment_data import Case, plain_cases, textbook_cases
from osler.tuning.pair_training import PairTraining, Progress, Trained, train_pairs

FULL = PairTraining(epochs=2, batch=24, learning_rate=1e-4, max_length=160, frozen_layers=2)
TINY = PairTraining(epochs=1, batch=16, learning_rate=1e-4, max_length=96, frozen_layers=4)


async def entailment_cases(*, textbook: int = 3000, plain: int = 800, seed: int = 0) -> list[Case]:
    """Training cases: textbook modules of the half on which rules may be made, and PLABA's training abstracts."""
    return await textbook_cases("made on", textbook, seed=seed) + plain_cases("train", plain, seed=seed)


def train_entailment(
    cases: Sequence[Case],
    folder: str | Path,
    *,
    settings: PairTraining = FULL,
    tested: Sequence[Case] = (),
    tell: Callable[[Progress], None] | None = None,
) -> tuple[Entailment, Trained]:
    """The model in ``folder`` and how it was trained.

    ``tested``: cases on which it will be measured. DataError where one of their modules or abstracts is among those
    trained on; claims that are copies all the same (books repeat themselves) are taken out of training and counted.
    """
    both = {case.source for case in cases} & {case.source for case in tested}
    if both:
        raise DataError(
            f"{len(both)} modules or abstracts are both trained on and tested on",
            hint="split by module, not by sentence",
        )
    copies = {pair.test for pair in overlap([case.claim for case in tested], [case.claim for case in cases]).pairs}
    kept = [case for place, case in enumerate(cases) if place not in copies]
    about = {
        "task": "entailment",
        "sources": len({case.source for case in kept}),
        "tested on": len(tested),
        "claims left out as copies of tested ones": len(copies),
        "cases by kind": {kind: sum(case.kind == kind for case in kept) for kind in sorted({one.kind for one in kept})},
    }
    trained = train_pairs([case.pair for case in kept], folder, settings, labels=LABELS, about=about, tell=tell)
    return Entailment(path=str(trained.folder), max_length=settings.max_length), trained
