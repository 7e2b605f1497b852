"""The tables of a knowledge store, version by version.

Text and what is derived from it stand in ``bodies`` and ``derived``, to which rows are only added: a deletion overwrites
them in place. Removing rows would let SQLite move neighbours about and leave copies of them in the gaps of its pages.
"""

from __future__ import annotations

APPLICATION = 0x4F534B53  # "OSKS", by which the file is known as ours

# Each entry brings a store one version further. Never edit one that was released: add the next.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE transactions (number INTEGER PRIMARY KEY, at INTEGER NOT NULL UNIQUE, by TEXT NOT NULL,
      hash TEXT NOT NULL);
    CREATE TABLE documents (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, deleted INTEGER NOT NULL);
    CREATE TABLE bodies (number INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents, text TEXT NOT NULL,
      about BLOB NOT NULL);
    CREATE INDEX bodies_document ON bodies (document);
    CREATE TABLE versions (document INTEGER NOT NULL REFERENCES documents, number INTEGER NOT NULL, action TEXT NOT NULL,
      tx INTEGER NOT NULL REFERENCES transactions, ends INTEGER, checksum TEXT NOT NULL, fingerprint TEXT NOT NULL,
      why TEXT NOT NULL, successor TEXT NOT NULL, body INTEGER, PRIMARY KEY (document, number)) WITHOUT ROWID;
    CREATE INDEX versions_tx ON versions (tx);
    CREATE TABLE makers (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE derived (number INTEGER PRIMARY KEY, maker INTEGER NOT NULL REFERENCES makers, key TEXT NOT NULL,
      document INTEGER NOT NULL REFERENCES documents, version INTEGER NOT NULL, content BLOB NOT NULL);
    CREATE UNIQUE INDEX derived_key ON derived (maker, key);
    CREATE INDEX derived_document ON derived (document);
    CREATE TABLE uses (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,
      at INTEGER NOT NULL, tx INTEGER NOT NULL);
    CREATE TABLE used (document INTEGER NOT NULL REFERENCES documents, number INTEGER NOT NULL REFERENCES uses,
      version INTEGER NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
    CREATE TABLE purges (tx INTEGER PRIMARY KEY);
    CREATE TRIGGER versions_kept BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER versions_fixed BEFORE UPDATE OF document, number, action, tx, checksum, fingerprint, why, successor
      ON versions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER transactions_kept BEFORE DELETE ON transactions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER transactions_fixed BEFORE UPDATE ON transactions WHEN OLD.hash != ''
      BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER documents_kept BEFORE DELETE ON documents BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    """,
)
