"""Making, writing and reading the network of a head: the body from a base, its tokenizer, an adapter where one is used.

A folder holds the body as transformers writes it (so that it is a base for what follows), ``head.safetensors`` with the
heads and whatever an adapter added, and ``head.json`` with labels and settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.models.quiet import quiet
from osler.tuning.networks.shapes import DecoderShape, EncoderShape
from osler.tuning.stage import folder_of

if TYPE_CHECKING:
    from osler.tuning.heads.head_layers import HeadNetwork, Reads

HEAD, WEIGHTS = "head.json", "head.safetensors"


class Plan(NamedTuple):
    """What decides the network beside its base. ``sizes``: outputs of each head. ``reads``: see ``HeadNetwork``; ""
    takes the mean of an encoder and the last token of a decoder. ``kinds``: kinds of token types that the rows use.
    ``words``: new words of the vocabulary. ``adapter``: a block of tuning.peft, or None for full tuning."""

    sizes: Mapping[str, int]
    reads: str = ""
    kinds: int = 1
    words: tuple[str, ...] = ()
    adapter: Any = None
    dropout: float = 0.1


class Loaded(NamedTuple):
    """A trained head, ready to read: ``about`` is ``head.json``."""

    network: HeadNetwork
    tokenizer: Any
    about: Mapping[str, Any]


def fresh(
    base: Any, tokenizer: Any, texts: Sequence[str], plan: Plan, seed: int, folder: Path
) -> tuple[HeadNetwork, Any]:
    """The network to be trained and its tokenizer. ``tokenizer``: a block that is trained on ``texts``, where the base is
    a shape; the same seed gives the same weights. Under an adapter the body is written to ``folder`` as it is."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body, tokens = _body(base, tokenizer, texts, seed)
        _add_words(body, tokens, plan.words)
        typed = _with_kinds(body, plan.kinds)
        if plan.adapter is not None:
            with quiet():
                body.save_pretrained(folder)
        return _whole(body, tokens, plan, typed, seed), tokens


def write(folder: Path, network: HeadNetwork, tokenizer: Any, plan: Plan, about: Mapping[str, Any]) -> None:
    """The folder of a trained head. Under an adapter the body stands there already, as it was before training."""
    from safetensors.torch import save_file

    if plan.adapter is None:
        with quiet():
            network.body.save_pretrained(folder)
        kept = {name: weight for name, weight in network.state_dict().items() if not name.startswith("body.")}
    else:
        kept = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    tokenizer.save_pretrained(folder)
    save_file({name: weight.detach().contiguous().clone() for name, weight in kept.items()}, folder / WEIGHTS)
    said = {
        **about,
        "sizes": dict(plan.sizes),
        "reads": network.reads,
        "kinds": plan.kinds,
        "typed": network.typed,
        "adapter": None if plan.adapter is None else to_spec(plan.adapter),
    }
    (folder / HEAD).write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def read_head(folder: Path, device: str = "cpu") -> Loaded:
    """The head in ``folder``, in evaluation mode, float32."""
    import transformers
    from safetensors.torch import load_file

    if not (folder / HEAD).is_file():
        raise DataError(f"the folder {folder.name!r} holds no head", hint="train it again")
    about: Mapping[str, Any] = orjson.loads((folder / HEAD).read_bytes())
    with quiet():
        body = transformers.AutoModel.from_pretrained(folder, local_files_only=True, dtype="float32")
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    adapter = None if about["adapter"] is None else from_spec(about["adapter"])
    plan = Plan(sizes=about["sizes"], reads=about["reads"], kinds=about["kinds"], adapter=adapter)
    network = _whole(_unpooled(body), tokenizer, plan, bool(about["typed"]), 0)
    held = load_file(folder / WEIGHTS)
    missing = network.load_state_dict(held, strict=False)
    if missing.unexpected_keys:
        raise DataError(f"the head in {folder.name!r} does not fit its body", hint="train it again")
    return Loaded(network.eval().to(device), tokenizer, about)


