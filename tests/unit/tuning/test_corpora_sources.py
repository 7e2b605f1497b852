"""Sources of texts: files, the synthetic cohort, the invented medicine, and corpora that must be asked for."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.data.generated import invented_clinic
from osler.tuning.corpora.asked_for import CORPORA, RequestedTexts
from osler.tuning.corpora.cohort_notes import CohortNotes, Invented
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.corpus_hash import corpus_hash
from osler.tuning.corpora.given_texts import GivenTexts
from osler.tuning.corpora.kept_texts import written
from osler.tuning.corpora.mixture import Mixture
from osler.tuning.corpora.open_texts import PARTS, OpenTexts
from osler.tuning.corpora.text_files import TextFiles


def _lines(*rows: object) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_json_lines_give_their_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(
        gzip.compress(_lines({"id": 7, "body": "one", "links": ["8"]}, {"body": "two", "made": "a model"}) + b"\n")
    )
    assert list(TextFiles(path=str(file), field="body", source="s").texts()) == [
        Text("7", "one", "s", ("8",), ""),
        Text("a.jsonl.gz:2", "two", "s", (), "a model"),
    ]


def test_a_variable_in_the_path_is_replaced_and_an_unset_one_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.txt").write_text("first\nline\n\n\nsecond\n", encoding="utf-8-sig")
    monkeypatch.setenv("OSLER_TEST_TEXTS", str(tmp_path))
    monkeypatch.delenv("OSLER_NO_TEXTS", raising=False)
    whole = list(TextFiles(path="$OSLER_TEST_TEXTS/b.txt").texts())
    assert [(text.id, text.text) for text in whole] == [("b.txt", "first\nline\n\n\nsecond")]
    cut = list(TextFiles(path="${OSLER_TEST_TEXTS}/b.txt", paragraphs=True).texts())
    assert [(text.id, text.text) for text in cut] == [("b.txt:1", "first\nline"), ("b.txt:2", "second")]
    with pytest.raises(DataError, match="OSLER_NO_TEXTS, which is not set"):
        list(TextFiles(path="$OSLER_NO_TEXTS/b.txt").texts())


def test_a_folder_gives_its_files_in_order_and_tells_them_apart(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "y.jsonl").write_bytes(_lines({"id": "1", "text": "b"}))
    (tmp_path / "x.jsonl").write_bytes(_lines({"id": "1", "text": "a"}))
    (tmp_path / "image.png").write_bytes(b"\x89")
    assert [text.id for text in TextFiles(path=str(tmp_path)).texts()] == ["y:1", "x:1"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"{broken\n", "line 1 of a.jsonl is no JSON object"),
        ("a.jsonl", b'{"text": "x"}\n[1]\n', "line 2 of a.jsonl is no JSON object"),
        ("a.jsonl", b'{"txt": "x"}\n', "line 1 of a.jsonl has no text 'text'\nhint: did you mean 'txt'"),
        ("a.jsonl", b'{"text": "x", "links": "y"}\n', "is no list"),
        ("a.jsonl.gz", b"no gzip", "a.jsonl.gz cannot be read"),
        ("a.txt", b"\xff\xfe", "a.txt cannot be read"),
        ("a.pdf", b"x", "a suffix that is not known"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(TextFiles(path=str(tmp_path / name)).texts())
    assert said in str(caught.value)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not exist"):
        list(TextFiles(path=str(tmp_path / "no.txt")).texts())
    with pytest.raises(DataError, match="holds no texts"):
        list(TextFiles(path=str(tmp_path)).texts())


def test_cohort_notes_are_tagged_and_the_same_each_time() -> None:
    corpus = CohortNotes(patients=5, seed=3)
    found = list(corpus.texts())
    assert found == list(corpus.texts())
    assert len({text.id for text in found}) == 5
    assert all(text.made == "template" and len(text.text) > 100 for text in found)
    assert list(CohortNotes(patients=7, seed=3).texts())[:5] == found


@pytest.mark.parametrize("kind", ["abstracts", "notes", "masked_notes", "questions", "dialogues", "triples"])
def test_the_invented_medicine_tells_what_is_true_of_it(kind: str) -> None:
    corpus = from_spec({**to_spec(Invented(diseases=6, each=3)), "kind": kind})
    found = list(corpus.texts())
    clinic = {one.id: one for one in invented_clinic.clinic(6)}
    assert len(found) == 18 == len({text.id for text in found})
    assert found == list(corpus.texts())
    for text in found:
        one = clinic[text.id.partition("-")[0]]
        told = {one.name, one.drug}
        assert text.made == "template"
        assert any(word in text.text for word in told)
        assert ("[NAME]" in text.text) == (kind == "masked_notes")
    if kind == "abstracts":
        ids = {text.id for text in found}
        assert all(set(text.links) <= ids for text in found)
        assert any(text.links for text in found)
        other = list(Invented(diseases=6, each=3, wording=1).texts())
        assert all(a.text != b.text and sorted(a.text.split()) != [] for a, b in zip(found, other, strict=True))
    assert {text.id.partition("-")[0] for text in Invented(diseases=6, alone=("d2",)).texts()} == {"d2"}


def test_corpora_that_cannot_be_had_say_where_to_get_them(tmp_path: Path) -> None:
    for name in CORPORA:
        with pytest.raises(DataError) as caught:
            list(RequestedTexts(collection=name).texts())
        assert "no path is given" in str(caught.value)
        assert "Licence" in caught.value.hint
    (tmp_path / "n.jsonl").write_bytes(_lines({"id": "1", "text": "note"}))
    held = RequestedTexts(collection="mimic_iii_notes", path=str(tmp_path / "n.jsonl"))
    assert list(held.texts()) == [Text("1", "note", "mimic_iii_notes")]
    with pytest.raises(SpecError, match="pubmed_baseline"):
        RequestedTexts(collection="pubmed_base")


def test_open_texts_names_its_parts_and_needs_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="did you mean 'textbooks'"):
        OpenTexts(parts=("textbook",))
    with pytest.raises(SpecError, match="twice"):
        OpenTexts(parts=("plaba", "plaba"))
    monkeypatch.delenv("OSLER_DATA", raising=False)
    for name in PARTS:
        with pytest.raises(DataError, match="OSLER_DATA"):
            list(OpenTexts(parts=(name,)).texts())


def test_written_texts_come_back_and_give_the_same_bytes(tmp_path: Path) -> None:
    corpus = Mixture(parts=(Invented(diseases=4), GivenTexts(given=("a b", "c\nd" * 200), made="")))
    report = written(corpus, tmp_path / "a.jsonl.gz")
    back = TextFiles(path=str(tmp_path / "a.jsonl.gz"))
    assert list(back.texts()) == list(corpus.texts())
    assert report.texts == len(list(corpus.texts()))
    assert corpus_hash(back) == corpus_hash(corpus)
    written(corpus, tmp_path / "b.jsonl.gz")
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir() if file.name[0] == ".") == []
    assert orjson.loads((tmp_path / "a.jsonl.gz.report.json").read_bytes())["texts"] == report.texts


def test_the_hash_is_of_what_is_read_and_sees_a_changed_file(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(_lines({"id": "1", "text": "one"}))
    corpus = TextFiles(path=str(file))
    first = corpus_hash(corpus)
    assert corpus_hash(corpus) == first == corpus_hash(TextFiles(path=str(file), paragraphs=True))
    file.write_bytes(_lines({"id": "1", "text": "two!"}))
    assert corpus_hash(corpus) != first
    given = [GivenTexts(given=texts) for texts in (("ab", "c"), ("a", "bc"), ("abc",))]
    assert len({corpus_hash(one) for one in given}) == 3
    tags = [GivenTexts(), GivenTexts(made="m"), GivenTexts(source="s"), GivenTexts(links=(("x",),))]
    assert len({corpus_hash(one) for one in tags}) == 4
    assert all(isinstance(one, Corpus) for one in tags)
