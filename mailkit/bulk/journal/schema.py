"""The tables of a journal, and how those of older versions become these."""

import sqlite3

from mailkit.bulk.state import State

__all__ = ["APPLICATION", "VERSION", "create", "migrate"]

APPLICATION = 0x6D61696C  # "mail", in the file's header: another program's database is not taken for a journal
VERSION = 2

# The rows that are written for every message are narrow; what a recipient's message is made of lies beside them. The two
# partial indexes hold only who waits and who is under way, so that the millions who have it cost nothing.
_TABLES = f"""
CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    secret      BLOB NOT NULL,
    source      TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL DEFAULT '',
    is_loaded   INTEGER NOT NULL DEFAULT 0,
    loader      INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 0,
    checked     TEXT NOT NULL DEFAULT '',
    paused      TEXT NOT NULL DEFAULT '',
    created_at  REAL NOT NULL
);
CREATE TABLE recipient (
    id               INTEGER PRIMARY KEY,
    campaign         INTEGER NOT NULL REFERENCES campaign (id),
    key              TEXT NOT NULL,
    line             INTEGER NOT NULL,
    generation       INTEGER NOT NULL,
    state            TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ({", ".join(f"'{state}'" for state in State)})),
    worker           INTEGER NOT NULL DEFAULT 0,
    epoch            INTEGER NOT NULL DEFAULT 0,
    attempts         INTEGER NOT NULL DEFAULT 0,
    copies           INTEGER NOT NULL DEFAULT 0,
    first_attempt_at REAL NOT NULL DEFAULT 0,
    next_attempt_at  REAL NOT NULL DEFAULT 0,
    updated_at       REAL NOT NULL,
    code             INTEGER NOT NULL DEFAULT 0,
    enhanced         TEXT NOT NULL DEFAULT '',
    text             TEXT NOT NULL DEFAULT '',
    relay            TEXT NOT NULL DEFAULT '',
    queue_id         TEXT NOT NULL DEFAULT '',
    message_id       TEXT NOT NULL DEFAULT '',
    UNIQUE (campaign, key)
);
CREATE INDEX waiting ON recipient (campaign, next_attempt_at, id) WHERE state IN ('pending', 'deferred');
CREATE INDEX under_way ON recipient (worker) WHERE state IN ('claimed', 'dot');
CREATE TABLE content (
    recipient INTEGER PRIMARY KEY REFERENCES recipient (id),
    data      TEXT NOT NULL
);
CREATE TABLE bad_row (
    campaign  INTEGER NOT NULL REFERENCES campaign (id),
    line      INTEGER NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('invalid', 'duplicate')),
    problem   TEXT NOT NULL,
    PRIMARY KEY (campaign, line)
) WITHOUT ROWID;
CREATE TABLE worker (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign    INTEGER NOT NULL REFERENCES campaign (id),
    host        TEXT NOT NULL,
    process     INTEGER NOT NULL,
    began_at    REAL NOT NULL,
    lease_until REAL NOT NULL,
    ended_at    REAL
);
CREATE TABLE pace (
    scope      TEXT PRIMARY KEY,
    rate       REAL NOT NULL,
    usual      REAL NOT NULL,
    next_at    REAL NOT NULL,
    changed_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE quota (
    day   TEXT PRIMARY KEY,
    used  INTEGER NOT NULL
) WITHOUT ROWID;
"""


def create(db: sqlite3.Connection) -> None:
    """Make the tables of a new journal, within a transaction."""
    for statement in filter(str.strip, _TABLES.split(";\n")):
        db.execute(statement)


def migrate(db: sqlite3.Connection, version: int) -> bool:
    """Bring the tables of an older version up to this one, within a transaction. False when there is no way."""
    if version != 1:
        return False
    for name in ("campaign", "recipient", "bad_row"):
        db.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    db.execute("DROP INDEX recipient_by_state")
    create(db)
    for statement in filter(str.strip, _FROM_1.split(";\n")):
        db.execute(statement)
    return True


# Version 1 noted a claim, and nothing before the end of data: what was claimed may have been sent.
_FROM_1 = """
INSERT INTO campaign (id, name, secret, source, fingerprint, is_loaded, generation, created_at)
    SELECT id, name, secret, source, fingerprint, is_loaded, generation, unixepoch(created_at) FROM old_campaign;
INSERT INTO recipient (campaign, key, line, generation, state, epoch, attempts, updated_at, code, enhanced, text, relay,
                       queue_id, message_id, first_attempt_at)
    SELECT campaign, key, line, generation,
           CASE WHEN state IN ('claimed', 'dot', 'in doubt') THEN 'in_doubt' ELSE state END,
           epoch, attempts, unixepoch(updated_at), code, enhanced,
           CASE WHEN state IN ('claimed', 'dot') THEN 'the run was cut off while this message was on its way' ELSE text END,
           relay, queue_id, message_id, CASE WHEN attempts THEN unixepoch(updated_at) ELSE 0 END
    FROM old_recipient ORDER BY campaign, line;
INSERT INTO content (recipient, data)
    SELECT r.id, o.data FROM recipient r JOIN old_recipient o ON o.campaign = r.campaign AND o.key = r.key;
INSERT INTO bad_row SELECT campaign, line, kind, problem FROM old_bad_row;
DROP TABLE old_recipient;
DROP TABLE old_bad_row;
DROP TABLE old_campaign;
"""
