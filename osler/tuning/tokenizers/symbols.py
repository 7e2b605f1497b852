"""Vocabularies without pieces: whole words, characters, and the atoms and bonds of molecules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.tokenizers.special import Kind, finished, specials, strings

WORD = r"\[\w+\]|\w+|[^\w\s]"
"""Placeholders such as [NAME], runs of letters and digits, and single marks."""
CHARACTER = r"[\s\S]"
SMILES = r"\[[^\[\]]+\]|Br|Cl|[BCNOPSFI]|[bcnops]|%\d{2}|\d|[=#$:\-/\\().~>*@+]|\S"
"""Atoms in brackets, atoms, ring closures, bonds and branches (Schwaller et al. 2019); anything else by itself."""


@block
class Words:
    """Whole words and single marks, for small worlds: the ``size`` most frequent tokens, 0 for all of them.

    lower: case goes. What was not seen in training is unknown. kind, special: whose special tokens, and further ones.
    """

    size: int = 0
    lower: bool = True
    kind: Kind = "encoder"
    special: tuple[str, ...] = ()

    def check(self) -> None:
        _check(self.size, self.kind, self.special, "words")

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers that decodes to words with spaces between. DataError where there are no texts."""
        return _trained(WORD, texts, self.size, self.kind, self.special, lower=self.lower, fused=False)


@block
class Characters:
    """Single characters with case and spaces: sequences of proteins and genes, codes. ``size`` as in Words."""

    size: int = 0
    kind: Kind = "encoder"
    special: tuple[str, ...] = ()

    def check(self) -> None:
        _check(self.size, self.kind, self.special, "characters")

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers that decodes to the text as it was. DataError where there are no texts."""
        return _trained(CHARACTER, texts, self.size, self.kind, self.special, lower=False, fused=True)


@block
class Smiles:
    """Molecules as SMILES: a token is an atom, with its bracket if it has one, a bond, a branch or a ring closure.

    ``size`` as in Words. Decoding gives the SMILES back, unless it has an atom in brackets that training had not.
    Source of the pattern: Schwaller et al., ACS Central Science 2019.
    """

    size: int = 0
    kind: Kind = "encoder"
    special: tuple[str, ...] = ()

    def check(self) -> None:
        _check(self.size, self.kind, self.special, "smiles")

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers. DataError where there are no texts."""
        return _trained(SMILES, texts, self.size, self.kind, self.special, lower=False, fused=True)


def _check(size: int, kind: Kind, special: tuple[str, ...], name: str) -> None:
    least = len(specials(kind, special)) + 1
    if size < 0 or 0 < size < least:
        raise SpecError(f"{name}.size must be 0 for all or at least {least}, got {size}", hint="leave size out")


def _trained(
    pattern: str,
    texts: Corpus | Iterable[Text | str],
    size: int,
    kind: Kind,
    special: tuple[str, ...],
    *,
    lower: bool,
    fused: bool,
) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    core = Tokenizer(models.WordLevel(unk_token=specials(kind)[1]))
    if lower:
        core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    if fused:
        core.decoder = decoders.Fuse()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size or 1 << 30,
        min_frequency=1,
        special_tokens=specials(kind, special),
        show_progress=False,
    )
    core.train_from_iterator(strings(texts), trainer)
    return finished(core, kind, special)
