CREATE TABLE catalog (
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    version  INTEGER NOT NULL,   -- counts from 1 for each kind and key
    time     REAL NOT NULL,      -- of the put, seconds since 1970
    document BLOB NOT NULL,      -- JSON object
    PRIMARY KEY (kind, key, version)
) STRICT, WITHOUT ROWID;
