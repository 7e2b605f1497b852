"""LinkBERT at toy size: what stands in two linked documents is learnt when they are read side by side."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from osler.core.block import block
from osler.data.generated import invented_clinic as invented
from osler.experiments.outcome import Figure, Outcome, Setting, TableOf
from osler.experiments.pretraining import claim, curve, mean_told, over_seeds, schedule
from osler.experiments.seeds import gain_over_seeds
from osler.tuning.corpora.corpus import Text
from osler.tuning.networks.shapes import EncoderShape
from osler.tuning.objectives.document_relation import DocumentRelation, Relation
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.pretrain import Pretrain
from osler.tuning.tokenizers.symbols import Words

TITLE = "Linked documents side by side teach what needs both of them"
SOURCE = "LinkBERT, Yasunaga et al. 2022, arXiv:2203.15827, at the size of a toy on an invented medicine"
PLAIN = (
    "One text says which drug a disease forbids, another how that drug is dosed. A model that reads the two next to each other "
    "while it learns can answer what needs both."
)
ARMS: dict[Relation, str] = {
    "contiguous": "what follows (BERT)",
    "random": "any document",
    "linked": "a linked document",
}
DISEASES = 24


@block
class LinkedFacts:
    """Two short documents for each of ``diseases`` invented diseases: on the disease, with the drug to avoid, which links
    to the one on that drug, with its dose. Neither names what the other is about but for the drug."""

    diseases: int = DISEASES

    def texts(self) -> Iterator[Text]:
        for one, drug, dose in chains(self.diseases):
            yield Text(one.id, f"{one.name} is a disease of the {one.organ} . avoid {drug} in {one.name} .", "facts",
                       (f"drug {drug}",), "template")  # fmt: skip
            yield Text(f"drug {drug}", f"{drug} is a drug . the dose of {drug} is {dose} mg .", "facts", (), "template")


def chains(diseases: int) -> list[tuple[invented.Disease, str, int]]:
    """Each disease with its own drug to avoid and that drug's dose; doses are dealt out anew, each about equally often."""
    clinic = invented.clinic(diseases)
    doses = [invented.DOSES[at % len(invented.DOSES)] for at in range(diseases)]
    random.Random(0).shuffle(doses)
    drugs = [one.drug for one in clinic]
    return [(one, drugs[(at + 1) % diseases], doses[at]) for at, one in enumerate(clinic)]


async def run(setting: Setting) -> Outcome:
    steps = 20 if setting.quick else 250
    arms: dict[str, Pretrain] = {
        relation: Pretrain(
            base=EncoderShape(layers=2, hidden=64, heads=2, inner=256, context=64, dropout=0.0),
            data=LinkedFacts(),
            objectives=(MaskedLanguage(), DocumentRelation(relations=(relation,), predicted=False, copies=8)),
            tokenizer=Words(size=400),
            length=64,
            held_out=0.0,
            schedule=schedule(steps, tokens=1024),
        )
        for relation in ARMS
    }
    asked = chains(DISEASES)
    two = [
        (f"{one.name} is a disease of the {one.organ} .", "the dose of [MASK] is [MASK] mg .", dose)
        for one, _, dose in asked
    ]
    first = [(f"{drug} is a drug .", f"the dose of {drug} is [MASK] mg .", dose) for _, drug, dose in asked]

    def look(_: str, folder: Path, __: int) -> tuple[list[float], list[float]]:
        return right_doses(folder, two), right_doses(folder, first)

    found = await over_seeds(arms, look, seed=setting.seed)
    both = {name: [one[0] for one in held] for name, held in found.items()}
    single = {name: [one[1] for one in held] for name, held in found.items()}
    return Outcome(
        setup=(
            f"{DISEASES} invented diseases and as many drugs, a document of two sentences on each; a disease's document names the drug "
            "to avoid and links to its document, which tells the dose. Encoders of 2 layers of width 64 learn masked words from rows of "
            f"two segments, {steps} steps of 1,024 tokens each; only what stands beside the first segment differs. 3 seeds. "
            "Asked is the masked dose: of the drug to avoid in a disease (two documents are needed, the drug is not named), and "
            "of a named drug (one document); 8 doses."
        ),
        tables=[
            TableOf(
                title="Right doses",
                columns=("beside the first segment", "two documents needed", "one document needed"),
                rows=[
                    [title, mean_told(both[name], share=True), mean_told(single[name], share=True)]
                    for name, title in ARMS.items()
                ],
            )
        ],
        figures=[
            Figure(
                title="Right answers to masked doses",
                x_title="beside the first segment",
                y_title="share right (1 of 8 by chance)",
                names={float(at): title for at, title in enumerate(ARMS.values())},
                curves=[
                    curve(title, {float(at): held[name] for at, name in enumerate(ARMS)})
                    for title, held in (("two documents needed", both), ("one document needed", single))
                ],
                about="95 % intervals over seeds and questions.",
            )
        ],
        claims=[
            claim("Linked rows answer what needs two documents, against what follows", gain_over_seeds(both["contiguous"], both["linked"])),
            claim("Linked rows answer it better than random rows", gain_over_seeds(both["random"], both["linked"])),
        ],
        limits=(
            "The question is put in the words of the documents, and a row of two linked documents holds the whole answer, so this "
            "shows what is learnt by heart from rows, not reasoning over them. What is predicted of the relation itself "
            "(contiguous, random or linked) is left out, so that the arms differ in their rows alone."
        ),
    )  # fmt: skip


def right_doses(folder: Path, asked: Sequence[tuple[str, str, int]]) -> list[float]:
    """Whether the likeliest dose at the last mask of each pair of segments is the right one."""
    import torch
    import transformers

    from osler.models.quiet import quiet

    with quiet():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model = transformers.AutoModelForMaskedLM.from_pretrained(folder).eval()
    doses = tokenizer.convert_tokens_to_ids([str(dose) for dose in invented.DOSES])
    found = []
    for first, second, dose in asked:
        coded = tokenizer(first, second, return_tensors="pt")
        place = int((coded["input_ids"][0] == tokenizer.mask_token_id).nonzero()[-1])
        with torch.inference_mode():
            logits = model(**coded).logits[0, place, doses]
        found.append(float(invented.DOSES[int(logits.argmax())] == dose))
    return found
