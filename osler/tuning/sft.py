"""Supervised fine-tuning on conversations: replies, all of the text, or the last turn, through a published template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from osler.core.block import block, canonical, digest
from osler.core.errors import DataError, SpecError
from osler.models.adapter import ready_base
from osler.models.local_text import context_in
from osler.tuning.corpora.corpus import Text
from osler.tuning.dialogue import pairs as cases
from osler.tuning.dialogue.conversation import Conversation, spoken
from osler.tuning.dialogue.rows import Learn, Rows, rows_of, whole_text
from osler.tuning.dialogue.templates import Named, give_template
from osler.tuning.networks.shapes import DecoderShape
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work, folder_of
from osler.tuning.trainer.loop import Record, fit


@block
class SFT(Stage):
    """A decoder tuned on conversations, or on the study's own training cases where ``data`` is left out.

    base: Local, another stage, or a DecoderShape to start from nothing; then ``tokenizer`` makes its vocabulary of the
    conversations (whole words by default). template: how turns become text, saved with the tokenizer; "auto" is the
    base's own, or plain text where it has none. learn: "replies" (instruction tuning: the loss reads the assistant's
    turns, each of them), "last" (the last reply only), "all" (every token; what Table 4 of the survey calls SFT: going
    on with pre-training on dialogue). length: most tokens of a row; longer ones lose whole turns, counted. packed:
    several conversations in a row, none of which sees another. adapter: a block that adds few weights and freezes the
    rest. held_out: share of the conversations, by their ids, that is looked at and not learnt.
    """

    base: Any = DecoderShape()
    data: Any = None
    template: Named = "auto"
    learn: Learn = "replies"
    length: int = 512
    packed: bool = False
    adapter: Any = None
    held_out: float = 0.0
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=3.0, learning_rate=2e-5, warm_up=0.03, decay="cosine", weight_decay=0.0)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.length < 8 or not 0 <= self.held_out < 1:
            raise SpecError("sft.length must be at least 8 and held_out from 0 to below 1", hint="length = 512")
        if self.data is not None and not hasattr(self.data, "conversations"):
            raise SpecError("sft.data must be conversations", hint='data = { use = "conversation_files", ... }')
        if self.adapter is not None and isinstance(self.base, DecoderShape):
            raise SpecError("sft.adapter needs a base with weights, got a shape", hint="pre-train a base first")
        if self.tokenizer is not None and not isinstance(self.base, DecoderShape):
            raise SpecError("sft.tokenizer is for a base from scratch; any other base has its own", hint="leave it out")

    def conversations(self, pairs: Pairs) -> Sequence[Conversation]:
        """What is learnt from and looked at, in order."""
        found: Sequence[Conversation] = cases.conversations(pairs) if self.data is None else self.data.conversations()
        if not found:
            raise DataError("there are no conversations to learn from", hint="check the data and its filters")
        return found

    def learnt_texts(self, pairs: Pairs = ()) -> Iterator[Text]:
        """The texts of all conversations, for their overlap with what a study tests. DataError where there are none."""
        return spoken(self.conversations(pairs))

    def data_hash(self, pairs: Pairs) -> str:
        rows = [[one.id, one.made, [list(turn) for turn in one.turns]] for one in self.conversations(pairs)]
        return digest(canonical(rows), size=8)

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.sft_learner import DialogueLearner

        found = self.conversations(work.pairs)
        network, tokenizer, end = self._ready(work, found)
        ends = frozenset({tokenizer.convert_tokens_to_ids(end)})
        learnt, held = self._dealt(found)
        rows = rows_of(learnt, tokenizer, learn=self.learn, length=self._length(network), ends=ends)
        looked = rows_of(held, tokenizer, learn=self.learn, length=self._length(network), ends=ends)
        if not rows.rows:
            raise _nothing(rows)
        if self.adapter is not None:
            network = self.adapter.apply(network, seed=work.seed, tokenizer=tokenizer)
        learner = DialogueLearner(
            network,
            rows.rows,
            held=looked.rows,
            packed=self.length if self.packed else 0,
            most=self.schedule.batch_tokens,
        )
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        if self.adapter is None:
            network.save_pretrained(work.folder)
        else:
            self.adapter.save(network, work.folder, folder_of(work.base))
            network.generation_config.save_pretrained(work.folder)
        tokenizer.save_pretrained(work.folder)
        return record, self._about(found, rows, looked, network)

    def _ready(self, work: Work, found: Sequence[Conversation]) -> tuple[Any, Any, str]:
        """Network, tokenizer with the template, and the token that ends a reply."""
        import torch
        import transformers

        if isinstance(work.base, DecoderShape):
            tokenizer, end = self._own_tokenizer(found)
            begin, stop = tokenizer.bos_token_id, tokenizer.convert_tokens_to_ids(end)
            network = work.base.network(len(tokenizer), tokenizer.pad_token_id, bos=begin, eos=stop, seed=work.seed)
        else:
            folder = folder_of(work.base)
            if folder is None:
                raise SpecError(
                    f"sft.base must be a decoder, got {type(work.base).__name__}",
                    hint="a local model, a stage that trains a decoder, or a decoder_shape",
                )
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            added, end = give_template(tokenizer, self.template, may_add=self.adapter is None)
            network = _decoder(folder)
            if added or len(tokenizer) > network.get_input_embeddings().num_embeddings:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(work.seed)
                    network.resize_token_embeddings(len(tokenizer))
        _end_with(network, tokenizer, end)
        return network, tokenizer, end

    def _own_tokenizer(self, found: Sequence[Conversation]) -> tuple[Any, str]:
        """A vocabulary of the conversations as the template words them."""
        from osler.tuning.tokenizers.symbols import Words

        maker = self.tokenizer or Words(kind="decoder")
        draft = maker.trained([turn.text for turn in found[0].turns])
        give_template(draft, self.template)
        special = draft.all_special_tokens
        texts = []
        for one in found:
            text = whole_text(one.turns, draft)
            for token in special:
                text = text.replace(token, " ")
            texts.append(text)
        tokenizer = maker.trained(texts)
        _, end = give_template(tokenizer, self.template)
        return tokenizer, end

    def _length(self, network: Any) -> int:
        """Most tokens of a row: soft prompts take places of the context, too."""
        taken = 0 if self.adapter is None else int(self.adapter.soft_tokens)
        context = context_in(network.config.to_dict())
        return min(self.length, context - taken) if context else self.length

    def _dealt(self, found: Sequence[Conversation]) -> tuple[list[Conversation], list[Conversation]]:
        """Learnt and held out, by the hash of the id: a conversation stays on its side whatever else comes or goes."""
        learnt: list[Conversation] = []
        held: list[Conversation] = []
        for one in found:
            place = int(digest(one.id.encode(), size=6), 16) / float(1 << 48)
            (held if place < self.held_out else learnt).append(one)
        return learnt, held

    def _about(self, found: Sequence[Conversation], rows: Rows, held: Rows, network: Any) -> dict[str, Any]:
        return {
            "template": self.template,
            "learn": self.learn,
            "conversations": len(found),
            "made_by": dict(sorted(Counter(one.made or "people" for one in found).items())),
            "sources": dict(sorted(Counter(one.source for one in found).items())),
            "held_out": len(held.rows),
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "trained_parameters": sum(weight.numel() for weight in network.parameters() if weight.requires_grad),
            **rows.told(),
        }


def _decoder(folder: Path) -> Any:
    """A decoder with float32 weights; LoRA of an earlier stage is part of them."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    if config.is_encoder_decoder:
        raise SpecError("sft tunes decoders, got a model with an encoder and a decoder", hint="use a decoder as base")
    return ready_base(
        folder, lambda place: transformers.AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32)
    )


def _end_with(network: Any, tokenizer: Any, end: str) -> None:
    """Let served texts stop at the token that ends a reply, beside those at which the base stops."""
    stop = tokenizer.convert_tokens_to_ids(end)
    held = network.generation_config.eos_token_id
    known = [] if held is None else list(held) if isinstance(held, (list, tuple)) else [held]
    ends = list(dict.fromkeys([*known, stop]))
    network.generation_config.eos_token_id = ends if len(ends) > 1 else stop


def _nothing(rows: Rows) -> DataError:
    return DataError(
        f"no conversation has a token to learn: {rows.too_long} are too long, {rows.unlearnt} have no turn to be learnt",
        hint="raise length, or mark the assistant's turns",
    )
