CREATE TABLE inbox (
    number     INTEGER PRIMARY KEY,
    source     TEXT NOT NULL,
    id         TEXT NOT NULL,
    type       TEXT NOT NULL,
    state      TEXT NOT NULL,
    received   REAL NOT NULL,            -- seconds since 1970, as all times here
    due        REAL,                     -- its turn, or the end of its lease; infinite: once asked for; null: done with
    epoch      INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    crashes    INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL,
    processed  REAL,
    result     BLOB NOT NULL DEFAULT x'',
    key        TEXT NOT NULL,            -- which secret has matched
    ordering   TEXT NOT NULL,
    version    REAL NOT NULL,            -- -infinite: none
    nonce      TEXT NOT NULL,
    digest     BLOB NOT NULL,
    headers    BLOB NOT NULL,
    body       BLOB,                     -- null: no longer kept
    size       INTEGER NOT NULL,
    duplicates INTEGER NOT NULL DEFAULT 0,
    replays    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX inbox_id ON inbox (id, source);
CREATE UNIQUE INDEX inbox_nonce ON inbox (nonce, source) WHERE nonce <> '';
CREATE INDEX inbox_received ON inbox (source, received);
CREATE INDEX inbox_with_body ON inbox (source, received) WHERE body IS NOT NULL;
-- Counting needs nothing else.
CREATE INDEX inbox_open ON inbox (source, due, number, state, received) WHERE due IS NOT NULL;
CREATE INDEX inbox_in_order ON inbox (source, ordering, version, number, state, due)
    WHERE ordering <> '' AND due IS NOT NULL;
CREATE INDEX inbox_versions ON inbox (source, ordering, version)
    WHERE ordering <> '' AND state = 'processed';
