"""Pre-training, from scratch or continued: a language model from texts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.models.local import Local
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.objectives.masked_language import MaskedLanguage
from osler.tuning.objectives.objective import Document, Objective, Vocabulary, refuse_mixture
from osler.tuning.pretrain_rows import documents_of, rows_of, split, texts_hash, texts_of, vocabulary_of
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work, folder_of
from osler.tuning.tokenizers.extension import extended, resize
from osler.tuning.trainer.loop import Record, fit

if TYPE_CHECKING:
    from osler.tuning.pretrain_learner import PretrainLearner


@block
class Pretrain(Stage):
    """A language model trained on the texts of ``data`` (a corpus), or on the questions of a study's training cases.

    base: a shape, for a network from scratch, or a model whose training goes on: its words' head and the heads of its
    objectives are kept where it has them. objectives: what is learnt, all from one forward pass. tokenizer: trained on
    these texts, for a shape; to a model it gives the words that the model's own tokenizer lacks. length: most tokens of a
    row. packed: short documents share a row of a decoder, each reading itself alone. held_out: share of the documents
    that is only looked at.

    The folder is a masked (BERT and its kind) or causal language model that ``Local`` reads: an encoder embeds, a decoder
    writes. Figures: loss, perplexity and accuracy of what is predicted on the held-out documents, and for decoders bits
    per byte, which may be compared between tokenizers.
    """

    base: Any = EncoderShape()
    data: Any = None
    objectives: tuple[Objective, ...] = (MaskedLanguage(),)
    tokenizer: Any = None
    length: int = 128
    packed: bool = False
    held_out: float = 0.02
    schedule: Schedule = Schedule()
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.length < 8 or not 0 <= self.held_out < 1:
            raise SpecError("pretrain needs length of at least 8 tokens and a share held_out below 1")
        shape = isinstance(self.base, (EncoderShape, DecoderShape))
        refuse_mixture(self.objectives, self._family(self.base) if shape else self.objectives[0].family)
        if shape and self.length > self.base.context:
            raise SpecError(
                f"pretrain.length {self.length} is above the context {self.base.context} of its base",
                hint="set the context of the shape to at least length",
            )

    @staticmethod
    def _family(base: Any) -> Any:
        return "encoder" if isinstance(base, EncoderShape) else "decoder"

    def data_hash(self, pairs: Pairs) -> str:
        return texts_hash(self.data, pairs)

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        own, tokenizer = self._tokenizers(work)
        family = self.objectives[0].family
        marks = [mark for one in self.objectives for mark in one.marks]
        if marks:
            tokenizer.add_special_tokens({"additional_special_tokens": marks})
        vocabulary = vocabulary_of(tokenizer, family, marks)
        documents = documents_of(texts_of(self.data, work.pairs), tokenizer)
        if not documents:
            raise DataError("the corpus has no tokens", hint="check its texts and the tokenizer")
        model = self._network(work, vocabulary)
        added = resize(model, tokenizer, own) if own is not None and len(tokenizer) > len(own) else 0
        learner = self._learner(work, model, documents, vocabulary)
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        learner.save(work.folder)
        tokenizer.save_pretrained(work.folder)
        return record, {
            "figures": record.looks[-1] if record.looks else {},
            "documents": len(documents),
            "tokens": int(sum(len(one.ids) for one in documents)),
            "bytes": sum(one.size for one in documents),
            "vocabulary": vocabulary.size,
            "words_added": added,
            "heads_kept": learner.found_heads,
            "parameters": sum(weight.numel() for weight in learner.network.parameters()),
        }

    def _learner(
        self, work: Work, model: Any, documents: Sequence[Document], vocabulary: Vocabulary
    ) -> PretrainLearner:
        from osler.tuning.pretrain_learner import PretrainLearner

        learnt, held = split(documents, self.held_out)
        form: dict[str, Any] = {
            "length": self.length, "vocabulary": vocabulary, "seed": work.seed, "packed": self.packed
        }  # fmt: skip
        context = getattr(model.config, "max_position_embeddings", 0)
        if context and self.length > context:
            raise SpecError(
                f"pretrain.length {self.length} is above the context {context} of its base",
                hint=f"set length = {context} at most",
            )
        return PretrainLearner(
            model,
            rows_of(learnt, self.objectives, **form),
            rows_of(held, self.objectives, **form),
            self.objectives,
            vocabulary,
            seed=work.seed,
            base=folder_of(work.base),
        )

    def _network(self, work: Work, vocabulary: Vocabulary) -> Any:
        from osler.tuning.networks.decoder import decoder
        from osler.tuning.networks.encoder_heads import encoder

        folder = folder_of(work.base)
        base = folder or work.base
        wants = "encoder" if self.objectives[0].family == "encoder" else "causal"
        if not isinstance(base, (Path, EncoderShape, DecoderShape)):
            raise SpecError(
                f"pretrain.base {type(base).__name__} has no weights to train on",
                hint="give a shape, a local model or another stage",
            )
        if folder is not None and (kind := Local(path=str(folder)).found_kind) != wants:
            raise SpecError(
                f"{self.objectives[0].title} trains no base of the kind {kind!r}",
                hint="masked language for encoders, next token for decoders",
            )
        if wants == "encoder":
            return encoder(base, vocabulary.size, vocabulary.pad, seed=work.seed)
        ends = vocabulary.begin, vocabulary.end
        return decoder(base, vocabulary.size, vocabulary.pad, *ends, seed=work.seed)

    def _tokenizers(self, work: Work) -> tuple[Any, Any]:
        """The base's own tokenizer, None for a shape, and the one to train with."""
        import transformers

        folder = folder_of(work.base)
        texts = (one.text for one in texts_of(self.data, work.pairs))
        if folder is None:
            if self.tokenizer is None:
                raise SpecError(
                    "pretrain from scratch needs a tokenizer", hint="tokenizer = { use = 'word_piece', size = 8000 }"
                )
            return None, self.tokenizer.trained(texts)
        own = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        words = whole_words(self.tokenizer.trained(texts)) if self.tokenizer is not None else []
        return own, extended(own, words)


def whole_words(tokenizer: Any) -> list[str]:
    """The words of at least three letters that a trained tokenizer has as one piece, most frequent first."""
    special = set(tokenizer.all_special_tokens)
    inside = any(piece.startswith("##") for piece in tokenizer.get_vocab())
    starts = "" if inside else "\u0120"  # WordPiece marks what goes on, byte pairs mark what begins
    found = []
    for piece, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
        if piece not in special and not piece.startswith("##") and piece.startswith(starts):
            word = piece.removeprefix(starts)
            if len(word) > 2 and word.isalpha():
                found.append(word)
    return found
