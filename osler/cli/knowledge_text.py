"""How ``osler knowledge`` prints for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from osler.cli.knowledge_adding import Added
from osler.cli.printing import console, safe, table_of
from osler.knowledge.citation import Span
from osler.knowledge.document import Version
from osler.knowledge.ingest.origin import Note
from osler.knowledge.store.chain import Verified
from osler.knowledge.store.erasure import Removed
from osler.knowledge.store.lineage import Use
from osler.knowledge.tokens import multilingual

MOST_CHANGED = 20
MOST_NOTES = 40
_WORD = re.compile(r"[^\W_]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> Text:
    """Text of a document as it stands, less what would steer the terminal."""
    return Text(_CONTROL.sub("\ufffd", text))


def notes(held: Sequence[Note]) -> None:
    for note in held[:MOST_NOTES]:
        word = "[red]not taken[/red]" if note.failed else "[yellow]note[/yellow]"
        hint = f" ({safe(note.hint)})" if note.hint else ""
        console.print(f"{word}: {safe(note.file)}: {safe(note.text)}{hint}", soft_wrap=True)
    if len(held) > MOST_NOTES:
        console.print(f"[yellow]note[/yellow]: {len(held) - MOST_NOTES:,} more; --json lists all")


def added(made: Added, store: Path) -> None:
    notes(made.notes)
    for id in made.look_at[:MOST_NOTES]:
        console.print(
            f"[yellow]look at[/yellow]: {safe(id)} holds text that seems to speak to a model; it is only ever shown as material",
            soft_wrap=True,
        )
    for id, before, after in made.changed[:MOST_CHANGED]:
        console.print(f"changed: {safe(id)}, version {before} -> {after}", soft_wrap=True)
    if len(made.changed) > MOST_CHANGED:
        console.print(f"changed: {len(made.changed) - MOST_CHANGED:,} more; --json lists all")
    failed = f", {made.failed:,} could not be taken" if made.failed else ""
    if not made.documents:
        console.print(f"Nothing was added{failed}.")
    elif made.left and not made.created and not made.updated:
        console.print(
            f"Nothing was changed: {made.unchanged:,} as they were, {len(made.left):,} left as they are{failed}."
        )
    elif not made.created and not made.updated:
        console.print(f"Nothing to do: {_count(made.unchanged)} there already, as in the files{failed}.")
    else:
        console.print(
            f"{made.created:,} new, {made.updated:,} changed, {made.unchanged:,} as they were{failed}; "
            f"the store {safe(str(store))} is at transaction {made.generation:,}"
        )


def changed(version: Version, held: Sequence[Note], *, new: bool) -> None:
    notes(held)
    if not new:
        console.print(f"Nothing to do: {safe(version.id)} stands so already, as version {version.number}.")
    elif version.superseded_by:
        console.print(
            f"{safe(version.id)} is superseded by {safe(version.superseded_by)}; search finds only that one now."
        )
    else:
        console.print(f"{safe(version.id)} is now version {version.number} (transaction {version.transaction:,})")


def removed(id: str, found: Removed | None, answers: Sequence[Mapping[str, Any]]) -> None:
    """What a deletion did; ``found`` is None where the document had been deleted before."""
    if found is None:
        console.print(f"{safe(id)} was deleted before; only the stores of studies were looked at.")
    else:
        console.print(f"{safe(id)} was deleted in transaction {found.transaction:,} by {safe(found.by or 'unknown')}.")
        console.print(
            f"Removed: {number(found.versions, 'version')} of its text, {number(found.vectors, 'vector')}, triples of "
            f"{number(found.passages, 'passage')}. What stays is a tombstone: id, versions, checksums, who, when and why.",
            soft_wrap=True,
        )
        if not found.scrubbed:
            console.print(
                "[yellow]note[/yellow]: another process is reading the store: the next change cleans its file"
            )
    for row in answers:
        if "error" in row:
            console.print(
                f"[red]not cleaned[/red]: {safe(str(row['store']))}: {safe(row['error'])}; run the same again for it",
                soft_wrap=True,
            )
            continue
        replies = f"{row['replies']:,} {'reply' if row['replies'] == 1 else 'replies'}"
        rest = (number(row[f"{noun}s"], noun) for noun in ("prediction", "score", "event"))
        counts = ", ".join([replies, *rest])
        console.print(f"From {safe(str(row['store']))} were removed: {counts}.", soft_wrap=True)
        if not row["scrubbed"]:
            console.print("[yellow]note[/yellow]: another process reads that store: run this again to clean its file")
    if found is not None:
        for use in found.uses:
            console.print(f"[yellow]to act on[/yellow]: {_use(use)}", soft_wrap=True)
        console.print(safe(found.note), soft_wrap=True)


def version(held: Version, span: Span | None, text: str | None) -> None:
    console.print(f"[bold]{safe(held.id)}[/bold] version {held.number} ({held.action}), recorded {held.recorded}"
                  f" in transaction {held.transaction:,} by {safe(held.by or 'unknown')}", soft_wrap=True)  # fmt: skip
    if held.why:
        console.print(f"why: {safe(held.why)}", soft_wrap=True)
    if held.superseded_by:
        console.print(f"[yellow]superseded by {safe(held.superseded_by)}[/yellow]")
    document = held.document
    if document is None:
        console.print(f"[red]deleted[/red]: its text is gone; checksum {held.checksum}")
        return
    rows = {
        "title": document.title,
        "source": document.source,
        "licence": document.licence or "unknown",
        "language": document.language,
        "valid": _valid(document.valid_from, document.valid_to),
        "text": _parts(document.marks, len(document.text)),
        "checksum": held.checksum,
    }
    for name, value in (rows | {str(key): str(item) for key, item in document.meta.items()}).items():
        if value:
            console.print(Text(f"{name}: ", style="bold") + shown(value), soft_wrap=True)
    if span is not None:
        console.print(f"[bold]characters {span.start:,} to {span.end:,}[/bold] ({safe(str(span))})")
    console.print()
    console.print(shown(document.text if text is None else text), soft_wrap=True)


def history(versions: Sequence[Version], uses: Sequence[Use]) -> None:
    table = table_of("version", "action", "recorded", "transaction", "by", "checksum", "why")
    for held in versions:
        said = f"by {held.superseded_by}; {held.why}".rstrip("; ") if held.superseded_by else held.why
        table.add_row(
            str(held.number),
            held.action,
            held.recorded,
            f"{held.transaction:,}",
            safe(held.by),
            held.checksum[:12],
            safe(said),
        )
    console.print(table)
    if versions[-1].action == "delete":
        console.print("Deleted: the texts are gone, what stands above is all that is kept.")
    for use in uses:
        console.print(f"used by {_use(use)}", soft_wrap=True)


def hits(found: Sequence[Mapping[str, Any]], query: str, note: str) -> None:
    """What was found. ``note``: what to know of the search, or why there is nothing."""
    if not found:
        console.print(f"Nothing was found: {safe(note)}.", soft_wrap=True)
        return
    for row in found:
        where = ", ".join(
            filter(
                None,
                (f"section {row['section']}" if row["section"] else "", f"page {row['page']}" if row["page"] else ""),
            )
        )
        title = row["title"] or row["document"]
        console.print(
            Text(f"{row['rank']}. ") + Text(" ".join(title.split()), style="bold") + Text(f"  {row['score']:.3f}"),
            soft_wrap=True,
        )
        console.print(Text(row["id"], style="cyan") + Text(f"  {where}" if where else ""), soft_wrap=True)
        console.print(_marked(row["text"], query))
        console.print(_terms(row), soft_wrap=True)
        console.print()
    if note:
        console.print(f"[yellow]note[/yellow]: {safe(note)}", soft_wrap=True)


def checked(found: Verified) -> None:
    if found.sound:
        console.print(
            f"Sound: {found.documents:,} documents and {found.transactions:,} transactions are as they were recorded."
        )
    else:
        console.print(
            f"[red]Not sound[/red] from transaction {found.transaction:,} on: {safe(found.fault)}", soft_wrap=True
        )
    console.print(
        f"head: {found.head}  (keep it elsewhere; --head shows later that nothing was rewritten)", soft_wrap=True
    )


def _terms(row: Mapping[str, Any]) -> Text:
    """Source, licence and how long it holds; what is amiss in yellow."""
    said = Text(f"source {row['source'] or 'unknown'}", style="dim")
    if row["licence"]:
        said += Text(f"; licence {row['licence']}", style="dim")
    else:
        said += Text("; ") + Text("licence unknown", style="yellow")
    if row["valid_to"]:
        said += Text("; ") + Text(f"valid until {row['valid_to']}", style="yellow")
    return said


def _marked(text: str, query: str) -> Text:
    """The passage with the words of the query set off."""
    wanted = set(multilingual(query))
    out = shown(text)
    for word in _WORD.finditer(out.plain):
        if wanted & set(multilingual(word[0])):
            out.stylize("bold green", *_within(word, wanted))
    return out


def _within(word: re.Match[str], wanted: set[str]) -> tuple[int, int]:
    """The whole word, or in a run of Chinese the stretch from the first to the last pair that was asked for."""
    if word[0].isascii():
        return word.span()
    places = [(word[0].find(term), len(term)) for term in wanted if term in word[0]]
    if not places:
        return word.span()
    return word.start() + min(places)[0], word.start() + max(place + size for place, size in places)


def _valid(first: str, end: str) -> str:
    return " ".join(filter(None, (f"from {first}" if first else "", f"until {end}" if end else "")))


def _parts(marks: Sequence[Any], characters: int) -> str:
    counts = Counter(mark.kind for mark in marks)
    return ", ".join([f"{characters:,} characters", *(f"{count:,} {kind}s" for kind, count in sorted(counts.items()))])


def _use(use: Use) -> str:
    detail = f" ({safe(use.detail)})" if use.detail else ""
    return f"{use.kind} {safe(use.name)}{detail}, version {use.version}, {use.recorded}"


def number(count: int, noun: str) -> str:
    """``0 versions``, ``1 version``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _count(number: int) -> str:
    return "the document is" if number == 1 else f"all {number:,} documents are"


def models(found: Mapping[str, Sequence[str]]) -> None:
    """Trained models that learnt from a deleted document: what they learnt cannot be taken out of them."""
    known = [key for how in ("learnt", "inherited", "looked") for key in found[how]]
    if known:
        print(f"{len(known)} trained models learnt from it, to be withdrawn or trained again: {', '.join(known)}")
    if found["unknown"]:
        print(f"{len(found['unknown'])} trained models keep no list of what they learnt from")
