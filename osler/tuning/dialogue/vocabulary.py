"""A vocabulary that knows the words of later stages, too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osler.core.block import block
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.tokenizers.special import strings
from osler.tuning.tokenizers.symbols import Words


@block
class WordsOfStages:
    """Whole words of the texts at hand and of ``data`` (conversations or corpora of later stages), for small worlds: a
    first stage makes the vocabulary, and what it lacks is unknown ever after. words: further texts, such as a template's.
    """

    data: tuple[Any, ...] = ()
    words: tuple[str, ...] = ("USER: ASSISTANT:",)

    def trained(self, texts: Corpus | Iterable[Text | str]) -> Any:
        """A tokenizer of transformers, for decoders."""
        every = [*strings(texts), *self.words]
        for one in self.data:
            if isinstance(one, Corpus):
                every += strings(one)
            else:
                every += [turn.text for found in one.conversations() for turn in found.turns]
        return Words(kind="decoder").trained(every)
