"""Tokenizers trained on texts: the same each time, saved and read back, whole texts back where that is promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.tokenizers.extension import extended, pieces_per_word, resize, word_pieces
from osler.tuning.tokenizers.pieces import BytePairs, WordPiece
from osler.tuning.tokenizers.special import tokenizer_hash
from osler.tuning.tokenizers.symbols import Characters, Smiles, Words

MOLECULES = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[C@H](N)C(=O)O.Cl",
    "[Na+].[O-]c1ccc(Br)cc1",
    "C/C=C\\C#N",
    "C%10CCCCC%10",
    "FC(F)(F)c1nn[nH]c1[13CH3]",
)
NOTES = CohortNotes(patients=30)


@pytest.mark.parametrize(
    "vocabulary",
    [
        WordPiece(size=700),
        WordPiece(size=600, lower=False, kind="decoder"),
        BytePairs(size=700),
        Words(size=300),
        Characters(),
    ],
    ids=lambda value: f"{type(value).__name__}-{value.kind}",
)
def test_the_same_texts_give_the_same_tokenizer_which_comes_back_from_its_folder(
    vocabulary: Any, tmp_path: Path
) -> None:
    import transformers

    made = vocabulary.trained(NOTES)
    assert len(made) <= (vocabulary.size or 10_000)
    assert tokenizer_hash(made) == tokenizer_hash(vocabulary.trained(text.text for text in NOTES.texts()))
    made.save_pretrained(tmp_path)
    back = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer_hash(back) == tokenizer_hash(made)
    text = "The patient has chest pain. \u00dcber 120/80 mmHg"
    assert back(text)["input_ids"] == made(text)["input_ids"]
    ids = made(text)["input_ids"]
    if vocabulary.kind == "encoder":
        assert (ids[0], ids[-1]) == (made.cls_token_id, made.sep_token_id)
        pair = made("a", "b")
        assert sorted(set(pair["token_type_ids"])) == [0, 1]
        assert pair["input_ids"].count(made.sep_token_id) == 2
        assert made.mask_token_id is not None
    else:
        assert ids[0] == made.bos_token_id
        assert made.eos_token_id not in ids
    assert [made.pad_token_id, made.unk_token_id] == [0, 1]


def test_another_process_makes_the_same_tokenizer() -> None:
    """The library's own trainer of word pieces gives another one in every run; ours must not."""
    code = (
        "from osler.tuning.corpora.cohort_notes import Invented\n"
        "from osler.tuning.tokenizers.pieces import WordPiece\n"
        "from osler.tuning.tokenizers.special import tokenizer_hash\n"
        "print(tokenizer_hash(WordPiece(size=400).trained(Invented())))"
    )
    found = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    here = tokenizer_hash(WordPiece(size=400).trained(Invented()))
    assert {run.stdout.strip() for run in found} == {here}


def test_byte_pairs_give_every_text_back() -> None:
    made = BytePairs(size=600).trained(NOTES)
    for text in ("caf\u00e9 \u6f22\u5b57 \U0001f600\n\t x  y", " leading", "1234567", "\x00"):
        ids = made(text, add_special_tokens=False)["input_ids"]
        assert made.unk_token_id not in ids
        assert made.decode(ids) == text
    assert len(made("2026", add_special_tokens=False)["input_ids"]) == 4


def test_word_pieces_of_known_words_join_to_the_text() -> None:
    made = WordPiece(size=2000).trained(NOTES)
    for text in NOTES.texts():
        ids = made(text.text, add_special_tokens=False)["input_ids"]
        assert made.unk_token_id not in ids
        assert "".join(made.convert_ids_to_tokens(ids)).replace("##", "") == "".join(text.text.lower().split())


def test_word_pieces_are_found_greedily_from_the_left() -> None:
    made = WordPiece(size=900).trained(NOTES)
    known = made.get_vocab()
    for word in ("hypertension", "metformin", "patienten"):
        rest = word
        expected: list[str] = []
        while rest:
            mark = "##" if expected else ""
            piece = next(rest[:end] for end in range(len(rest), 0, -1) if mark + rest[:end] in known)
            expected.append(mark + piece)
            rest = rest[len(piece) :]
        assert made.tokenize(word) == expected


def test_whole_words_are_the_frequent_ones() -> None:
    texts = ["[NAME] has fever , fever and 12.5 mg", "fever and rash"]
    made = Words(size=5 + 2).trained(texts)
    assert made.tokenize("fever and [NAME]") == ["fever", "and", "[UNK]"]
    whole = Words().trained(texts)
    assert len(whole) == 5 + len({"[name]", "has", "fever", ",", "and", "12", ".", "5", "mg", "rash"})
    assert whole.decode(whole("Fever and rash", add_special_tokens=False)["input_ids"]) == "fever and rash"
    assert whole.tokenize("[NAME] has") == ["[name]", "has"]


