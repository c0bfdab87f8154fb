CREATE TABLE webhook_applications (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    created REAL NOT NULL  -- seconds since 1970, as all times here
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_endpoints (
    id       TEXT NOT NULL PRIMARY KEY,
    app      TEXT NOT NULL,
    created  REAL NOT NULL,
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,     -- what it is, as JSON
    disabled TEXT NOT NULL,     -- why; '': it is not
    failing  REAL,              -- since when without a success
    failed   REAL,              -- the last time
    paused   REAL NOT NULL,     -- until when
    full     INTEGER NOT NULL   -- when its bucket is full again, in nanoseconds
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_endpoints_of_application ON webhook_endpoints (app, id);

CREATE TABLE webhook_messages (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    app      TEXT NOT NULL,
    type     TEXT NOT NULL,
    payload  BLOB NOT NULL,
    created  REAL NOT NULL,
    event    TEXT NOT NULL,
    channels TEXT NOT NULL      -- as JSON
) STRICT;

CREATE INDEX webhook_messages_of_application ON webhook_messages (app, number);
CREATE INDEX webhook_messages_created ON webhook_messages (created);

CREATE TABLE webhook_events (
    app     TEXT NOT NULL,
    event   TEXT NOT NULL,      -- what a repetition is known by
    message TEXT NOT NULL,      -- id
    digest  BLOB NOT NULL,
    since   REAL NOT NULL,
    PRIMARY KEY (app, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_events_since ON webhook_events (since);

CREATE TABLE webhook_deliveries (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,  -- none is given twice: it is what fences
    message  INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    state    TEXT NOT NULL,
    due      REAL,              -- null at rest; of what is being sent, the end of the lease
    epoch    INTEGER NOT NULL,
    tries    INTEGER NOT NULL,  -- attempts of this course
    attempts INTEGER NOT NULL,  -- of all
    UNIQUE (message, endpoint)
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, due, number)
    WHERE due IS NOT NULL;
CREATE INDEX webhook_deliveries_sending ON webhook_deliveries (endpoint, due)
    WHERE state = 'sending';
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint, number);

CREATE TABLE webhook_attempts (
    delivery INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    at       REAL NOT NULL,
    seconds  REAL NOT NULL,
    status   INTEGER NOT NULL,
    error    TEXT NOT NULL,
    address  TEXT NOT NULL,
    head     TEXT NOT NULL,     -- of the answer, as is its body
    body     BLOB NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
