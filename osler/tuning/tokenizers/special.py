"""Special tokens of encoders and decoders, and what all trained tokenizers share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.corpus import Corpus, Text

if TYPE_CHECKING:
    import tokenizers
    import transformers

Kind = Literal["encoder", "decoder"]
ENCODER = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
DECODER = {"pad": "<|pad|>", "unk": "<|unknown|>", "bos": "<|begin|>", "eos": "<|end|>"}


@runtime_checkable
class Vocabulary(Protocol):
    """A block that makes a tokenizer of texts: the same texts give the same tokenizer."""

    def trained(self, texts: Corpus | Iterable[Text | str]) -> transformers.PreTrainedTokenizerFast: ...


def strings(texts: Corpus | Iterable[Text | str]) -> Iterator[str]:
    """The plain texts of a corpus, of its texts, or of strings. DataError where there are none."""
    found = texts.texts() if isinstance(texts, Corpus) else texts
    empty = True
    for text in found:
        empty = False
        yield text if isinstance(text, str) else text.text
    if empty:
        raise DataError("there are no texts to make a vocabulary of", hint="check the corpus and its filters")


def specials(kind: Kind, extra: tuple[str, ...] = ()) -> list[str]:
    """All special tokens in the order of their ids: those of the kind, then ``extra``."""
    found = [*(ENCODER if kind == "encoder" else DECODER).values(), *extra]
    if len(set(found)) < len(found) or not all(found):
        raise SpecError("special tokens must be different and not empty", hint="leave out those that are always there")
    return found


def finished(core: tokenizers.Tokenizer, kind: Kind, extra: tuple[str, ...] = ()) -> Any:
    """``core`` as a tokenizer of transformers. Encoders put [CLS] and [SEP] around, decoders <|begin|> before a text."""
    import transformers
    from tokenizers.processors import TemplateProcessing

    names = ENCODER if kind == "encoder" else DECODER
    ids = {token: core.token_to_id(token) for token in names.values()}
    if kind == "encoder":
        cls, sep = ENCODER["cls"], ENCODER["sep"]
        core.post_processor = TemplateProcessing(
            single=f"{cls} $A {sep}",
            pair=f"{cls} $A {sep} $B:1 {sep}:1",
            special_tokens=[(cls, ids[cls]), (sep, ids[sep])],
        )
    else:
        bos = DECODER["bos"]
        core.post_processor = TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, ids[bos])]
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core,
        additional_special_tokens=list(extra),
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"]
        if kind == "encoder"
        else ["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in names.items()},
    )


def tokenizer_hash(tokenizer: Any) -> str:
    """Hash of all that decides what ids a text has (16 hex characters); a chat template is no part of it."""
    from osler.core.block import canonical, digest

    core = tokenizer.backend_tokenizer.to_str()
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    return digest(canonical([core, special]), size=8)