def test_characters_and_molecules_come_back() -> None:
    letters = Characters().trained(["MKV LA\n"])
    assert letters.decode(letters("LAM VK\n", add_special_tokens=False)["input_ids"]) == "LAM VK\n"
    made = Smiles().trained(MOLECULES)
    for text in MOLECULES:
        assert made.decode(made(text, add_special_tokens=False)["input_ids"]) == text
    assert made.tokenize("C[C@H](N)Cl") == ["C", "[C@H]", "(", "N", ")", "Cl"]
    assert made.tokenize("C%10Br") == ["C", "%10", "Br"]
    assert made.unk_token_id in made("C[Zr]C")["input_ids"]


def test_further_special_tokens_are_never_cut() -> None:
    made = BytePairs(size=400, special=("<|user|>", "<|assistant|>")).trained(["hello there"])
    assert made.tokenize("<|user|>hello")[0] == "<|user|>"
    assert len(made("<|assistant|>", add_special_tokens=False)["input_ids"]) == 1
    assert made.decode(made("<|user|>hello")["input_ids"], skip_special_tokens=True) == "hello"
    with pytest.raises(SpecError, match="different"):
        WordPiece(special=("[CLS]",))


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(DataError, match="no texts"):
        Words().trained([])
    with pytest.raises(DataError, match="no texts"):
        WordPiece().trained(iter(()))
    for make in (lambda: WordPiece(size=10), lambda: BytePairs(size=200), lambda: Words(size=3)):
        with pytest.raises(SpecError):
            make()


def test_added_words_are_whole_and_only_where_they_stand_alone() -> None:
    before = WordPiece(size=300).trained(Invented(diseases=5))
    wide = extended(before, ["Myocardial infarction", "ache", "the", "ache"])
    assert len(wide) == len(before) + 2 + ("the" not in before.get_vocab()) - ("ache" in before.get_vocab())
    assert wide.tokenize("acute MYOCARDIAL infarction .")[-2:] == ["myocardial infarction", "."]
    assert "ache" not in wide.tokenize("headaches")
    assert wide.tokenize("an ache")[-1] == "ache"
    assert "myocardial infarction" not in before.get_vocab()
    text = "brain disease and fever"
    assert wide.tokenize(text) == before.tokenize(text)
    with pytest.raises(SpecError):
        extended(before, ["[CLS]"])


@pytest.mark.parametrize("tied", [True, False])
def test_new_embeddings_are_the_mean_of_the_pieces(tied: bool) -> None:
    import torch

    from osler.tuning.networks.shapes import DecoderShape

    before = BytePairs(size=300).trained(Invented(diseases=5))
    network = DecoderShape(layers=1, hidden=16, heads=2, inner=32, tied=tied).network(
        len(before), 0, bos=2, eos=3, seed=0
    )
    old = network.get_input_embeddings().weight.detach().clone()
    head = network.get_output_embeddings().weight.detach().clone()
    wide = extended(before, ["aspirin", "heart failure"])
    assert resize(network, wide, before) == 2
    new, out = network.get_input_embeddings().weight, network.get_output_embeddings().weight
    assert new.shape == out.shape == (len(before) + 2, 16)
    assert (new is out) == tied
    torch.testing.assert_close(new[: len(before)], old)
    for word in ("aspirin", "heart failure"):
        pieces = before(word, add_special_tokens=False)["input_ids"]
        place = wide.get_vocab()[word]
        torch.testing.assert_close(new[place], old[pieces].mean(0))
        torch.testing.assert_close(out[place], head[pieces].mean(0))
    assert network.config.vocab_size == len(wide)
    assert resize(network, wide, wide) == 0


def test_pieces_per_word_counts_words_and_not_marks() -> None:
    made = WordPiece(size=300).trained(Invented(diseases=5))
    texts = ["the fever , 12 mg of x-ray", "...", "organ disease"]
    rows = word_pieces(made, texts)
    words = [["the", "fever", "mg", "of", "ray"], [], ["organ", "disease"]]
    assert rows[:, 1].tolist() == [5, 0, 2]
    assert rows[2, 0] == sum(len(made.tokenize(word)) for word in words[2])
    found = pieces_per_word(made, texts)
    assert (found.words, found.documents) == (7, 2)
    assert found.mean == pytest.approx(rows[:, 0].sum() / 7)
    assert found.low <= found.mean <= found.high
    with pytest.raises(DataError, match="no words"):
        pieces_per_word(made, ["1 2 3"])


def test_a_vocabulary_of_the_own_domain_shortens_its_texts() -> None:
    own, other = Invented(diseases=40), CohortNotes(patients=60)
    domain, general = WordPiece(size=600).trained(own), WordPiece(size=600).trained(other)
    held = Invented(diseases=40, wording=9, kind="notes")
    assert pieces_per_word(domain, held).high < pieces_per_word(general, held).low
