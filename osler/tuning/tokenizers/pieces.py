"""Vocabularies of word pieces and of byte pairs, trained on a corpus."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.tokenizers.special import Kind, finished, specials, strings

_JOINED = "##"


def _check(size: int, least: int, repeats: int, name: str) -> None:
    if size < least or repeats < 1:
        raise SpecError(
            f"{name}.size must be at least {least} and repeats 1 or more, got {size} and {repeats}", hint="size = 8000"
        )


@block
class WordPiece:
    """Word pieces as BERT has them (Schuster and Nakajima 2012; Devlin et al. 2019): ``size`` tokens at most.

    lower: case and accents go, as in uncased BERT. repeats: a piece stands in the corpus at least so often. letters:
    different characters kept, the most frequent ones. kind, special: whose special tokens, and further ones.
    """

    size: int = 8000
    lower: bool = True
    repeats: int = 2
    letters: int = 400
    kind: Kind = "encoder"
    special: tuple[str, ...] = ()

    def check(self) -> None:
        _check(self.size, 50, self.repeats, "word_piece")
        specials(self.kind, self.special)

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers. DataError where there are no texts.

        Two passes: the trainer of the library numbers letters in the order of a hash table that differs in every run,
        and equal counts go by those numbers, so the letters are counted first and given to it in a fixed order.
        """
        from tokenizers import Tokenizer, trainers

        held = texts if isinstance(texts, Corpus) else list(strings(texts))
        core = self._core({})
        special = specials(self.kind, self.special)
        letters = _letters(strings(held), core.normalizer, min(self.letters, self.size // 4))
        inner = [_JOINED + letter for letter in letters if not _alone(letter)]
        trainer = trainers.WordPieceTrainer(
            vocab_size=self.size,
            min_frequency=self.repeats,
            initial_alphabet=letters,
            limit_alphabet=len(letters),
            special_tokens=[*special, *inner],
            show_progress=False,
        )
        core.train_from_iterator(strings(held), trainer)
        found: dict[str, int] = core.get_vocab()
        inside = set(inner)
        order = [*special, *letters, *inner]
        order += sorted((piece for piece in found if piece not in {*order, *inside}), key=found.__getitem__)
        made: Tokenizer = self._core({piece: place for place, piece in enumerate(order)})
        made.add_special_tokens(special)
        return finished(made, self.kind, self.special)

    def _core(self, vocabulary: dict[str, int]) -> Any:
        from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

        unknown = specials(self.kind)[1]
        core = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token=unknown, max_input_chars_per_word=100))
        core.normalizer = normalizers.BertNormalizer(lowercase=self.lower, strip_accents=self.lower)
        core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        core.decoder = decoders.WordPiece(prefix=_JOINED)
        return core


@block
class BytePairs:
    """Byte pairs as GPT-2 has them (Radford et al. 2019; Sennrich et al. 2016): nothing is unknown, every text comes back.

    ``size`` tokens, of which 256 are single bytes. digits: each digit is a token of its own, as in Llama. repeats: a
    pair stands in the corpus at least so often. kind, special: whose special tokens, and further ones.
    """

    size: int = 8000
    digits: bool = True
    repeats: int = 2
    kind: Kind = "decoder"
    special: tuple[str, ...] = ()

    def check(self) -> None:
        _check(self.size, 256 + len(specials(self.kind, self.special)), self.repeats, "byte_pairs")

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers. DataError where there are no texts."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        core = Tokenizer(models.BPE())
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.pre_tokenizer = (
            pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
            if self.digits
            else byte_level
        )
        core.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.size,
            min_frequency=self.repeats,
            special_tokens=specials(self.kind, self.special),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        core.train_from_iterator(strings(texts), trainer)
        return finished(core, self.kind, self.special)


def _letters(texts: Iterable[str], normalizer: Any, most: int) -> list[str]:
    """The ``most`` frequent characters after normalising, in the order of their code points."""
    counts: Counter[str] = Counter()
    for piece in _pieces(texts):
        points = np.frombuffer(piece.encode("utf-32-le", "replace"), np.uint32)
        seen = np.bincount(points)
        counts.update({chr(point): int(seen[point]) for point in np.flatnonzero(seen).tolist()})
    found: Counter[str] = Counter()
    for raw, count in counts.items():
        for letter in normalizer.normalize_str(raw):
            found[letter] += count
    kept = sorted((letter for letter in found if not letter.isspace()), key=lambda letter: (-found[letter], letter))
    return sorted(kept[:most])


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """The texts put together to pieces of about a million characters."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size > 1_000_000:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def _alone(letter: str) -> bool:
    """Whether BERT's rule cuts at the letter, so that it never stands inside a word."""
    return (letter.isascii() and not letter.isalnum()) or unicodedata.category(letter).startswith("P")
