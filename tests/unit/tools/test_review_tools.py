"""Arguments, queries, addresses and molecules that mean harm to the server they are sent to."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import pytest

from osler.core.block import block
from osler.core.errors import ToolError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.prompting.tool_loop import ToolLog
from osler.tools.calling import use
from osler.tools.controlled_substances import ControlledCheck
from osler.tools.fhir_reader import FhirReader
from osler.tools.literature_search import LiteratureSearch
from osler.tools.molecule import molecule
from osler.tools.molecule_fingerprint import fingerprint
from osler.tools.ncbi import address
from osler.tools.sql_query import SqlQuery
from osler.tools.unit_conversion import UnitConversion
from osler.tools.units import convert

SEARCH = LiteratureSearch(index=BM25(collection=PassageList(items=(Passage(id="1", text="fever and cough"),))))


def ask(tool: Any, arguments: Any) -> str:
    return asyncio.run(use(tool, arguments))


@pytest.mark.parametrize("number", ["2.0", "1e30", "1.5", "true", '"2"', "[2]"])
def test_a_count_that_is_no_whole_number_is_refused_before_the_tool_falls_over_it(number: str) -> None:
    for tool, arguments in (
        (FhirReader(), '{"type": "Patient", "limit": %s}'),
        (FhirReader(), '{"type": "Patient", "offset": %s}'),
        (SEARCH, '{"query": "fever", "k": %s}'),
    ):
        with pytest.raises(ToolError, match=r"must be a whole number|maximum"):
            ask(tool, arguments % number)


def test_an_argument_that_stands_twice_is_refused() -> None:
    with pytest.raises(ToolError, match="'value' twice"):
        ask(UnitConversion(), '{"value": 1, "value": 2, "unit": "g", "to": "mg"}')
    assert ask(UnitConversion(), '{"value": 1, "unit": "g", "to": "mg"}') == '{"value":1000.0,"unit":"mg"}'


@pytest.mark.parametrize(
    "arguments",
    [
        {"value": "9" * 1_000_000, "unit": "g", "to": "mg"},
        {"value": 1, "unit": "g" * 1_000_000, "to": "mg"},
        {"value": 1, "unit": "kg." * 300_000 + "kg", "to": "mg"},
        {"value": 1, "unit": "g", "to": "mmol", "analyte": "x" * 1_000_000},
        {"value": 1, "unit": "g", "to": "mg", "x" * 1_000_000: 1},
        {"value": 10**400, "unit": "g", "to": "mg"},
        '{"value": 1, "unit": "g", "' + "x" * 1_000_000 + '": 1, "' + "x" * 1_000_000 + '": 2}',
        '{"value": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"value": NaN, "unit": "g", "to": "mg"}',
        '{"value": 1, "unit": "\\ud800", "to": "mg"}',
    ],
    ids=range(10),
)
def test_a_megabyte_is_refused_at_once_and_in_few_words(arguments: Any) -> None:
    started = time.monotonic()
    with pytest.raises(ToolError) as caught:
        ask(UnitConversion(), arguments)
    assert time.monotonic() - started < 2
    assert len(str(caught.value)) < 1_500


def test_units_that_records_write() -> None:
    assert convert(30, "cc/hr", "mL/h") == 30
    with pytest.raises(ToolError, match="may be mM or mm"):
        convert(1, "MM", "mmol/L")
    with pytest.raises(ToolError, match="at most 60 characters"):
        convert(1, "mg" * 40, "g")


def grown(n: int, letter: str = "a") -> str:
    """SQL for a text of at least ``n`` letters."""
    text, size = f"'{letter * 10}'", 10
    while size < n:
        text, size = f"replace({text},'{letter}','{letter * 10}')", size * 10
    return text


def test_trimming_one_long_text_of_another_is_done_in_a_moment() -> None:
    """SQLite's own function takes a minute at this size, in one step that nothing can stop."""
    started = time.monotonic()
    query = f"SELECT length(trim({grown(8_000)} || {grown(8_000)}, {grown(8_000, 'b')} || 'a'))"
    assert ask(SqlQuery(), {"query": query}) == '{"columns":["' + query[7:207] + '"],"rows":[[0]]}'
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("word", "text", "characters"),
    [("trim", "xxaxbxx", "x"), ("ltrim", "xyxa", "yx"), ("rtrim", "axyx", "xy"), ("trim", "ab", ""), ("trim", "", "a")],
)
def test_trimming_gives_what_sqlite_gives(word: str, text: str, characters: str) -> None:
    with sqlite3.connect(":memory:") as plain:
        (wanted,) = plain.execute(f"SELECT {word}(?, ?)", (text, characters)).fetchone()
    found = ask(
        SqlQuery(), {"query": f"SELECT {word}('{text}', '{characters}') AS x, {word}(NULL, 'a'), {word}(12, '1')"}
    )
    assert found.startswith('{"columns":["x"') and f'"rows":[["{wanted}",null,"' in found  # noqa: PT018
    plain.close()


def test_rows_larger_than_the_memory_are_never_held() -> None:
    """200 columns of 10,000 letters, a hundred rows: 200 MB if all were fetched before they are cut."""
    import resource

    query = f"SELECT {', '.join(['x'] * 200)} FROM (SELECT {grown(10_000)} || o.rowid AS x FROM observations o)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ToolError, match="one row is longer"):
        ask(SqlQuery(), {"query": query})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB


