"""Passages of a knowledge store: exact, current, valid on the day, and changed in every index by the next search."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osler.core.block import block_id, from_spec, replace, to_spec
from osler.core.errors import DataError, SpecError
from osler.knowledge.bm25 import BM25
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.citation import Span
from osler.knowledge.document import Document, Mark
from osler.knowledge.passages import Described, Live
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored

LABEL = "Zelvarine is dosed at 40 mg daily. Take it with food. Do not crush it."


def document(name: str = "zelvarine", text: str = LABEL, **more: str) -> Document:
    return Document(id=name, text=text, **more)  # type: ignore[arg-type]


def opened(folder: Path) -> KnowledgeStore:
    return KnowledgeStore(folder / "store", create=True)


def stored(folder: Path, **more: object) -> Stored:
    return Stored(path=str(folder / "store"), chunk=Sentences(per=1), **more)  # type: ignore[arg-type]


def found(made: BM25, query: str, k: int = 100) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(made.search(query, k))]


def test_a_passage_is_an_exact_slice_and_its_id_opens_it(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(document(text="Fièvre: 糖尿病 … 𝟜𝟘 mg. 😀 Second sentence here.", title="A title"))
        made = stored(tmp_path)
        assert isinstance(made, Live)
        assert isinstance(made, Described)
        passages = made.passages()
        assert len(passages) >= 2
        for passage in passages:
            assert store.open_span(passage.id) == passage.text
            assert Span.read(passage.id).version == 1


def test_create_update_supersede_and_delete_are_seen_by_the_next_search(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(document())
        store.create(document("other", "Insulin lowers glucose."))
        made = BM25(collection=stored(tmp_path))
        assert found(made, "40 mg") == ["zelvarine/v1/0-34"]
        store.update(document(text=LABEL.replace("40", "20")))
        assert found(made, "40") == []
        assert found(made, "20 mg") == ["zelvarine/v2/0-34"]
        store.supersede("zelvarine", document("zelvarine-2027", "Zelvarine is dosed at 10 mg."))
        assert found(made, "zelvarine dosed") == ["zelvarine-2027/v1/0-28"]
        assert found(made, "glucose") == ["other/v1/0-23"]
        store.delete("zelvarine-2027", why="withdrawn")
        assert found(made, "zelvarine") == []
        with store.transaction():
            store.create(document("a", "Both come."))
            store.create(document("b", "Both come."))
        assert found(made, "both come") == ["a/v1/0-10", "b/v1/0-10"]


def test_the_past_is_what_it_was_save_for_what_was_deleted(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(document())
        store.create(document("other", "Insulin lowers glucose."))
        store.update(document(text=LABEL.replace("40", "20")))
        past, now = BM25(collection=stored(tmp_path, as_of="#2")), BM25(collection=stored(tmp_path))
        assert found(past, "dosed") == ["zelvarine/v1/0-34"]
        before = [passage.text for passage in past.collection.passages()]
        store.update(document("other", "Insulin lowers blood glucose."))
        assert [passage.text for passage in past.collection.passages()] == before
        assert found(past, "insulin") == ["other/v1/0-23"]
        assert found(now, "insulin") == ["other/v2/0-29"]
        store.delete("other", why="erasure")
        assert found(past, "insulin") == []
        assert found(stored_index(tmp_path, as_of="#2"), "insulin") == []
        assert past.collection.about("other/v1/0-23") == {}  # type: ignore[attr-defined]


def stored_index(folder: Path, **more: object) -> BM25:
    return BM25(collection=stored(folder, **more))


def test_only_what_is_valid_on_the_day_is_in_it(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(document("old", "Guideline of old.", valid_to="2026-01-01"))
        store.create(document("new", "Guideline of new.", valid_from="2026-01-01"))
        store.create(document("ever", "Guideline of ever."))
        for day, wanted in (("2025-12-31", {"old", "ever"}), ("2026-01-01", {"new", "ever"})):
            made = stored(tmp_path, day=day)
            assert {Span.read(passage.id).document for passage in made.passages()} == wanted
        assert block_id(stored(tmp_path, day="2025-12-31")) != block_id(stored(tmp_path))
        hashes = [stored(tmp_path, day=day).content_hash() for day in ("2024-05-01", "2024-05-02", "2026-05-02")]
        assert hashes[0] == hashes[1] != hashes[2]


def test_midnight_changes_it_without_a_write(tmp_path: Path) -> None:
    """A collection of yesterday is brought to the day of today as it would be when the clock strikes."""
    today = datetime.now(UTC).date()
    with opened(tmp_path) as store:
        store.create(document("ends", "This ends today.", valid_to=today.isoformat()))
        store.create(document("begins", "This begins today.", valid_from=today.isoformat()))
        made = stored(tmp_path, day=(today - timedelta(days=1)).isoformat())
        index = BM25(collection=made)
        assert found(index, "today") == ["ends/v1/0-16"]
        object.__setattr__(made, "day", today.isoformat())
        assert found(index, "today") == ["begins/v1/0-18"]
        assert [passage.id for passage in made.passages()] == ["begins/v1/0-18"]


def test_the_day_of_a_past_moment_is_its_own(tmp_path: Path) -> None:
    clock = [datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()]
    with KnowledgeStore(tmp_path / "store", create=True, clock=lambda: clock[0]) as store:
        store.create(document("spring", "Valid in spring.", valid_to="2026-06-01"))
        clock[0] = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
        store.create(document("summer", "Valid in summer."))
        for as_of in ("#1", "2026-03-01", "2026-03-01T23:00:00+00:00", "2026-03-02T00:30:00+01:00"):
            assert [passage.id for passage in stored(tmp_path, as_of=as_of).passages()] == ["spring/v1/0-16"]
        for as_of in ("#2", "2026-07-02", ""):
            assert [passage.id for passage in stored(tmp_path, as_of=as_of).passages()] == ["summer/v1/0-16"]
        assert stored(tmp_path, as_of="2026-02-01").passages() == ()


def test_languages_are_chosen_by_their_beginning(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for name in ("en", "zh", "zh-Hant", "zha"):
            store.create(document(name, "Some text.", language=name))
        chosen = stored(tmp_path, languages=("zh",)).passages()
        assert [Span.read(passage.id).document for passage in chosen] == ["zh", "zh-Hant"]


def test_what_is_known_of_a_passage(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        marks = (Mark(kind="section", label="Dosage", start=0, end=34), Mark(kind="page", label="7", start=0, end=70))
        made = Document(
            id="label",
            text=LABEL,
            title="Zelvarine",
            source="leaflet",
            marks=marks,
            meta={"kind": "drug", "version": 99},
        )
        store.create(made)
        told = stored(tmp_path).about("label/v1/0-34")
        wanted = {"document": "label", "version": 1, "title": "Zelvarine", "source": "leaflet", "language": "en"}
        assert {**told, **wanted, "section": "Dosage", "page": "7", "kind": "drug"} == told
        assert "section" not in stored(tmp_path).about("label/v1/35-53")
        for unknown in ("label/v2/0-34", "label/v1/0-999", "nobody/v1/0-3", "label", ""):
            assert stored(tmp_path).about(unknown) == {}
        titled = BM25(collection=stored(tmp_path), about=("title", "section"))
        assert found(titled, "dosage") == ["label/v1/0-34"]


def test_changes_are_told_from_any_generation_it_gave_and_from_no_other(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.create(document("a", "One."))
        made = stored(tmp_path)
        first = made.changes(0)
        assert [item.id for item in first.added] == ["a/v1/0-4"]
        store.create(document("b", "Two."))
        second = made.changes(first.generation)
        assert (second.removed, [item.id for item in second.added]) == ((), ["b/v1/0-4"])
        store.update(document("a", "Three."))
        store.delete("b", why="wrong")
        later = made.changes(first.generation)
        assert [item.id for item in later.added] == ["a/v2/0-6"]
        assert "a/v1/0-4" in later.removed
        assert made.changes(second.generation).removed == ("a/v1/0-4", "b/v1/0-4")
        assert made.changes(later.generation) == (later.generation, (), ())
        assert [item.id for item in made.changes(0).added] == ["a/v2/0-6"]
        with pytest.raises(DataError, match="not known here"):
            made.changes(1)


def test_wrong_settings_and_missing_stores_are_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="day cannot be"):
        stored(tmp_path, day="tomorrow")
    with pytest.raises(DataError, match="does not exist"):
        stored(tmp_path).passages()
    with opened(tmp_path) as store:
        assert stored(tmp_path).passages() == ()
        store.create(document())
        made = stored(tmp_path)
        assert from_spec(to_spec(made)) == made
        assert (
            len({block_id(made), block_id(replace(made, as_of="#1")), block_id(replace(made, chunk=Sentences()))}) == 3
        )
        held = made.content_hash()
        store.update(document(text=LABEL + " More."))
        assert made.content_hash() != held
        with pytest.raises(DataError):
            stored(tmp_path, as_of="#99").passages()


steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "delete", "supersede"]),
        st.sampled_from("abcd"),
        st.sampled_from(["Heart pumps. Blood flows.", "Liver makes bile.", "Blood is red. The heart beats. It rests."]),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_an_index_in_step_equals_one_made_anew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    with opened(folder) as store:
        made = stored_index(folder)
        for action, name, text in steps:
            try:
                if action == "delete":
                    store.delete(name, why="test")
                elif action == "supersede":
                    store.supersede(name, document(f"{name}x", text))
                else:
                    getattr(store, action)(document(name, text))
            except DataError:
                continue
            anew = asyncio.run(stored_index(folder).search("heart blood bile rests", 50))
            assert asyncio.run(made.search("heart blood bile rests", 50)) == anew
            assert sorted(item.id for item in made.collection.passages()) == sorted(item.id for item, _ in anew)


def test_answers_change_at_once_while_others_search(tmp_path: Path) -> None:
    """A writer changes a fact 50 times; no search that begins after a change was committed sees the value before."""
    told, done, broken = [0], threading.Event(), []
    with opened(tmp_path) as store:
        store.create(document(text="Zelvarine dose is number0 mg."))
        store.create(document("other", "Insulin dose is separate."))
        made = stored_index(tmp_path)

        def read() -> None:
            while not done.is_set():
                least = told[0]
                hits = asyncio.run(made.search("zelvarine dose", 5))
                texts = [passage.text for passage, _ in hits if passage.id.startswith("zelvarine/")]
                if len(texts) != 1 or int(texts[0].split("number")[1].split()[0]) < least or len(hits) != 2:
                    broken.append((least, texts))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(1, 51):
            store.update(document(text=f"Zelvarine dose is number{number} mg."))
            told[0] = number
        done.set()
        for reader in readers:
            reader.join()
        assert broken == []
        assert found(made, "number50") == ["zelvarine/v51/0-30"]
        assert found(made, "number49") == []
