"""The tables of a store, version by version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

# Each entry brings a store one version further. Never edit one that was released: add the next.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE replies (key TEXT PRIMARY KEY, study TEXT NOT NULL, model TEXT NOT NULL, at REAL NOT NULL,
      request BLOB NOT NULL, reply BLOB NOT NULL, tokens INTEGER NOT NULL, cost_usd REAL NOT NULL);
    CREATE INDEX replies_study ON replies (study, tokens, cost_usd);
    CREATE TABLE runs (id TEXT PRIMARY KEY, study TEXT NOT NULL, at REAL NOT NULL, cell BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE predictions (run TEXT NOT NULL, example TEXT NOT NULL, attempt INTEGER NOT NULL, failed INTEGER
      NOT NULL, prediction BLOB NOT NULL, PRIMARY KEY (run, example, attempt));
    CREATE TABLE examples (dataset TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, example BLOB NOT NULL,
      PRIMARY KEY (dataset, id)) WITHOUT ROWID;
    CREATE TABLE scores (run TEXT NOT NULL, example TEXT NOT NULL, metric TEXT NOT NULL, by TEXT NOT NULL,
      value REAL, reason TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (run, example, metric, by, at)) WITHOUT ROWID;
    CREATE TABLE events (id INTEGER PRIMARY KEY, study TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
      data BLOB NOT NULL);
    CREATE INDEX events_study ON events (study, kind, id);
    CREATE TRIGGER replies_fixed BEFORE UPDATE ON replies BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER runs_fixed BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER runs_kept BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER predictions_fixed BEFORE UPDATE ON predictions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER predictions_kept BEFORE DELETE ON predictions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER scores_fixed BEFORE UPDATE ON scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER scores_kept BEFORE DELETE ON scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER events_fixed BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER events_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    """,
)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: executescript would commit behind our back."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
