"""The arguments of ``osler knowledge``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Verb = Callable[[Any, str, str], argparse.ArgumentParser]
STEPS = ("add", "update", "supersede", "delete", "list", "show", "history", "search", "ground", "check")
CHUNKS = ("sentences", "sections", "window", "whole")


def steps(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """Add the steps of ``knowledge`` to its parser; ``verb`` makes the parser of one."""
    held = parser.add_subparsers(dest="step", metavar="|".join(STEPS), required=True)

    def step(name: str, words: str) -> argparse.ArgumentParser:
        made = verb(held, name, words)
        made.add_argument("store", type=Path, metavar="STORE", help="the folder of the knowledge store")
        return made

    add = step("add", "read files and folders into the store; the first use makes it, a second run adds nothing")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file or folder (.gz too)")
    add.add_argument("--id", default="", help="what the document is called; for a file that holds one")
    _facts(add)
    add.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help="which column of JSON lines, CSV or TSV holds a field",
    )

    update = step("update", "put a new version of a document into the store")
    update.add_argument("file", type=Path, metavar="FILE", help="a file that holds one document")
    update.add_argument("--id", required=True, help="the document that it is a new version of")
    _facts(update)

    supersede = step("supersede", "let another document take the place of one")
    supersede.add_argument("--id", required=True, metavar="OLD", help="the document that no longer holds")
    supersede.add_argument(
        "--with", dest="by_document", required=True, metavar="FILE_OR_ID", help="what holds from now on"
    )
    _facts(supersede)

    delete = step("delete", "remove a document for good: a tombstone stays, and what used it is listed")
    delete.add_argument("--id", required=True)
    delete.add_argument(
        "--runs",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="stores of studies (osler.sqlite) out of which answers that saw the document are removed, too",
    )
    _who(delete)

    listed = step("list", "the documents of the store: id, title, version, from when to when they hold, licence, size")
    listed.add_argument("--all", action="store_true", help="superseded and deleted ones, too")
    _moment(listed)

    show = step("show", "a document with all that is kept of it")
    show.add_argument("--id", default="", help="the document, or the id of a passage (ID/v2/120-310)")
    show.add_argument("--version", type=int, default=0, help="its version of this number")
    show.add_argument("--span", default="", metavar="START-END", help="only these characters")
    _moment(show)

    history = step("history", "every version of a document: when, by whom and why, and what used it")
    history.add_argument("--id", default="", help="the document (osler knowledge list shows the ids)")

    search = step("search", "find passages")
    search.add_argument("query")
    search.add_argument("-k", type=int, default=5, help="how many passages (default: 5)")
    search.add_argument(
        "--by", dest="method", choices=("bm25", "dense", "hybrid"), default="bm25", help="(default: bm25)"
    )
    search.add_argument(
        "--language", action="append", default=[], metavar="TAG", help="only documents in it (en, zh); repeat"
    )
    search.add_argument("--day", default="", help="the day on which documents must be valid (default: today)")
    search.add_argument("--chunk", choices=CHUNKS, default="sentences", help="what a passage is (default: sentences)")
    _moment(search)

    ground = step(
        "ground", "hold an answer against the store, claim by claim; 1 where one is contradicted or a citation invented"
    )
    ground.add_argument("answer", metavar="ANSWER_FILE", help='a text file, or "-" for standard input')
    ground.add_argument("-k", type=int, default=4, help="how many passages to look for with each claim (default: 4)")
    ground.add_argument("--day", default="", help="the day on which documents must be valid (default: today)")
    ground.add_argument(
        "--lexicon", type=Path, metavar="TABLE", help='names of drugs: a .tsv or .csv file with a column "drug"'
    )
    ground.add_argument("--out", type=Path, metavar="FOLDER", help="write the page and its JSON there")
    _moment(ground)

    check = step("check", "compute all checksums and the chain of changes again")
    check.add_argument("--head", default="", help="the hash that an earlier check gave: the chain must still hold it")


def _moment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-of", default="", metavar="DATE", help='as it was then: "2026-03-01", an instant, or "#12"'
    )


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--why", default="", help="the reason, kept in the history")
    parser.add_argument("--by", default="", metavar="NAME", help="who does it (default: the user of this machine)")


def _facts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", default="", help="where it is from, unless the file says so")
    parser.add_argument("--licence", default="", help="under which it may be used, unless the file says so")
    parser.add_argument("--language", default="", metavar="TAG", help="en, zh, ..., unless the file says so")
    parser.add_argument("--valid-from", default="", metavar="DAY", help="the first day on which it holds")
    parser.add_argument("--valid-to", default="", metavar="DAY", help="the first day on which it no longer holds")
    _who(parser)
