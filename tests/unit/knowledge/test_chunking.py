"""Chunkers: every passage is a stretch of the source, none cuts a word, and together they hold the whole text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.knowledge.chunking.chunk import Chunk, Chunker
from osler.knowledge.chunking.sections import Sections
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.chunking.whole import Whole
from osler.knowledge.chunking.window import Window
from osler.knowledge.chunking.words import cut, words
from osler.knowledge.document import Document, Mark

PIECES = st.sampled_from(
    ["Aspirin", "0.5", "mg.", "Dr.", "e.g.", "the", "heart", "stops.", "Is", "it?", "\n", "\n\n", " ", "- ", "1. ", "(see", "Fig.",
     "2).", "糖尿病", "患者。", "每日", "0.5mg，", "“好！”", "x" * 30, ";", "and,", "\t", "\u3000", "é", "́", "blood.If", "…", "E.", "coli"]
)  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=60).map(" ".join) | st.lists(PIECES, min_size=1, max_size=60).map("".join)
CHUNKERS: tuple[Chunker, ...] = (
    Whole(), Sentences(), Sentences(per=1, most=20), Sentences(per=5, overlap=2, most=60), Sections(), Sections(most=25),
    Window(size=40, overlap=0), Window(size=50, overlap=20), Window(size=7, overlap=3, unit="words"),
)  # fmt: skip
EXHAUSTIVE: tuple[Chunker, ...] = (
    Whole(), Sentences(), Sentences(per=1, most=20), Sections(), Sections(most=25), Window(size=40, overlap=0),
    Window(size=4, overlap=0, unit="words"),
)  # fmt: skip


def document(text: str, *marks: tuple[str, str, int, int]) -> Document:
    held = tuple(Mark(kind=kind, label=label, start=start, end=end) for kind, label, start, end in marks)
    return Document(id="d", text=text, marks=held)


def texts(chunker: Chunker, text: str) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in chunker.chunks(document(text))]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("chunker", CHUNKERS, ids=repr)
@given(text=TEXTS.filter(str.strip))
def test_passages_are_stretches_in_order_that_cut_no_word(chunker: Chunker, text: str) -> None:
    found = chunker.chunks(document(text))
    assert found
    for chunk in found:
        passage = text[chunk.start : chunk.end]
        assert passage
        assert passage == passage.strip()
        for place in (chunk.start, chunk.end):
            inside = text[max(0, place - 1) : place + 1]
            assert not (len(inside) == 2 and inside.isascii() and inside.isalnum() and 0 < place < len(text)), inside
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(found))
    assert list(found) == list(chunker.chunks(document(text)))


@pytest.mark.parametrize("chunker", EXHAUSTIVE, ids=repr)
@given(text=TEXTS.filter(str.strip))
def test_without_overlap_they_hold_every_character_once(chunker: Chunker, text: str) -> None:
    assert squeezed("".join(texts(chunker, text))) == squeezed(text)


@given(text=TEXTS.filter(str.strip), most=st.integers(20, 80))
def test_no_passage_is_longer_than_allowed_unless_it_is_one_word(text: str, most: int) -> None:
    for chunker in (Sentences(per=4, overlap=1, most=most), Sections(most=most), Window(size=most, overlap=most // 4)):
        for passage in texts(chunker, text):
            assert len(passage) <= most or len(words(passage)) == 1


@given(text=TEXTS.filter(str.strip), size=st.integers(1, 12), overlap=st.integers(0, 11))
def test_windows_of_words_have_the_size_and_overlap_that_was_asked_for(text: str, size: int, overlap: int) -> None:
    if overlap >= size:
        return
    every = words(text)
    found = Window(size=size, overlap=overlap, unit="words").chunks(document(text))
    starts = {start: number for number, (start, _) in enumerate(every)}
    ends = {end: number for number, (_, end) in enumerate(every)}
    held = [(starts[chunk.start], ends[chunk.end]) for chunk in found]
    assert [last - first + 1 for first, last in held[:-1]] == [size] * (len(held) - 1)
    assert all(before[1] - after[0] + 1 == overlap for before, after in pairwise(held))
    assert held[-1][1] == len(every) - 1


def test_character_windows_overlap_by_whole_words() -> None:
    text = "one two three four five six seven"
    assert texts(Window(size=13, overlap=6), text) == ["one two three", "three four", "four five six", "six seven"]


def test_a_passage_knows_its_section_and_page() -> None:
    text = "Dosage\nForty mg. Once daily.\nWarnings\nNot in pregnancy. See a doctor."
    warnings = text.index("Warnings")
    held = document(
        text,
        ("section", "Dosage", 0, warnings),
        ("section", "Warnings", warnings, len(text)),
        ("page", "1", 0, text.index("See")),
        ("page", "2", text.index("See"), len(text)),
    )
    assert Sections().chunks(held) == [
        Chunk(0, warnings - 1, "Dosage", "1"),
        Chunk(warnings, len(text), "Warnings", "1-2"),
    ]
    assert [(chunk.section, chunk.page) for chunk in Sentences(per=2).chunks(held)] == [
        ("Dosage", "1"),
        ("Dosage", "1"),
        ("Warnings", "1"),
        ("Warnings", "2"),
    ]


def test_sentences_never_run_over_the_end_of_a_section() -> None:
    text = "Alpha is here. Beta is here. Gamma is here."
    end = text.index("Beta")
    held = document(text, ("section", "A", 0, end))
    assert [(c.section, text[c.start : c.end]) for c in Sentences(per=3).chunks(held)] == [
        ("A", "Alpha is here."),
        ("", "Beta is here. Gamma is here."),
    ]


def test_a_heading_alone_goes_with_what_follows() -> None:
    text = "Dosage\n\nChildren\nTen mg.\nWarnings"
    children, warnings = text.index("Children"), text.index("Warnings")
    held = document(
        text,
        ("section", "Dosage", 0, children),
        ("section", "Dosage > Children", children, warnings),
        ("section", "Warnings", warnings, len(text)),
    )
    assert [(c.section, text[c.start : c.end]) for c in Sections().chunks(held)] == [
        ("Dosage > Children", "Dosage\n\nChildren\nTen mg."),
        ("Warnings", "Warnings"),
    ]


def test_a_long_section_is_filled_sentence_by_sentence() -> None:
    text = "Alpha one. Beta two. Gamma three. Delta four."
    assert texts(Sections(most=25), text) == ["Alpha one. Beta two.", "Gamma three. Delta four."]


def test_sentences_overlap() -> None:
    text = "Alpha one. Beta two. Gamma three. Delta four."
    assert texts(Sentences(per=2, overlap=1), text) == [
        "Alpha one. Beta two.",
        "Beta two. Gamma three.",
        "Gamma three. Delta four.",
    ]


def test_a_long_sentence_is_cut_after_a_clause_in_its_second_half() -> None:
    text = "The patient was given aspirin, clopidogrel and heparin without any delay"
    assert [text[a:b] for a, b in cut(text, 0, len(text), 50)] == [
        "The patient was given aspirin,",
        "clopidogrel and heparin without any delay",
    ]
    assert next(text[a:b] for a, b in cut(text, 0, len(text), 40)) == "The patient was given aspirin,"


def test_chinese_is_cut_between_characters_and_keeps_its_marks() -> None:
    text = "糖尿病患者应每日服用二甲双胍，并定期检查血糖水平和肾功能状况。"
    assert texts(Window(size=15, overlap=0), text) == [
        "糖尿病患者应每日服用二甲双胍，",
        "并定期检查血糖水平和肾功能状",
        "况。",
    ]
    assert all(not passage.startswith(("，", "。")) for passage in texts(Window(size=5, overlap=0), text))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Sentences, {"per": 0}),
        (Sentences, {"per": 2, "overlap": 2}),
        (Sentences, {"most": 5}),
        (Sections, {"most": 1}),
        (Window, {"size": 0}),
        (Window, {"size": 10, "overlap": 10}),
        (Window, {"unit": "tokens"}),
    ],
)
def test_settings_that_cannot_be_are_refused(kind: type[object], fields: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        kind(**fields)


@pytest.mark.parametrize("chunker", CHUNKERS, ids=repr)
def test_chunkers_are_blocks(chunker: Chunker) -> None:
    assert from_spec(to_spec(chunker)) == chunker
    assert isinstance(chunker, Chunker)
