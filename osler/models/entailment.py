"""Does a passage support a claim, contradict it, or say nothing of it? Probabilities from a trained cross-encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.models.cross_encoder import CrossEncoder

Label = Literal["supported", "contradicted", "unsupported"]
LABELS: tuple[Label, ...] = ("supported", "contradicted", "unsupported")
# What the labels are called in the data sets of natural language inference that public models were trained on.
_ALSO: dict[str, Label] = {
    "entailment": "supported",
    "contradiction": "contradicted",
    "neutral": "unsupported",
    "not_entailment": "unsupported",
}


class Chances(NamedTuple):
    """The probabilities of the three labels; they add up to 1."""

    supported: float
    contradicted: float
    unsupported: float

    @property
    def label(self) -> Label:
        """The likeliest; of equal ones the first."""
        return LABELS[int(np.argmax(self))]


@block
class Entailment:
    """A cross-encoder over (claim, passage) with the labels supported, contradicted and unsupported.

    path: a folder that ``osler.tuning.entailment`` trained, or any model of natural language inference on this machine;
    there the labels are entailment, contradiction and neutral, and the text that is given comes first. order: which of the
    two comes first; "auto" is the claim for ours and the passage for others. temperature: of the softmax, above 1 for a
    model that is too sure. max_length: tokens of a pair; the longer text is cut at its end.
    """

    path: str
    order: Literal["auto", "claim first", "passage first"] = "auto"
    temperature: float = 1.0
    max_length: int = 256
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"

    def check(self) -> None:
        if self.temperature <= 0:
            raise SpecError(f"entailment.temperature must be above 0, got {self.temperature}")
        _ = self._model  # an empty path or a length below 8 is refused here

    def content_hash(self) -> str:
        """Hash of the folder's files."""
        return self._model.content_hash()

    async def verdicts(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """For each (claim, passage) the probabilities of the three labels. A label that the model does not have gets 0.

        DataError where the model is not there or its labels are others.
        """
        if not pairs:
            return []
        places, ours = self._places()
        claim_first = ours if self.order == "auto" else self.order == "claim first"
        logits = await self._model.scores(pairs if claim_first else [(passage, claim) for claim, passage in pairs])
        powers = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64) / self.temperature)
        shares = powers / powers.sum(axis=1, keepdims=True)
        return [Chances(*(float(sum(row[place] for place in places[label])) for label in LABELS)) for row in shares]

    @property
    def _model(self) -> CrossEncoder:
        return CrossEncoder(path=self.path, max_length=self.max_length, dtype=self.dtype)

    def _places(self) -> tuple[dict[Label, list[int]], bool]:
        """The outputs that mean each label, and whether they bear our names."""
        places: dict[Label, list[int]] = {label: [] for label in LABELS}
        names = [name.casefold() for name in self._model.labels]
        for place, name in enumerate(names):
            meant = next((label for label in LABELS if label == name), _ALSO.get(name))
            if meant is None:
                raise DataError(
                    f"the entailment model has a label {name!r}",
                    hint="its labels must be " + ", ".join(LABELS) + " or entailment, contradiction, neutral",
                )
            places[meant].append(place)
        return places, set(names) <= set(LABELS)
