"""From texts to rows of tokens: documents with their words and sentences, those held out, rows, packing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from osler.core.block import digest
from osler.core.errors import DataError
from osler.tuning.corpora.corpus import Text
from osler.tuning.corpora.corpus_hash import corpus_hash
from osler.tuning.corpora.packing import best_fit
from osler.tuning.objectives.objective import (
    Document,
    Family,
    Ints,
    Objective,
    Row,
    Vocabulary,
    extra_tokens,
    single,
)
from osler.tuning.stage import Pairs

_SENTENCE = re.compile(r"(?:[.!?]['\")\]]*\s+|\n\s*)(?=\S)")  # where the next one begins: the end of the match
_AT_ONCE = 512  # texts tokenised together, which bounds what is held


def texts_of(data: Any, pairs: Pairs) -> Iterator[Text]:
    """The texts of a corpus; without one, the questions and materials of a study's training cases, never their answers."""
    if data is not None:
        yield from data.texts()
        return
    for prompt, _ in pairs:
        yield Text(prompt.id, "\n".join([*(one.text for one in prompt.evidence), prompt.question]), "training cases")


def texts_hash(data: Any, pairs: Pairs) -> str:
    """Hash of all texts that are learnt from. DataError where there are none."""
    if next(texts_of(data, pairs), None) is None:
        raise DataError("the corpus has no texts", hint="check its filters")
    if data is not None:
        return corpus_hash(data)
    return digest("".join(digest(one.text.encode("utf-8", "replace")) for one in texts_of(data, pairs)).encode())


def vocabulary_of(tokenizer: Any, family: Family, marks: Sequence[str] = ()) -> Vocabulary:
    """The ids that objectives need. A decoder's rows begin with a token only where its tokenizer puts one there."""
    begin, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    if family == "decoder":
        start = tokenizer("a")["input_ids"][:1]
        begin = tokenizer.bos_token_id if start == [tokenizer.bos_token_id] else None
        end = tokenizer.eos_token_id
    pad = tokenizer.pad_token_id
    return Vocabulary(
        size=len(tokenizer),
        pad=0 if pad is None else int(pad),  # masked everywhere, so any id will do
        begin=begin,
        end=end,
        mask=tokenizer.mask_token_id,
        special=frozenset(tokenizer.all_special_ids),
        marks={mark: int(tokenizer.convert_tokens_to_ids(mark)) for mark in marks},
    )


def documents_of(texts: Iterable[Text], tokenizer: Any) -> list[Document]:
    """The texts as tokens; those without any are left out."""
    made: list[Document] = []
    part: list[Text] = []
    for one in texts:
        part.append(one)
        if len(part) == _AT_ONCE:
            made += _tokenised(part, tokenizer)
            part = []
    return made + _tokenised(part, tokenizer)


def _tokenised(texts: Sequence[Text], tokenizer: Any) -> list[Document]:
    clean = [one.text.encode("utf-8", "replace").decode() for one in texts]
    found = tokenizer.backend_tokenizer.encode_batch(clean, add_special_tokens=False)
    made = []
    for one, text, encoding in zip(texts, clean, found, strict=True):
        if encoding.ids:
            starts = np.fromiter((span[0] for span in encoding.offsets), np.int64, len(encoding.ids))
            words = np.fromiter((-1 if word is None else word for word in encoding.word_ids), np.int64, len(starts))
            begins = [0, *(match.end() for match in _SENTENCE.finditer(text))]
            sentences = np.unique(np.searchsorted(starts, begins))
            kept = sentences[sentences < len(starts)]
            ids = np.asarray(encoding.ids, np.int64)
            made.append(Document(one.id, ids, words, kept, one.links, len(text.encode())))
    return made


def split(documents: Sequence[Document], share: float) -> tuple[list[Document], list[Document]]:
    """Those to learn from and those held out: the share with the lowest hashes of their tokens, so that equal texts fall
    on one side and another seed holds out the same."""
    if not share or len(documents) < 2:
        return list(documents), []
    rank = {at: digest(one.ids.tobytes(), size=8) for at, one in enumerate(documents)}
    bound = sorted(rank.values())[min(len(documents) - 1, max(1, round(share * len(documents)))) - 1]
    held = [one for at, one in enumerate(documents) if rank[at] <= bound]
    rest = [one for at, one in enumerate(documents) if rank[at] > bound]
    return (rest, held) if rest else (list(documents), [])


def rows_of(
    documents: Sequence[Document],
    objectives: Sequence[Objective],
    length: int,
    vocabulary: Vocabulary,
    *,
    seed: int,
    packed: bool,
) -> list[Row]:
    """The rows to learn from: as the objective that forms them does it, else documents cut to ``length``."""
    former = next((one for one in objectives if one.forms), None)
    if former is not None:
        return former.rows(documents, length, vocabulary, seed)
    marks = sum(len(one.marks) for one in objectives)
    cut = [row for one in documents for row in _cut(one, length - marks, vocabulary, objectives[0].family)]
    return pack(cut, length, marks) if packed else cut


def _cut(document: Document, length: int, vocabulary: Vocabulary, family: Family) -> Iterator[Row]:
    """Pieces of a document. Of a decoder's only the first begins and only the last ends as a text does."""
    room = max(1, length - extra_tokens(vocabulary))
    count = len(document.ids)
    for start in range(0, count, room):
        stop = min(count, start + room)
        frame = vocabulary
        if family == "decoder":
            frame = vocabulary._replace(
                begin=vocabulary.begin if start == 0 else None, end=vocabulary.end if stop == count else None
            )
        size = round(document.size * (stop - start) / count)
        yield single(document.ids[start:stop], document.words[start:stop], frame, size)


def pack(rows: Sequence[Row], length: int, marks: int = 0) -> list[Row]:
    """Rows of at most ``length`` tokens from shorter ones, each where it fits best; ``parts`` keeps them apart. ``marks``:
    tokens that an objective may add to each document."""
    return [_together([rows[at] for at in group]) for group in best_fit([len(row.ids) + marks for row in rows], length)]


def _together(rows: Sequence[Row]) -> Row:
    if len(rows) == 1:
        return rows[0]
    parts = np.repeat(np.arange(len(rows)), [len(row.ids) for row in rows])
    ids, types, words = (np.concatenate([getattr(row, name) for row in rows]) for name in ("ids", "types", "words"))
    return dataclasses.replace(
        rows[0], ids=ids, types=types, words=words, parts=parts, size=sum(row.size for row in rows)
    )


def positions_of(parts: Ints) -> Ints:
    """Places counted from 0 within each document of a row."""
    places = np.arange(len(parts))
    starts = np.r_[True, parts[1:] != parts[:-1]]
    return np.asarray(places - np.maximum.accumulate(np.where(starts, places, 0)), np.int64)
