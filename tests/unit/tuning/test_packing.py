"""Packed rows: nothing lost, nothing twice, and no document sees another, on a decoder and on an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.corpora.packing import Packing, best_fit, block_mask, packed_inputs, padded, rows_of
from osler.tuning.corpora.token_store import Frame, TokenStore, stored
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece
from osler.tuning.tokenizers.symbols import Words

TEXTS = GivenTexts(given=tuple(" ".join(f"w{i % 50}" for i in range(size)) for size in (3, 40, 7, 1, 90, 12, 25, 30)))

NOTES = Invented(diseases=10, each=3, kind="notes")


def _store(folder: Path, kind: str = "decoder") -> tuple[TokenStore, Any]:
    tokenizer = Words(kind=kind).trained(TEXTS)  # type: ignore[arg-type]
    return stored(TEXTS, tokenizer, folder), tokenizer


@pytest.mark.parametrize("packed", ["no", "whole", "cut"])
def test_rows_of_a_decoder_hold_every_token_once(packed: Packing, tmp_path: Path) -> None:
    store, tokenizer = _store(tmp_path)
    rows = rows_of(store, 32, packed=packed)
    pieces: dict[int, list[int]] = {}
    for number in range(len(rows)):
        row = rows[number]
        assert rows.lengths[number] == len(row.ids) == len(row.documents) == len(row.positions) <= 32
        for place, source in enumerate(row.sources):
            own = row.documents == place
            assert row.positions[own].tolist() == list(range(int(own.sum())))
            pieces.setdefault(source, []).append(number)
    framed = {
        source: [tokenizer.bos_token_id, *store[source].tolist(), tokenizer.eos_token_id]
        for source in range(len(store))
    }
    found: dict[int, list[int]] = {source: [] for source in framed}
    order = (
        sorted(range(len(rows)), key=lambda number: min(rows[number].sources)) if packed == "cut" else range(len(rows))
    )
    held: dict[int, list[list[int]]] = {}
    for number in order:
        row = rows[number]
        for place, source in enumerate(row.sources):
            held.setdefault(source, []).append(row.ids[row.documents == place].tolist())
    for source, parts in held.items():
        whole = sorted(parts, key=lambda part: framed[source].index(part[0]) if part[0] == 2 else 1)
        found[source] = sorted(token for part in whole for token in part)
    assert found == {source: sorted(ids) for source, ids in framed.items()}
    if packed == "cut":
        assert set(rows.lengths[:-1]) == {32}
        stream = [token for number in range(len(rows)) for token in rows[number].ids.tolist()]
        assert stream == [token for ids in framed.values() for token in ids]
    if packed == "whole":
        assert len(rows) < len(rows_of(store, 32))
        assert all(len(where) == 1 for source, where in pieces.items() if len(framed[source]) <= 32)


@pytest.mark.parametrize("packed", ["no", "whole"])
def test_rows_of_an_encoder_frame_every_piece(packed: Packing, tmp_path: Path) -> None:
    store, tokenizer = _store(tmp_path, "encoder")
    rows = rows_of(store, 20, packed=packed)
    bare = []
    for number in range(len(rows)):
        row = rows[number]
        for place in range(len(row.sources)):
            ids = row.ids[row.documents == place].tolist()
            assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
            bare += ids[1:-1]
    assert sorted(bare) == sorted(store.tokens.tolist())
    with pytest.raises(SpecError, match="stream"):
        rows_of(store, 20, packed="cut")
    assert sum(rows_of(store, 20, packed="cut", frame=Frame()).lengths) == len(store.tokens)


@given(st.lists(st.integers(1, 30), max_size=80))
def test_best_fit_keeps_within_the_row_and_wastes_little(sizes: list[int]) -> None:
    rows = best_fit(sizes, 30)
    assert sorted(place for row in rows for place in row) == list(range(len(sizes)))
    filled = [sum(sizes[place] for place in row) for row in rows]
    assert all(0 < total <= 30 for total in filled)
    assert len(rows) <= 11 / 9 * -(-sum(sizes) // 30) + 1 + sum(size > 15 for size in sizes)
    assert sum(total <= 15 for total in filled) <= 1


def _networks() -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    size: dict[str, Any] = {
        "vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "max_position_embeddings": 256, "initializer_range": 0.2,
    }  # fmt: skip
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(**size)).eval()
    bert = transformers.BertForMaskedLM(transformers.BertConfig(**size)).eval()
    return {"llama": llama, "bert": bert}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_a_packed_document_reads_as_it_does_alone(kind: str, attention: str, tmp_path: Path) -> None:
    import torch

    causal = kind == "llama"
    network = _networks()[kind]
    network.set_attn_implementation(attention)
    tokenizer = (BytePairs if causal else WordPiece)(size=400).trained(NOTES)
    rows = rows_of(stored(NOTES, tokenizer, tmp_path), 200, packed="whole")
    batch = [rows[0], rows[1], max((rows[n] for n in range(len(rows))), key=lambda row: len(row.sources))]
    with torch.inference_mode():
        packed = network(**packed_inputs(batch, tokenizer.pad_token_id, causal=causal)).logits
        assert torch.isfinite(packed).all()
        checked = 0
        for number, row in enumerate(batch):
            for place in range(len(row.sources)):
                at = np.flatnonzero(row.documents == place)
                alone = network(input_ids=torch.as_tensor(row.ids[at])[None]).logits[0]
                torch.testing.assert_close(packed[number, at], alone, atol=1e-5, rtol=1e-5)
                checked += 1
    assert checked > len(batch)


def test_positions_alone_leak_between_documents(tmp_path: Path) -> None:
    """The trap: with the default cache, or with an attention mask of ones, transformers lets a packed document read the
    one before it, without a word. With the explicit mask it does not."""
    import torch

    network = _networks()["llama"]
    tokenizer = BytePairs(size=400).trained(NOTES)
    rows = rows_of(stored(NOTES, tokenizer, tmp_path), 200, packed="whole")
    row = max((rows[n] for n in range(len(rows))), key=lambda one: len(one.sources))
    at = np.flatnonzero(row.documents == 1)
    given = {"input_ids": torch.as_tensor(row.ids)[None], "position_ids": torch.as_tensor(row.positions)[None]}
    with torch.inference_mode():
        alone = network(input_ids=torch.as_tensor(row.ids[at])[None]).logits[0]

        def off(**more: Any) -> float:
            return float((network(**{**given, **more}).logits[0, at] - alone).abs().max())

        ones = torch.ones_like(given["input_ids"])
        assert off() > 0.1
        assert off(attention_mask=ones) > 0.1
        assert off(attention_mask=ones, use_cache=False) > 0.1
        assert off(use_cache=False) < 1e-5
        assert off(attention_mask=block_mask(row.documents[None], causal=True)) < 1e-5


def test_a_gradient_of_one_document_reaches_no_other(tmp_path: Path) -> None:
    import torch

    network = _networks()["bert"]
    tokenizer = WordPiece(size=400).trained(NOTES)
    row = rows_of(stored(NOTES, tokenizer, tmp_path), 256, packed="whole")[0]
    held = packed_inputs([row], 0, causal=False)
    words = network.get_input_embeddings()(held.pop("input_ids")).detach().requires_grad_()
    network(inputs_embeds=words, **held).logits[0, torch.as_tensor(row.documents == 1)].square().sum().backward()
    touched = words.grad[0].abs().sum(-1) > 0
    assert touched.tolist() == (row.documents == 1).tolist()


def test_the_mask_and_padding() -> None:
    import torch

    mask = block_mask(np.array([[0, 0, 1, -1]]), causal=True, dtype=torch.float32)
    seen = (mask[0, 0] == 0).int().tolist()
    assert seen == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert (block_mask(np.array([[0, 0]]), causal=False) == 0).all()
    assert mask.shape == (1, 1, 4, 4)


def test_padding_fills_up_and_is_not_counted(tmp_path: Path) -> None:
    store, _ = _store(tmp_path)
    rows = rows_of(store, 32)
    held = padded([rows[0], rows[1]], 0)
    assert held.ids.shape == (2, 32)
    assert held.tokens == rows.lengths[0] + rows.lengths[1] == int((held.documents >= 0).sum())
    assert (held.ids[held.documents < 0] == 0).all()


def test_a_store_is_made_once_whole_and_for_its_corpus_and_tokenizer(tmp_path: Path) -> None:
    store, tokenizer = _store(tmp_path)
    assert store.tokens.dtype == np.uint16
    assert isinstance(store.tokens, np.memmap)
    assert store.ids() == [str(number) for number in range(8)]
    for number, text in enumerate(TEXTS.texts()):
        assert store[number].tolist() == tokenizer(text.text, add_special_tokens=False)["input_ids"]
    written = (store.folder / "tokens.npy").stat().st_mtime_ns
    assert (stored(TEXTS, tokenizer, tmp_path).folder / "tokens.npy").stat().st_mtime_ns == written
    other = stored(GivenTexts(given=("w1 w2", "", "w3")), tokenizer, tmp_path)
    assert other.folder != store.folder
    assert (len(other), other.ids()) == (2, ["0", "2"])
    wider = Words(kind="decoder", special=("<x>",)).trained(TEXTS)
    assert stored(TEXTS, wider, tmp_path).folder != store.folder
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")]


def test_a_broken_or_empty_store_is_told(tmp_path: Path) -> None:
    store, tokenizer = _store(tmp_path)
    with (store.folder / "tokens.npy").open("r+b") as opened:
        opened.seek(-2, 2)
        opened.write(b"\x01\x00")
    with pytest.raises(DataError, match="not those that were written"):
        stored(TEXTS, tokenizer, tmp_path)
    with pytest.raises(DataError, match="no document with a token"):
        stored(GivenTexts(given=("",)), tokenizer, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
