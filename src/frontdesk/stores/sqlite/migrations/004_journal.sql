CREATE TABLE journal_owners (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,  -- none is given twice: it is what fences
    until REAL NOT NULL                       -- end of its lease, seconds since 1970
) STRICT;

CREATE TABLE journal_streams (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    digest  BLOB NOT NULL,
    started REAL NOT NULL,     -- seconds since 1970, as all times here
    status  TEXT NOT NULL,
    ended   REAL,
    seq     INTEGER NOT NULL,  -- how many events it has
    owner   INTEGER,           -- 0: whoever comes first when it is due; null: it waits for nobody
    due     REAL,              -- null: it is held, or waits for nothing
    head    BLOB NOT NULL,     -- JSON: [timers, outbox, last number of messages, of those taken]
    UNIQUE (kind, name)
) STRICT;

CREATE INDEX journal_due ON journal_streams (owner, due) WHERE owner IS NOT NULL;
CREATE INDEX journal_by_time ON journal_streams (kind, started);
CREATE INDEX journal_by_status ON journal_streams (status, kind, started);
CREATE INDEX journal_ended ON journal_streams (kind, ended) WHERE ended IS NOT NULL;

-- One row for each append that has events: that is what makes appends cheap.
CREATE TABLE journal_appends (
    stream   INTEGER NOT NULL,
    first    INTEGER NOT NULL,  -- number of the first of its events
    events   BLOB NOT NULL,     -- JSON: [event, …]
    commands BLOB,              -- JSON: {key: command, …}; the head knows which are not done
    PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

-- Apart from the stream: a row is written anew with each change, and this one may be large.
CREATE TABLE journal_snapshots (
    stream   INTEGER PRIMARY KEY,
    seq      INTEGER NOT NULL,  -- of the last event in it
    snapshot BLOB NOT NULL
) STRICT;

CREATE TABLE journal_messages (
    stream   INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;
