CREATE TABLE idempotency (
    scope       TEXT NOT NULL,     -- whose key, and for which route
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    epoch       INTEGER NOT NULL,  -- of the claim that may finish it; grows
    lease       REAL NOT NULL,     -- second since 1970 until which that claim holds
    expires     REAL NOT NULL,     -- second since 1970
    done        INTEGER NOT NULL DEFAULT 0,
    status      INTEGER,           -- of the answer, null where it was too large to keep
    fields      BLOB,              -- JSON: [[name, value], …]
    body        BLOB,
    UNIQUE (scope, key)
) STRICT;

CREATE INDEX idempotency_expires ON idempotency (expires);
