"""The tables of the database that sql_query asks, as CREATE TABLE statements with their comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import ToolError, nearest
from osler.data.record_database import Database, RecordDatabase


@block
class SqlSchema:
    """Tables and columns of ``database``, with the number of rows; of one table, if it is named, also three rows."""

    database: Database = RecordDatabase()
    max_characters: int = 4000

    name: ClassVar[str] = "sql_schema"
    description: ClassVar[str] = (
        "Show the tables of the database as CREATE TABLE statements; one table with sample rows."
    )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {"table": {"type": "string", "description": "one table alone, with sample rows"}},
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        connection = self.database.connect()
        try:
            connection.execute("PRAGMA query_only = ON")
            found = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
            )
            tables: dict[str, str] = {name: sql or "" for name, sql in found if not name.startswith("sqlite_")}
            wanted = arguments.get("table")
            if wanted is not None and wanted not in tables:
                raise ToolError(f"there is no table {wanted[:60]!r}", hint=nearest(wanted, tables))
            out = []
            for name in tables if wanted is None else [wanted]:
                quoted = '"' + name.replace('"', '""') + '"'
                (rows,) = connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()
                out.append(f"{tables[name]}; -- {rows} rows")
                if wanted is not None:
                    out += [f"-- {row}" for row in connection.execute(f"SELECT * FROM {quoted} LIMIT 3")]
        finally:
            connection.close()
        text = "\n".join(out)
        return text if len(text) <= self.max_characters else text[: self.max_characters] + "\n-- cut: name one table"