def test_what_a_query_sorts_on_disk_is_bounded() -> None:
    row = f"{grown(10_000)} || o.time || p.time || o.rowid || p.rowid"
    query = (
        f"SELECT max(substr(x, 1, 2)) FROM (SELECT {row} AS x FROM observations o, observations p) GROUP BY x LIMIT 1"
    )
    with pytest.raises(ToolError, match="took too long"):
        ask(SqlQuery(seconds=20.0), {"query": query})


def test_more_is_said_exactly_where_rows_are_left() -> None:
    for rows, more in ((99, False), (100, False), (101, True)):
        found = ask(SqlQuery(), {"query": f"SELECT 1 FROM observations LIMIT {rows}"})
        assert found.endswith('"more":true}') == more
        assert found.count("[1]") == min(rows, 100)


@pytest.mark.parametrize("query", ["CMD=Delete&CMD=Get", "cmd=Delete&CMD=Get", "CMD=Get&cmd=Put", "CMD=", "cmd=Get"])
def test_blast_takes_one_command_alone(query: str) -> None:
    with pytest.raises(ToolError, match="one CMD=Put or CMD=Get"):
        address(f"https://blast.ncbi.nlm.nih.gov/blast/Blast.cgi?{query}&RID=X")
    assert address("https://blast.ncbi.nlm.nih.gov/Blast.cgi?CMD=Get&RID=X")[2] == [("CMD", "Get"), ("RID", "X")]


@pytest.mark.parametrize(
    "url",
    [
        "https://eutils.ncbi.nlm.nih.gov@evil.example/entrez/eutils/esearch.fcgi",
        "https://eutils.ncbi.nlm.nih.gov:8080/entrez/eutils/esearch.fcgi",
        "https://eutils.ncbi.nlm.nih.gov./entrez/eutils/esearch.fcgi",
        "https://eutils.ncbi.nlm.nih.gov%2eevil.example/entrez/eutils/esearch.fcgi",
        "https://127.0.0.1/entrez/eutils/esearch.fcgi",
        "https://[::1]/entrez/eutils/esearch.fcgi",
        "https://[/entrez",
        "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/../../x/esearch.fcgi",
        "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi;x?db=1",
        "//eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi",
        "file:///etc/passwd",
        "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi?a=\r\nHost: x",
        "https:\\\\eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi",
    ],
)
def test_no_other_address_is_called(url: str) -> None:
    with pytest.raises(ToolError):
        address(url)


def net(n: int) -> str:
    """A SMILES in which every one of ``n`` silicon atoms is bound to every other one."""
    free, open_, text = list(range(99, 9, -1)), dict[tuple[int, int], int](), ""
    for i in range(n):
        text += "[Si]"
        for j in range(i):
            if (j, i) in open_:
                free.append(open_.pop((j, i)))
                text += f"%{free[-1]}"
        for j in range(i + 2, n):
            open_[i, j] = free.pop()
            text += f"%{open_[i, j]}"
    return text


def test_a_net_of_bonds_does_not_hold_the_server() -> None:
    started = time.monotonic()
    with pytest.raises(ToolError, match="more than 100000 paths"):
        fingerprint(net(16))
    assert time.monotonic() - started < 10
    assert fingerprint(net(5))


@pytest.mark.parametrize(
    "smiles",
    [
        "[H]C(C)(C)OP(C)(=O)F",
        "[2H]C([2H])([2H])C(C)OP(C)(=O)F",
        "CC(C)O[P+](C)([O-])F",
        "[H]C([H])([H])C(C)O[P+](C)([O-])F",
        "[13CH3]C(C)OP(C)(=O)F",
    ],
)
def test_a_controlled_substance_is_found_however_it_is_written(smiles: str) -> None:
    assert ask(ControlledCheck(), {"molecule": smiles}).startswith('{"allowed":false,"listed_as":"sarin"')


def test_hydrogens_that_stand_alone_stay() -> None:
    assert molecule("[H][H]").formula == "H2"
    assert molecule("[H]O[H]").formula == molecule("O").formula == "H2O"
    assert molecule("[H+].[Cl-]").formula == "ClH"
    assert molecule("[H]C([H])([H])[H]").skeleton((0,)) == molecule("C").skeleton((0,))
    assert molecule("CS(=O)C").counts == molecule("C[S+]([O-])C").counts


@block
class SlowOrBroken:
    """A tool that falls over at once, or waits and then notes that it was left to run."""

    breaks: bool = False

    @property
    def name(self) -> str:
        return "breaking" if self.breaks else "slow"

    @property
    def description(self) -> str:
        return "For this test."

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"type": "object"}

    async def use(self, arguments: Mapping[str, Any]) -> str:
        if self.breaks:
            raise ValueError("a fault of the tool")
        await asyncio.sleep(0.05)
        self.__dict__["ended"] = True
        return "done"


def test_a_tool_that_falls_over_leaves_no_call_of_its_turn_behind() -> None:
    slow = SlowOrBroken()
    log = ToolLog((slow, SlowOrBroken(breaks=True)), max_calls=4, max_chars=100)

    async def both() -> None:
        with pytest.raises(ValueError, match="a fault of the tool"):
            await log.together([("slow", "{}"), ("breaking", "{}")])
        assert slow.__dict__["ended"]

    asyncio.run(both())


def test_a_long_name_of_a_tool_is_told_in_few_words() -> None:
    log = ToolLog((SlowOrBroken(),), max_calls=4, max_chars=10_000)
    used = asyncio.run(log.call("x" * 1_000_000, "{}"))
    assert not used.ok
    assert len(used.result) < 300
