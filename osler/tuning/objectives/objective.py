"""What an encoder or decoder is trained on by itself: objectives that share one forward pass.

An objective may form the rows (pairs of segments with a label), change the tokens of a row (masks, with what stood
there as targets), own a head, and give its loss as a sum with its count. Of those that are used together one may form
and one may change; all losses are read from the same last hidden states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import SpecError

if TYPE_CHECKING:
    import torch

Ints = NDArray[np.int64]
NOTHING = -100  # a target or label that no loss reads
Family = Literal["encoder", "decoder"]


class Vocabulary(NamedTuple):
    """Ids that objectives need: of the special tokens (None where the tokenizer has none), all special ids, and of the
    marks that an objective asked for by ``marks``. ``size``: rows of the embedding that are words."""

    size: int
    pad: int
    begin: int | None
    end: int | None
    mask: int | None
    special: frozenset[int]
    marks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A text as tokens, without special ones. ``words``: the number of the word that a token is of. ``sentences``:
    places at which sentences begin, the first is 0. ``size``: bytes of the text."""

    id: str
    ids: Ints
    words: Ints
    sentences: Ints
    links: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of tokens to learn from, all arrays ``[length]``.

    types: 0 and 1 for the first and second segment. words: number of the word in this row, -1 for special tokens.
    parts: number of the document where several stand in one row, else zeros; attention and next tokens stay within one.
    targets: what is to be predicted at each place, NOTHING elsewhere; None before an objective said so. label: class
    of the row, NOTHING without. size: bytes of its text.
    """

    ids: Ints
    types: Ints
    words: Ints
    parts: Ints
    targets: Ints | None = None
    label: int = NOTHING
    size: int = 0

    def changed(self, ids: Ints, targets: Ints) -> Row:
        return replace(self, ids=ids, targets=targets)


class Objective:
    """The base of all objectives: ``@block class X(Objective)``.

    title: the name of its loss. family: of the networks that it can train. forms, changes: whether it forms the rows
    and changes their tokens. marks: words that it adds to the tokenizer as special tokens.
    """

    title: ClassVar[str] = ""
    family: ClassVar[Family] = "encoder"
    forms: ClassVar[bool] = False
    changes: ClassVar[bool] = False
    marks: ClassVar[tuple[str, ...]] = ()

    @property
    def learns(self) -> bool:
        """Whether it has a loss; False where it only forms rows."""
        return True

    def rows(self, documents: Sequence[Document], length: int, vocabulary: Vocabulary, seed: int) -> list[Row]:
        """The rows of ``documents``, of at most ``length`` tokens. Only for those that form."""
        raise NotImplementedError

    def change(self, row: Row, draw: np.random.Generator, vocabulary: Vocabulary) -> Row:
        """The row as the network reads it in this pass, with targets. Only for those that change."""
        return row

    def head(self, width: int) -> torch.nn.Module | None:
        """A fresh head of its own for hidden states of ``width``; None where the network's own head serves."""
        return None

    def count(self, inputs: Mapping[str, Any]) -> float:
        """Things that the loss of this batch runs over."""
        raise NotImplementedError

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """``[n, classes]`` float32 and the ``[n]`` right ones, from the last hidden states ``[rows, length, width]``.

        logits: the network's own head, from hidden states to words. head: the objective's own."""
        raise NotImplementedError


def refuse_mixture(objectives: Sequence[Objective], family: Family) -> None:
    """SpecError where these objectives cannot train one network of this family together."""
    if not objectives:
        raise SpecError("pretrain.objectives is empty", hint="objectives = [{ use = 'masked_language' }]")
    if not any(one.learns for one in objectives):
        raise SpecError("no objective of pretrain has a loss", hint="add { use = 'masked_language' }")
    wrong = [type(one).__name__ for one in objectives if one.family != family]
    if wrong:
        raise SpecError(
            f"{', '.join(wrong)} cannot train {'an encoder' if family == 'encoder' else 'a decoder'}",
            hint="masked language for encoders, next token for decoders",
        )
    for name, said in (("forms", "form the rows"), ("changes", "change the tokens")):
        both = [type(one).__name__ for one in objectives if getattr(one, name)]
        if len(both) > 1:
            raise SpecError(f"{' and '.join(both)} cannot both {said}", hint="use one of them")
    titles = [one.title for one in objectives]
    if len(set(titles)) < len(titles):
        raise SpecError(f"two objectives have the loss {max(titles, key=titles.count)!r}", hint="use one of them")


def single(ids: Ints, words: Ints, vocabulary: Vocabulary, size: int = 0) -> Row:
    """One segment between the tokens that begin and end a row, as far as the vocabulary has them."""
    return _row([(ids, words)], vocabulary, size, NOTHING)


def pair(first: tuple[Ints, Ints], second: tuple[Ints, Ints], vocabulary: Vocabulary, size: int, label: int) -> Row:
    """Two segments (ids, words) as BERT reads them: [CLS] first [SEP] second [SEP]."""
    return _row([first, second], vocabulary, size, label)


def _row(segments: Sequence[tuple[Ints, Ints]], vocabulary: Vocabulary, size: int, label: int) -> Row:
    before = [] if vocabulary.begin is None else [vocabulary.begin]
    after = [] if vocabulary.end is None else [vocabulary.end]
    ids: list[Any] = [before]
    words: list[Any] = [[-1] * len(before)]
    types: list[Any] = [[0] * len(before)]
    offset = 0
    for kind, (tokens, numbers) in enumerate(segments):
        numbered = numbers - numbers[0] + offset if len(numbers) else numbers
        offset = int(numbered[-1]) + 1 if len(numbered) else offset
        ids += [tokens, after]
        words += [numbered, [-1] * len(after)]
        types += [[kind] * (len(tokens) + len(after))]
    joined = [np.concatenate([np.asarray(part, np.int64) for part in parts]) for parts in (ids, types, words)]
    return Row(joined[0], joined[1], joined[2], np.zeros(len(joined[0]), np.int64), label=label, size=size)


def extra_tokens(vocabulary: Vocabulary, segments: int = 1) -> int:
    """Special tokens that a row of so many segments has."""
    return (vocabulary.begin is not None) + segments * (vocabulary.end is not None)