def trained(network: HeadNetwork) -> int:
    """How many parameters learn."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def _whole(body: Any, tokenizer: Any, plan: Plan, typed: bool, seed: int) -> HeadNetwork:
    from osler.tuning.heads.head_layers import HeadNetwork

    decoder = not _is_encoder(body)
    reads: Reads = plan.reads or ("last" if decoder else "mean")  # type: ignore[assignment]
    if decoder and tokenizer.padding_side == "left":
        tokenizer.padding_side = "right"
    adapted = body if plan.adapter is None else _adapted(body, tokenizer, plan, seed)
    network: HeadNetwork = HeadNetwork(adapted, plan.sizes, reads=reads, dropout=plan.dropout, typed=typed).float()
    return network


def _adapted(body: Any, tokenizer: Any, plan: Plan, seed: int) -> Any:
    """The body under an adapter, all else frozen, but for tables that got new rows: those must learn."""
    new = [body.get_input_embeddings().weight] if plan.words else []
    if plan.kinds > 2:
        new.append(body.embeddings.token_type_embeddings.weight)
    adapted = plan.adapter.apply(body, seed=seed, tokenizer=tokenizer)
    for table in new:
        table.requires_grad_(requires_grad=True)
    return adapted


def _is_encoder(body: Any) -> bool:
    return getattr(body.config, "model_type", "") in {"bert", "roberta", "electra", "distilbert", "deberta-v2", "mpnet"}


def _body(base: Any, tokenizer: Any, texts: Sequence[str], seed: int) -> tuple[Any, Any]:
    import transformers

    if isinstance(base, (EncoderShape, DecoderShape)):
        if tokenizer is None:
            raise SpecError("a head on a shape needs a tokenizer", hint="tokenizer = WordPiece(size=...)")
        tokens = tokenizer.trained(texts)
        pad = tokens.pad_token_id or 0
        if isinstance(base, EncoderShape):
            return _unpooled(base.network(len(tokens), pad, seed=seed)), tokens
        made = base.network(len(tokens), pad, bos=tokens.bos_token_id, eos=tokens.eos_token_id, seed=seed)
        return made.model, tokens
    folder = folder_of(base)
    if folder is None:
        raise SpecError(f"a head cannot stand on {type(base).__name__}", hint="base = Encoder(), Local or a stage")
    with quiet():
        tokens = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        body = transformers.AutoModel.from_pretrained(folder, local_files_only=True, dtype="float32")
    if tokens.pad_token_id is None:
        tokens.pad_token = tokens.eos_token
    return _unpooled(body), tokens


def _unpooled(body: Any) -> Any:
    """Without the pooler of a BERT, which no head here reads: it would be counted, and carried along untrained."""
    if getattr(body, "pooler", None) is not None:
        body.pooler = None
    return body


def _add_words(body: Any, tokenizer: Any, words: Sequence[str]) -> None:
    """New words, each beginning as the mean of the tokens that it was."""
    import torch

    if not words:
        return
    parts = {word: tokenizer(word, add_special_tokens=False)["input_ids"] for word in words}
    tokenizer.add_tokens(list(words))
    with quiet():
        body.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    table = body.get_input_embeddings().weight
    with torch.no_grad():
        for word, pieces in parts.items():
            if pieces:
                table[tokenizer.convert_tokens_to_ids(word)] = table[pieces].mean(dim=0)


def _with_kinds(body: Any, kinds: int) -> bool:
    """Make room for ``kinds`` token types, new ones beginning as the first; False where the body has no types."""
    import torch

    inner = getattr(body, "embeddings", None)
    table = getattr(inner, "token_type_embeddings", None)
    if inner is None or table is None:
        return False
    if table.num_embeddings < kinds:
        more = torch.nn.Embedding(kinds, table.embedding_dim)
        with torch.no_grad():
            more.weight.copy_(table.weight[0].expand(kinds, -1))
            more.weight[: table.num_embeddings] = table.weight
        inner.token_type_embeddings = more
        body.config.type_vocab_size = kinds
    return True
