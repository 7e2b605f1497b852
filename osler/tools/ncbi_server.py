"""A small server that answers like NCBI's E-utilities and BLAST over a made-up gene database.

``python -m osler.tools.ncbi_server --port 0`` prints its address on one line; ``running`` starts and stops one beside
the caller. Give the address to ``Ncbi(base_url=...)``. It keeps to loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.errors import OslerError
from osler.tools.ncbi_genes import Gene, genes, request_id

if TYPE_CHECKING:
    from aiohttp import web


@dataclass
class Database:
    """What is served. looks: how often a BLAST result is still waited for. poison: text that each summary carries
    along, to try what a hostile record does. asked: path and arguments of every request."""

    known: Sequence[Gene] = field(default_factory=genes)
    looks: int = 0
    poison: str = ""
    asked: list[str] = field(default_factory=list)
    _looked: dict[str, int] = field(default_factory=dict)

    def search(self, db: str, term: str) -> dict[str, Any]:
        """Ids of the records that one of the words names, or all words of a disease."""
        wanted = term.partition("[")[0].replace(" human", "").strip().lower()
        found = [_uid(gene, db) for gene in self.known if wanted and wanted in _names(gene, db)]
        return {"header": {"type": "esearch"}, "esearchresult": {"count": str(len(found)), "idlist": found}}

    def summary(self, db: str, ids: Sequence[str]) -> dict[str, Any]:
        held = {_uid(gene, db): gene for gene in self.known}
        records = {uid: self._record(db, held[uid]) for uid in ids if uid in held}
        return {"header": {"type": "esummary"}, "result": {"uids": list(records), **records}}

    def _record(self, db: str, gene: Gene) -> dict[str, Any]:
        locus = f"chr{gene.chromosome}"
        if db == "omim":
            record: dict[str, Any] = {"uid": gene.omim, "title": f"{gene.disease.upper()}; {gene.symbol}"}
        elif db == "snp":
            inside = [{"name": gene.symbol, "gene_id": gene.uid}]
            record = {"uid": gene.snp, "genes": inside, "locus": locus, "chrpos": f"{gene.chromosome}:{gene.at}"}
        else:
            record = {"uid": gene.uid, "name": gene.symbol, "otheraliases": gene.alias, "maplocation": locus}
        return {**record, "comment": self.poison} if self.poison else record

    def aligned(self, rid: str) -> str | None:
        """The BLAST report of a request id; None where there is no such id."""
        gene = next((gene for gene in self.known if request_id(gene.sequence) == rid), None)
        if gene is None:
            return None
        self._looked[rid] = self._looked.get(rid, 0) + 1
        if self._looked[rid] <= self.looks:
            return "Status=WAITING\n"
        end = gene.at + len(gene.sequence) - 1
        return f"Status=READY\nSequences producing significant alignments:\nchr{gene.chromosome}:{gene.at}-{end}\n"


def _uid(gene: Gene, db: str) -> str:
    return {"omim": gene.omim, "snp": gene.snp}.get(db, gene.uid)


def _names(gene: Gene, db: str) -> tuple[str, ...]:
    if db == "omim":
        return (gene.disease.lower(), gene.symbol.lower())
    return (gene.snp, f"rs{gene.snp}") if db == "snp" else (gene.symbol.lower(), gene.alias.lower())


def application(database: Database) -> web.Application:
    """The aiohttp application over ``database``."""
    from aiohttp import web

    async def eutils(request: web.Request) -> web.Response:
        database.asked.append(request.path_qs)
        program, given = request.match_info["program"], request.query
        db = given.get("db", "")
        if db not in ("gene", "snp", "omim"):
            return web.Response(status=400, text='{"error":"Invalid db name specified"}')
        if program == "esearch.fcgi":
            found = database.search(db, given.get("term", ""))
        elif program in ("esummary.fcgi", "efetch.fcgi"):
            found = database.summary(db, given.get("id", "").split(","))
        else:
            return web.Response(status=404, text="no such program")
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    async def blast(request: web.Request) -> web.Response:
        database.asked.append(request.path_qs)
        given = request.query
        if given.get("CMD") == "Put":
            return web.Response(text=f"<!--QBlastInfoBegin\n    RID = {request_id(given.get('QUERY', ''))}\n-->")
        report = database.aligned(given.get("RID", ""))
        return web.Response(text="Status=UNKNOWN\n" if report is None else report)

    made = web.Application()
    made.router.add_get("/entrez/eutils/{program}", eutils)
    for path in ("/blast/Blast.cgi", "/Blast.cgi"):
        made.router.add_get(path, blast)
    return made


async def _started(database: Database, port: int) -> tuple[web.AppRunner, str]:
    from aiohttp import web

    runner = web.AppRunner(application(database), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@contextlib.contextmanager
def running(database: Database | None = None, *, port: int = 0) -> Iterator[str]:
    """Serve ``database`` from a thread of its own; the value is the address, the end of the block the server's end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ncbi-server", daemon=True)
    thread.start()
    try:
        starting = asyncio.run_coroutine_threadsafe(_started(database or Database(), port), loop)
        try:
            runner, where = starting.result(30)
        except OSError:
            raise OslerError(f"the gene server could not listen on port {port}", hint="use port 0") from None
        try:
            yield where
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _serve(port: int) -> None:
    _, where = await _started(Database(), port)
    print(where, flush=True)
    await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="osler.tools.ncbi_server", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args(arguments).port))


if __name__ == "__main__":
    main()
