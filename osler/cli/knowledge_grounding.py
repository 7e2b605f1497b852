"""``osler knowledge ground``: is an answer borne out by what a store holds? Claim by claim, with the exact spans."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from osler.cli.knowledge_text import shown
from osler.cli.out import emit
from osler.cli.printing import console, safe, table_of
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.evaluation.grounding.answer import check_answer
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.drug_names import DrugLexicon
from osler.evaluation.grounding.finding import Finding, Report, Share, with_outdated
from osler.knowledge.bm25 import BM25
from osler.knowledge.citation import Span
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.study.report.grounding_page import CITED, VERDICTS, look, write_page

_COLOURS = {"supported": "green", "contradicted": "red", "unsupported": "yellow", "citation": "yellow"}


def ground(arguments: argparse.Namespace) -> int:
    """Print the claims with what is found of them; 1 where one is contradicted or a citation is invented."""
    if arguments.k < 1:
        raise SpecError(f"-k must be at least 1, got {arguments.k}", hint="-k 4")
    answer = _read(arguments.answer)
    with KnowledgeStore(arguments.store) as store:  # a wrong folder or moment is told before anything is made
        store.generation(arguments.as_of)
        report = asyncio.run(_checked(answer, store, arguments))
    page = None
    if arguments.out is not None:
        page = write_page(report, arguments.out / "grounding.html", title="Is this answer grounded?")
    if arguments.json:
        emit(report.json())
    else:
        _print(report, page)
    return 1 if report.intrinsic.count or report.invented else 0


async def _checked(answer: str, store: KnowledgeStore, arguments: argparse.Namespace) -> Report:
    stored = Stored(path=str(arguments.store), as_of=arguments.as_of, day=arguments.day)
    lexicon = DrugLexicon(path=str(arguments.lexicon)) if arguments.lexicon else None
    index = BM25(collection=stored, tokens="multilingual", about=("title",))
    cited = Cited(store, arguments.as_of)
    report = await check_answer(
        answer, index, checker=ClaimChecker(lexicon=lexicon), k=arguments.k, opened=cited.opened
    )
    return with_outdated(report, cited.outdated)


class Cited:
    """What ids lead to in a store at a moment: characters of a version, or a whole document.

    Another version than the one that holds then bears nothing out: its id is kept in ``outdated``.
    """

    def __init__(self, store: KnowledgeStore, as_of: str) -> None:
        self._store, self._as_of = store, as_of
        self.outdated: set[str] = set()

    def opened(self, name: str) -> Passage | None:
        span = Span.maybe(name)
        try:
            version = self._store.read(span.document if span else name, as_of=self._as_of)
            if version.document is None:
                return None
            if span is None:
                return Passage(id=name, text=version.document.text)
            text = self._store.open_span(span)
        except DataError:  # never there, or deleted: the citation is invented, which is what is reported
            return None
        if span.version != version.number or version.superseded_by:
            self.outdated.add(name)
            return None
        return Passage(id=name, text=text)


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    file = Path(path)
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"there is no answer at {path}", hint='give a text file, or "-" for standard input') from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the answer at {path} cannot be read as text", hint="give a text file in UTF-8") from error


def _print(report: Report, page: Path | None) -> None:
    table = table_of("", "claim", "verdict", "why", "span")
    for column in table.columns:
        column.justify = "left"
    for number, item in enumerate(report.findings, 1):
        sign, word = VERDICTS[look(item)]
        table.add_row(
            str(number),
            shown(item.claim.text),
            f"[{_COLOURS[look(item)]}]{sign} {word}[/]",
            shown(_reason(item)),
            shown(item.evidence.span or item.evidence.passage if item.evidence else ""),
        )
    if report.findings:
        console.print(table)
    else:
        console.print("The answer makes no claim that a source could bear out.")
    for name, share in (
        ("supported", report.supported),
        ("intrinsic: contradicted by its source", report.intrinsic),
        ("extrinsic: cannot be verified", report.extrinsic),
    ):
        console.print(f"{name}: {_told(share)}", soft_wrap=True)
    if report.evasive:
        console.print(f"not judged (refusals and referrals): {len(report.evasive)}")
    if report.invented:
        console.print(f"[red]invented citations[/red]: {', '.join(map(safe, report.invented))}", soft_wrap=True)
    for number, item in enumerate(report.findings, 1):
        for old in (one.id for one in item.citations if one.status == "outdated"):
            console.print(
                f"[yellow]outdated citation[/yellow]: claim {number} cites {safe(old)}, which {CITED['outdated']}",
                soft_wrap=True,
            )
    if page is not None:
        console.print(f"page: {safe(str(page))}", soft_wrap=True)


def _reason(item: Finding) -> str:
    return item.reason if item.reason or item.verdict == "supported" else "no passage shown says this"


def _told(share: Share) -> str:
    low, high = share.ends
    return f"{share.count} of {share.of} claims" + (
        f" (95 % {100 * low:.0f} to {100 * high:.0f} %)" if share.of else ""
    )
