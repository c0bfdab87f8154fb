CREATE TABLE record_commands (
    module   TEXT NOT NULL,
    pk       TEXT NOT NULL,
    sk       TEXT NOT NULL,     -- without the version
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,     -- JSON
    status   TEXT NOT NULL,
    ttl      INTEGER,           -- seconds since 1970, as all times here; null: stays
    made     REAL NOT NULL,
    PRIMARY KEY (module, pk, sk, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_commands_ttl ON record_commands (ttl) WHERE ttl IS NOT NULL;
CREATE INDEX record_commands_made ON record_commands (module, made);

CREATE TABLE record_data (
    module   TEXT NOT NULL,
    pk       TEXT NOT NULL,
    sk       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,
    ttl      INTEGER,
    PRIMARY KEY (module, pk, sk)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_data_ttl ON record_data (ttl) WHERE ttl IS NOT NULL;

CREATE TABLE record_history (
    module   TEXT NOT NULL,
    pk       TEXT NOT NULL,
    sk       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,
    ttl      INTEGER,
    made     REAL NOT NULL,
    PRIMARY KEY (module, pk, sk, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_history_ttl ON record_history (ttl) WHERE ttl IS NOT NULL;
CREATE INDEX record_history_made ON record_history (module, made);

CREATE TABLE record_counters (
    pk TEXT NOT NULL,
    sk TEXT NOT NULL,
    no INTEGER NOT NULL,
    PRIMARY KEY (pk, sk)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_subscribers (
    module TEXT NOT NULL,
    name   TEXT NOT NULL,
    kind   TEXT NOT NULL,       -- hook, handler or status
    seen   REAL NOT NULL,       -- when it last said that it is there
    PRIMARY KEY (module, name, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_changes (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of the versions of a record
    subscriber TEXT NOT NULL,
    module     TEXT NOT NULL,
    pk         TEXT NOT NULL,
    sk         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    before     TEXT,
    after      TEXT NOT NULL,
    made       REAL NOT NULL,
    due        REAL NOT NULL,
    tries      INTEGER NOT NULL
) STRICT;

CREATE INDEX record_changes_in_order ON record_changes (subscriber, module, pk, sk, number);
CREATE INDEX record_changes_due ON record_changes (subscriber, due, number);
